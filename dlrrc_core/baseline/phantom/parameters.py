"""The numbers of the simulator with their sources, read from ``physics.yaml`` beside this file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from dlrrc_core import strict_yaml

Phase = Literal["unenhanced", "corticomedullary", "nephrographic"]
PHASES: tuple[Phase, ...] = ("unenhanced", "corticomedullary", "nephrographic")
Share = Annotated[float, Field(ge=0, le=1)]
MeanAndSd = tuple[float, Annotated[float, Field(ge=0)]]
ByPhase = tuple[MeanAndSd, MeanAndSd, MeanAndSd]


class Numbers(BaseModel):
    """Common settings: unknown keys are errors, nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(Numbers):
    """One number."""

    value: float
    source: str


class Tissue(Numbers):
    """Mean and SD among patients of the HU of a tissue, for each phase."""

    hu: ByPhase
    source: str


class Subtype(Tissue):
    """A tumour: HU of its solid part, share of its enhancement that varies, and how often its features occur."""

    heterogeneity: Share
    necrosis: Share
    cysts: Share
    calcification: Share
    wheel: Share
    features_source: str


class Diameter(Numbers):
    """Log-normal distribution of the largest diameter, cut off at both ends, cm."""

    median: float
    log_sd: float
    low: float
    high: float
    source: str


class Clinical(Numbers):
    """Clinical variables of a subtype."""

    age: MeanAndSd
    male: Share
    haematuria: Share
    source: str


class Scanner(Numbers):
    """How a centre scans; see the comments of ``physics.yaml`` for the units."""

    kernel: str
    resolution: Annotated[float, Field(gt=0)]
    edge: Annotated[float, Field(ge=0)]
    noise: Annotated[float, Field(ge=0)]
    low_frequency: Annotated[float, Field(ge=0)]
    thickness: Annotated[float, Field(gt=0)]
    offset: float
    iodine: Annotated[float, Field(gt=0)]
    source: str


class Tumour(Numbers):
    """What is alike for all subtypes."""

    diameter_cm: Diameter


class Physics(Numbers):
    """Everything in ``physics.yaml``."""

    phases: tuple[Phase, Phase, Phase]
    correlation: Value
    tissues: dict[str, Tissue]
    subtypes: dict[str, Subtype]
    tumour: Tumour
    clinical: dict[str, Clinical]
    centres: dict[str, Scanner]


@cache
def physics() -> Physics:
    """Return the numbers of ``physics.yaml``."""
    text = files("dlrrc_core.baseline.phantom").joinpath("physics.yaml").read_text(encoding="utf-8")
    return strict_yaml.validate(strict_yaml.parse(text, "physics.yaml"), Physics)


def between(own: float, of_all: Sequence[float], effect: float) -> float:
    """Return a parameter of one class, moved towards the mean of all classes.

    Parameters
    ----------
    own : float
        Published (or assumed) value of the class.
    of_all : sequence of float
        The values of all classes of the cohort, in any order.
    effect : float
        0: the mean of all classes, the same for each; 1: the class's own value.

    Returns
    -------
    float
        ``mean + effect * (own - mean)``; exactly the mean at 0, whatever the order of the classes.
    """
    mean = math.fsum(of_all) / len(of_all)
    return mean + effect * (own - mean)


def scanner(centre: str, shift: float) -> Scanner:
    """Return the scanner of a centre, moved from the reference scanner A (``shift`` 0) to its own numbers (1)."""
    reference, own = physics().centres["A"], physics().centres[centre]
    numbers = {
        name: (1 - shift) * getattr(reference, name) + shift * getattr(own, name)
        for name in ("resolution", "edge", "noise", "low_frequency", "thickness", "offset", "iodine")
    }
    return own.model_copy(update=numbers)


def describe() -> pd.DataFrame:
    """Return every number of the simulator with its source, for the reader of a chapter.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``name``, ``quantity``, ``value`` (as text; "mean (SD)" where a value varies among patients), ``unit``, ``source``.
    """
    numbers, rows = physics(), []
    for group in ("tissues", "subtypes"):
        for name, tissue in getattr(numbers, group).items():
            rows += [
                (group, name, f"attenuation, {phase}", f"{mean:g} ({sd:g})", "HU", tissue.source)
                for phase, (mean, sd) in zip(PHASES, tissue.hu, strict=True)
            ]
    for name, subtype in numbers.subtypes.items():
        rows += [
            ("features", name, quantity, f"{getattr(subtype, quantity):g}", unit, subtype.features_source)
            for quantity, unit in (
                ("heterogeneity", "share of the enhancement"),
                *((feature, "share of patients") for feature in ("necrosis", "cysts", "calcification", "wheel")),
            )
        ]
    size = numbers.tumour.diameter_cm
    rows.append(
        ("tumour", "all", "diameter, median", f"{size.median:g} ({size.low:g} to {size.high:g})", "cm", size.source)
    )
    rows.append(
        ("tumour", "all", "correlation among phases", f"{numbers.correlation.value:g}", "", numbers.correlation.source)
    )
    for name, clinical in numbers.clinical.items():
        rows.append(("clinical", name, "age", f"{clinical.age[0]:g} ({clinical.age[1]:g})", "years", clinical.source))
        rows.append(("clinical", name, "male", f"{clinical.male:g}", "share of patients", clinical.source))
        rows.append(("clinical", name, "haematuria", f"{clinical.haematuria:g}", "share of patients", clinical.source))
    units = {"kernel": "", "resolution": "1/mm", "edge": "", "noise": "HU", "low_frequency": "1/mm"}
    units |= {"thickness": "mm", "offset": "HU", "iodine": "of 120 kV"}
    for name, own in numbers.centres.items():
        rows += [("centres", name, key, f"{getattr(own, key)}", unit, own.source) for key, unit in units.items()]
    return pd.DataFrame(rows, columns=["group", "name", "quantity", "value", "unit", "source"])
