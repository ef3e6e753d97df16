"""The public cohorts: what they hold, and the recipe on them where their images lie on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from dlrrc_core.baseline.experiments import recipe
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.images import public

SHOWN = ("patient", "class", "phase", "instances", "size_mb", "link", "manufacturer", "licence", "ct_series", "masks")


class Parameters(recipe.Parameters):
    """Parameters of the real cohort, beside those of the recipe.

    Attributes
    ----------
    data : str, default ""
        Folder of a cohort that ``dlrrc cohort build`` made; empty: only the index is read and nothing is trained.
    train, valid : float, default 0.7 and 0.1
        Shares; the rest is the test set.
    cohorts : tuple of str, default ("tcga-kirp", "tcga-kich", "c4kc-kits")
        Cohorts of ``data/baseline/cohorts.yaml``.
    """

    data: str = ""
    train: float = Field(0.7, gt=0, lt=1)
    valid: float = Field(0.1, gt=0, lt=1)
    cohorts: tuple[str, ...] = Field(("tcga-kirp", "tcga-kich", "c4kc-kits"), min_length=1)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job for the index, and one per seed when there are images."""
    return [{"seed": 0}, *({"seed": seed} for seed in parameters.seeds if parameters.data)]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Read the index (seed 0), or train and test once."""
    if job["seed"]:
        asked = {name: value for name, value in parameters.model_dump().items() if name != "cohorts"}
        return recipe.work(recipe.Parameters(**asked), job, folder)
    held = [{"cohort": name, **public.counts(name)} for name in parameters.cohorts]
    patients = [
        {"cohort": name, **{column: row[column] for column in SHOWN}}
        for name in parameters.cohorts
        for row in public.patients(name).to_dict("records")
    ]
    return Outcome({"holdings": held, "patients": patients}, facts={"index_version": public.index_version()})
