"""What to simulate: the frozen settings of a cohort."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dlrrc_core.baseline.phantom.parameters import Phase, physics
from dlrrc_core.problems import UsageError, nearest

Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Stack = Literal["grey", "2.5d", "phases"]
Roi = Literal["slice", "kidney", "tumour"]


class Cohort(BaseModel):
    """Settings of simulated patients; patient number k depends on ``seed``, ``k`` and his class only, never on who else is drawn.

    Parameters
    ----------
    patients : int or sequence of int, default 40
        How many in all (the classes take turns), or how many of each class.
    classes : sequence of str, default ("chromophobe", "papillary")
        Subtypes, two or three of "chromophobe", "papillary", "clear cell"; their order gives the labels 0, 1, ...
    effect : float in [0, 1], default 1.0
        How much the image tells about the class. 0: nothing (every class is drawn from the mean of all classes); 1: the differences of
        ``physics.yaml``; between: linear interpolation of the parameters.
    clinical_effect : float in [0, 1], default 0.0
        The same for age, sex and haematuria. Tumour size never depends on the class.
    seed : int, default 0
        Seed of the world.
    first : int, default 1
        Number of the first patient. Cohorts of one seed whose numbers do not overlap are disjoint patients of the same world.
    size : int, default 256
        Height and width of a slice, pixels (16 to 1024).
    field : float, default 380.0
        Field of view of a whole slice, mm; fewer pixels are coarser pixels.
    slices_per_patient : int or None, default 16
        Evenly spaced slices through the tumour; None: every slice of the scanner's thickness through the tumour.
    phase : str, default "corticomedullary"
        "unenhanced", "corticomedullary" or "nephrographic"; the same patient and geometry in each.
    stack : str, default "grey"
        "grey": one channel; "2.5d": the slices before and after as first and third channel; "phases": the three phases.
    channels : int or None, default None
        Number of channels, 1 or 3; None: what ``stack`` gives. A grey slice can be repeated in three channels.
    window : (float, float), default (400, 40)
        Width and level in HU that become the grey values 0 to 255; zuo2021 prints 40 and 400, which only make sense this way round.
    roi : str, default "slice"
        "slice": the whole slice; "kidney": 160 mm around the diseased kidney; "tumour": the tumour's box with ``margin``, scaled to ``size``.
    margin : float in [0, 2], default 0.25
        Margin around the tumour on each side, as share of its diameter.
    centres : sequence of str, default ("A",)
        Where patients are scanned: names of ``physics.yaml``.
    centre_weights : sequence of float or None, default None
        Share of patients of each centre; None: equal.
    shift : float in [0, 1], default 1.0
        How much the centres' scanners differ: 0, all are A.
    confounding : float in [0, 1], default 0.0
        Probability that the class decides about the centre (class 0 to the first, class 1 to the second ...) instead of chance.

    Raises
    ------
    UsageError
        With all wrong values at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    patients: Count | tuple[Count, ...] = 40
    classes: tuple[str, ...] = ("chromophobe", "papillary")
    effect: Share = 1.0
    clinical_effect: Share = 0.0
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0
    first: Annotated[int, Field(strict=True, ge=1, le=90_000_000)] = 1
    size: Annotated[int, Field(strict=True, ge=16, le=1024)] = 256
    field: Annotated[float, Field(strict=True, ge=300, le=600)] = 380.0
    slices_per_patient: Annotated[int, Field(strict=True, ge=1, le=512)] | None = 16
    phase: Phase = "corticomedullary"
    stack: Stack = "grey"
    channels: Literal[1, 3] | None = None
    window: tuple[Annotated[float, Field(gt=0)], float] = (400.0, 40.0)
    roi: Roi = "slice"
    margin: Annotated[float, Field(strict=True, ge=0, le=2)] = 0.25
    centres: tuple[str, ...] = ("A",)
    centre_weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    shift: Share = 1.0
    confounding: Share = 0.0

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise UsageError(_explained(error)) from None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse settings that do not fit together."""
        found = [
            *_names(self.classes, tuple(physics().subtypes), "classes", 2),
            *_names(self.centres, tuple(physics().centres), "centres", 1),
        ]
        if isinstance(self.patients, tuple) and len(self.patients) != len(self.classes):
            found.append(
                f"patients has {len(self.patients)} numbers for {len(self.classes)} classes; allowed: one number for each"
            )
        weights = self.centre_weights
        if weights is not None and (len(weights) != len(self.centres) or sum(weights) == 0):
            found.append(
                f"centre_weights is {weights}; allowed: one number for each of the {len(self.centres)} centres, not all 0"
            )
        if self.channels == 1 and self.stack != "grey":
            found.append(f"channels is 1 with stack '{self.stack}'; allowed: 3")
        if found:
            raise ValueError("; ".join(found))
        return self

    def changed(self, **values: Any) -> Cohort:
        """Return these settings with some replaced, checked anew."""
        return Cohort(**{name: getattr(self, name) for name in type(self).model_fields} | values)

    @property
    def total(self) -> int:
        """Return the number of patients."""
        return self.patients if isinstance(self.patients, int) else sum(self.patients)

    @property
    def numbers(self) -> range:
        """Return the patients' numbers."""
        return range(self.first, self.first + self.total)

    @property
    def depth(self) -> int:
        """Return the number of channels of a slice."""
        return self.channels or (1 if self.stack == "grey" else 3)

    def labels(self) -> npt.NDArray[np.int64]:
        """Return the class of each patient, shape (total,): in turn, or spread evenly where there is a number for each class."""
        if isinstance(self.patients, int):
            return (np.arange(self.first - 1, self.first - 1 + self.patients) % len(self.classes)).astype(np.int64)
        places = np.concatenate([(np.arange(count) + 0.5) / count for count in self.patients])
        owners = np.repeat(np.arange(len(self.patients)), self.patients)
        return owners[np.lexsort((owners, places))].astype(np.int64)


def _names(values: tuple[str, ...], allowed: tuple[str, ...], what: str, least: int) -> list[str]:
    """Return what is wrong with a list of names."""
    found = []
    for value in values:
        if value not in allowed:
            hint = nearest(value, allowed)
            found.append(f"{what} has '{value}'; allowed: {', '.join(allowed)}" + (f"; {hint}" if hint else ""))
    if len(set(values)) != len(values) or len(values) < least:
        found.append(f"{what} is {values}; allowed: at least {least}, each once")
    return found


def _explained(error: ValidationError) -> str:
    """Return all errors of pydantic in one message."""
    messages: dict[str, None] = {}  # each once, in order
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            hint = nearest(name, Cohort.model_fields)
            text = f"unknown setting '{name}'; allowed: {', '.join(Cohort.model_fields)}" + (
                f"; {hint}" if hint else ""
            )
        elif name:
            text = f"{name} is {detail['input']!r}; allowed: {detail['msg'].removeprefix('Input should be ')}"
        else:
            text = detail["msg"].removeprefix("Value error, ")
        messages[text] = None
    return "; ".join(messages)
