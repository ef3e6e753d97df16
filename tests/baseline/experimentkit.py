"""An experiment that costs nothing, for the tests of the grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.experiments.grid import Parameters as Base


class Parameters(Base):
    """One number, and the seed at which a job breaks."""

    factor: int = 2
    breaks_at: int | None = None
    data: str = ""


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Multiply, and leave traces."""
    (folder / "checkpoint.pt").write_bytes(b"large")
    with (folder.parent / "calls.txt").open("a") as calls:
        calls.write(f"{job['seed']}\n")
    if job["seed"] == parameters.breaks_at:
        raise RuntimeError("the power went off")
    rows = [{"value": parameters.factor * job["seed"]}]
    return Outcome({"rows": rows}, {"picture": b"\x89PNG"}, {"note": "done"})
