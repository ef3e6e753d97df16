"""What the stored runs say: one module per experiment with ``statistics(run)``, plain values for a chapter. Needs no torch."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from dlrrc_core.baseline import store
from dlrrc_core.baseline.store import StoredRun
from dlrrc_core.problems import UsageError


def find(root: Path, experiment: str, run: str = "best") -> tuple[StoredRun, dict[str, Any]]:
    """Return a stored run and every number of its chapter.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    experiment : str
        Id of the experiment.
    run : str, default "best"
        Id of a run of it, or ``best``: the largest scale that is stored.

    Returns
    -------
    (StoredRun, dict)
        The dictionary has ``run``, where the numbers come from, and what ``statistics`` of the experiment's module gives.

    Raises
    ------
    UsageError
        When nothing is stored, or the run is of another experiment.
    DataError
        When the stored files are broken.
    """
    stored = store.best(root, experiment) if run == "best" else store.read(root, run)
    if stored is None:
        raise UsageError(f"no run of {experiment} is stored; run it: dlrrc baseline run {experiment} --scale reduced")
    if stored.record.experiment != experiment:
        raise UsageError(f"the run '{run}' is of {stored.record.experiment}; allowed: a run of {experiment}")
    module = import_module(f"dlrrc_core.baseline.findings.{experiment.replace('-', '_')}")
    return stored, {"run": provenance(stored), **module.statistics(stored)}


def provenance(stored: StoredRun) -> dict[str, Any]:
    """Return where the numbers of a run come from, as plain values."""
    record = stored.record
    shown = (
        "experiment",
        "scale",
        "date",
        "commit",
        "changed",
        "device",
        "hardware",
        "software",
        "parameters",
        "seconds",
    )
    return {"id": stored.name, **{name: getattr(record, name) for name in shown}}
