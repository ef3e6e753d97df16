"""Stored runs of the baseline: what was asked, what was run where, and the tables that the chapters read. Needs no torch.

``data/baseline/experiments/<id>.yaml`` says what an experiment asks, which tables it makes and how it is scaled;
``data/baseline/runs/<id>-<scale>/`` holds ``run.json`` and one CSV file per table, pictures as PNG.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
from pydantic import Field, ValidationError

from dlrrc_core import strict_yaml
from dlrrc_core.files import write as write_file
from dlrrc_core.problems import DataError, Problem, UsageError, one_of, relative
from dlrrc_core.records import Record

Scale = Literal["full", "reduced", "tiny"]
SCALES: tuple[Scale, ...] = get_args(Scale)  # best first
RUNS = "data/baseline/runs"
EXPERIMENTS = "data/baseline/experiments"


class Experiment(Record):
    """``data/baseline/experiments/<id>.yaml``.

    ``tables`` gives for each table its columns with their meaning, ``pictures`` the meaning of each picture, ``scales`` the
    parameters of the notebook that differ from its defaults.
    """

    id: str
    title: str
    question: str
    tables: dict[str, dict[str, str]]
    pictures: dict[str, str] = Field(default_factory=dict)
    scales: dict[Scale, dict[str, Any]]


class Run(Record):
    """``run.json``: where the numbers of a run come from."""

    experiment: str
    scale: Scale
    date: str
    commit: str | None
    changed: bool | None  # whether the checkout differed from that commit
    device: str
    hardware: dict[str, Any]
    software: dict[str, Any]
    parameters: dict[str, Any]
    seconds: float  # of all jobs together; several may have run side by side
    files: dict[str, str]  # name and SHA-256
    facts: dict[str, Any] = Field(default_factory=dict)
    corrections: list[str] = Field(default_factory=list)  # what was changed by hand since, and why


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run as it was read.

    Attributes
    ----------
    about : Experiment
    record : Run
    tables : dict of str to pandas.DataFrame
        One per table of the experiment.
    folder : Path
    """

    about: Experiment
    record: Run
    tables: dict[str, pd.DataFrame]
    folder: Path

    @property
    def name(self) -> str:
        """Id of the run."""
        return self.folder.name


def experiments(root: Path) -> dict[str, Experiment]:
    """Return every experiment by id.

    Raises
    ------
    DataError
        When a file is broken or its id is not its name.
    """
    found = {}
    for path in sorted((root / EXPERIMENTS).glob("*.yaml")):
        document = strict_yaml.load(path, root)
        about = strict_yaml.validate(document, Experiment)
        if about.id != path.stem:
            raise DataError([document.problem(("id",), f"id is '{about.id}'", f"'{path.stem}' (name of the file)")])
        found[about.id] = about
    return found


def experiment(root: Path, name: str) -> Experiment:
    """Return one experiment, or raise a UsageError that names the others."""
    known = experiments(root)
    return known[one_of(name, known, "experiment")]


