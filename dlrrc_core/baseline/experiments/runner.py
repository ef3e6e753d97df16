"""From the parameters of a notebook to a stored run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from dlrrc_core.baseline import store
from dlrrc_core.baseline.experiments.grid import Parameters, outcomes
from dlrrc_core.baseline.store import StoredRun
from dlrrc_core.baseline.training.runrecord import hardware, software
from dlrrc_core.baseline.training.settings import explained
from dlrrc_core.git_output import git
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.repository import find_root

WORK = "_build/dlrrc/baseline"


def run(
    name: str, scale: str, asked: Mapping[str, Any], processes: int | None = None, into: Path | str | None = None
) -> StoredRun:
    """Run an experiment and store it.

    Parameters
    ----------
    name : str
        Id of the experiment.
    scale : str
        ``full``, ``reduced`` or ``tiny``; names the run. What the scale means stands in ``asked``.
    asked : mapping of str to value
        Parameters, by name, of the experiment's module.
    processes : int, optional
        Jobs at the same time.
    into : Path or str, optional
        Root below which the run is stored; by default the checkout.

    Returns
    -------
    StoredRun
        As it was stored.

    Raises
    ------
    UsageError
        When experiment, scale or a parameter is not allowed (all parameters at once), or a job says so.
    """
    root = find_root()
    about = store.experiment(root, name)
    one_of(scale, store.SCALES, "scale")
    module = module_of(name)
    parameters = checked(module.Parameters, asked)
    home = _writable(Path(into) if into else root)
    commit, changed = _version(root)
    tables: dict[str, list[dict[str, Any]]] = {table: [] for table in about.tables}
    pictures: dict[str, bytes] = {}
    facts: dict[str, Any] = {"jobs": []}
    jobs = module.jobs(parameters)
    for job, outcome in outcomes(module.__name__, parameters, jobs, root / WORK / f"{name}-{scale}", processes):
        for table, rows in outcome.tables.items():
            tables.setdefault(table, []).extend({**job, **row} for row in rows)
        pictures |= outcome.pictures
        facts["jobs"].append({**job, **outcome.facts})
    provenance = {
        "scale": scale,
        "date": date.today().isoformat(),
        "commit": commit,
        "changed": changed,
        "device": parameters.device,
        "hardware": hardware(parameters.device),
        "software": software(),
        "parameters": parameters.model_dump(mode="json"),
        "seconds": round(sum(each["seconds"] for each in facts["jobs"]), 1),
        "facts": facts,
    }
    frames = {
        table: pd.DataFrame(rows, columns=None if rows else list(about.tables[table])) for table, rows in tables.items()
    }
    folder = store.save(home, about, provenance, frames, pictures)
    return store.read(home, folder.name, about)


def from_notebook(name: str, names: Mapping[str, Any]) -> StoredRun:
    """Run an experiment with the parameters of its notebook and store it.

    Parameters
    ----------
    name : str
        Id of the experiment.
    names : mapping of str to value
        Every name of the notebook, ``globals()``; those are taken that the experiment's ``Parameters`` or :func:`run` know.

    Returns
    -------
    StoredRun
        As it was stored.

    Raises
    ------
    UsageError
        As :func:`run`.
    """
    known = module_of(name).Parameters.model_fields
    asked = {each: names[each] for each in known if each in names}
    return run(name, names["scale"], asked, names["processes"], names["into"])


def module_of(name: str) -> Any:
    """Return the module of an experiment that is known."""
    return import_module(f"dlrrc_core.baseline.experiments.{name.replace('-', '_')}")


def checked(model: type[Parameters], asked: Mapping[str, Any]) -> Parameters:
    """Return the parameters of an experiment, or raise one UsageError with every wrong one."""
    try:
        return model(**asked)
    except ValidationError as error:
        raise UsageError("; ".join(explained(model, error))) from error


def _writable(home: Path) -> Path:
    """Return a root below which a run can be stored; refuse it before hours of work."""
    there = next(path for path in (home, *home.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UsageError(
            f"a run cannot be stored in {home}: {there} is no folder that can be written; allowed: one that can"
        )
    return home


def _version(root: Path) -> tuple[str | None, bool | None]:
    """Return the commit of the checkout and whether files differ from it; None without git."""
    try:
        commit = git(root, "rev-parse", "HEAD", missing="no git").decode().strip()
        return commit, bool(git(root, "status", "--porcelain", "-uno", missing="no git").strip())
    except UsageError:
        return None, None