def save(
    root: Path,
    about: Experiment,
    provenance: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    pictures: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a run; an older one of the same experiment and scale is replaced.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    about : Experiment
        What was asked.
    provenance : mapping
        Fields of :class:`Run` except ``experiment`` and ``files``.
    tables : mapping of str to pandas.DataFrame
        Exactly the tables and columns that the experiment declares.
    pictures : mapping of str to bytes, optional
        PNG files by name, exactly those that the experiment declares.

    Returns
    -------
    Path
        Folder of the run. ``run.json`` is written last: a run that was cut off is no run.

    Raises
    ------
    UsageError
        When tables, columns or pictures differ from the declaration.
    """
    if wrong := _undeclared(about, tables, pictures or {}):
        raise UsageError("; ".join(wrong))
    content = {
        f"{name}.csv": table[list(about.tables[name])]
        .to_csv(index=False, lineterminator="\n", float_format="%.6g")
        .encode()
        for name, table in tables.items()
    } | {f"{name}.png": picture for name, picture in (pictures or {}).items()}
    record = Run(
        experiment=about.id,
        files={name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())},
        **provenance,
    )
    folder = root / RUNS / f"{about.id}-{record.scale}"
    (folder / "run.json").unlink(missing_ok=True)
    for name, data in content.items():
        write_file(folder / name, data)
    write_file(folder / "run.json", (json.dumps(record.model_dump(), indent=1, allow_nan=False) + "\n").encode())
    return folder


def read(root: Path, name: str, about: Experiment | None = None) -> StoredRun:
    """Return a stored run.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    name : str
        Id of the run, ``<experiment>-<scale>``.
    about : Experiment, optional
        What was asked; by default as declared below ``root``.

    Raises
    ------
    UsageError
        When there is no such run.
    DataError
        With every problem: a broken ``run.json``, a missing file, one that changed since the run, other columns than declared.
    """
    folder = root / RUNS / one_of(name, [path.parent.name for path in _records(root)], "run")
    try:
        record = Run.model_validate_json((folder / "run.json").read_bytes())
    except ValidationError as error:
        found = [
            _problem(root, folder / "run.json", f"{'.'.join(map(str, each['loc']))}: {each['msg']}")
            for each in error.errors()
        ]
        raise DataError(found) from error
    problems, tables = [], {}
    if folder.name != f"{record.experiment}-{record.scale}":
        raise DataError(
            [
                _problem(
                    root,
                    folder / "run.json",
                    f"experiment {record.experiment} and scale {record.scale} in another folder",
                )
            ]
        )
    about = about or experiment(root, record.experiment)
    for file, digest in record.files.items():
        path = folder / file
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != digest:
            problems.append(_problem(root, path, "missing, or not the file that the run wrote"))
        elif path.suffix == ".csv":
            try:
                tables[path.stem] = pd.read_csv(io.BytesIO(data), keep_default_na=True)
            except ValueError as error:  # pandas' and Unicode errors are ValueErrors
                problems.append(_problem(root, path, f"no table: {error}"))
    pictures = {Path(file).stem: b"" for file in record.files if file.endswith(".png")}
    problems += [_problem(root, folder, what) for what in ([] if problems else _undeclared(about, tables, pictures))]
    if problems:
        raise DataError(problems)
    return StoredRun(about, record, tables, folder)


def best(root: Path, name: str) -> StoredRun | None:
    """Return the largest stored run of an experiment (full before reduced before tiny), or None when none is stored."""
    about = experiment(root, name)
    for scale in SCALES:
        if (root / RUNS / f"{about.id}-{scale}" / "run.json").is_file():
            return read(root, f"{about.id}-{scale}")
    return None


def runs(root: Path) -> list[StoredRun]:
    """Return all stored runs by name."""
    return [read(root, path.parent.name) for path in _records(root)]


def _records(root: Path) -> list[Path]:
    """Return the records of all stored runs."""
    return sorted(path for path in (root / RUNS).glob("*/run.json") if path.is_file())


def _undeclared(about: Experiment, tables: Mapping[str, pd.DataFrame], pictures: Mapping[str, bytes]) -> list[str]:
    """Return how tables and pictures differ from what the experiment declares."""
    found = []
    for what, has, wanted in (
        ("tables", set(tables), set(about.tables)),
        ("pictures", set(pictures), set(about.pictures)),
    ):
        if has != wanted:
            found.append(
                f"the {what} of {about.id} are {', '.join(sorted(has)) or 'none'}; allowed: {', '.join(sorted(wanted)) or 'none'}"
            )
    for name in set(tables) & set(about.tables):
        has, wanted = set(tables[name].columns), set(about.tables[name])
        if has != wanted:
            found.append(
                f"table {name} of {about.id} differs in the columns {', '.join(sorted(has ^ wanted))}; allowed: {', '.join(about.tables[name])}"
            )
    return found


def _problem(root: Path, path: Path, found: str) -> Problem:
    """Return a problem of a stored file."""
    fix = "run the experiment again (dlrrc baseline run), or take the folder back from git"
    return Problem(relative(path, root), 0, 0, found, "what the run wrote", fix)
