"""The simulator shown: pictures, HU that was set beside HU that is measured, and how alike the slices of a patient are."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from PIL import Image
from pydantic import Field
from sklearn.metrics.pairwise import euclidean_distances

from dlrrc_core.baseline import cases, phantom
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.experiments.grid import Parameters as Base
from dlrrc_core.baseline.phantom.measure import tissue_means
from dlrrc_core.baseline.rates import Estimate
from dlrrc_core.baseline.roc import roc_auc
from dlrrc_core.baseline.slices import Slices

SUBTYPES = ("chromophobe", "papillary", "clear cell")
SCANNERS = ("A", "B", "C", "D")
DEALT = 2000  # times that the classes are dealt to the patients by chance
WHITE = 255  # largest grey value
Picture = tuple[str, npt.NDArray[Any]]


class Parameters(Base):
    """Parameters of the simulator's chapter.

    Attributes
    ----------
    size : int, default 256
        Pixels of the pictures and of the volumes that are measured.
    patients : int, default 60
        Patients that are measured.
    likeness_size, likeness_patients : int, default 256 and 200
        Pixels and patients of the comparison of slices.
    seed : int, default 1
    """

    size: int = Field(256, ge=32, le=1024)
    patients: int = Field(60, ge=3)
    likeness_size: int = Field(256, ge=16, le=1024)
    likeness_patients: int = Field(200, ge=4)
    seed: int = 1


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job each for pictures and means, and one per effect for the comparison."""
    return [
        {"part": "pictures"},
        {"part": "means"},
        {"part": "likeness", "effect": 0.0},
        {"part": "likeness", "effect": 1.0},
    ]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Draw, measure or compare."""
    if job["part"] == "pictures":
        physics = [dict(row) for row in phantom.describe().to_dict("records")]
        return Outcome({"physics": physics}, pictures=pictures(parameters))
    if job["part"] == "means":
        return Outcome({"means": means(parameters)})
    return Outcome({"likeness": [likeness(parameters, job["effect"])]})


def means(parameters: Parameters) -> list[dict[str, Any]]:
    """Return set and measured HU of every tissue, phase and patient."""
    cohort = phantom.Cohort(patients=parameters.patients, classes=SUBTYPES, size=parameters.size, seed=parameters.seed)
    rows = []
    for number in cohort.numbers:
        volume = phantom.volume(cohort, number, parameters.device)
        about = {"patient": volume.patient.name, "subtype": SUBTYPES[volume.patient.label]}
        rows += [{**about, **row} for row in tissue_means(volume).to_dict("records")]
    return rows


def likeness(parameters: Parameters, effect: float) -> dict[str, Any]:
    """Return how often the most similar slice is of the same patient, and of the same class when it is of another patient."""
    began = time.perf_counter()
    settings = phantom.Cohort(
        patients=parameters.likeness_patients,
        slices_per_patient=8,
        size=parameters.likeness_size,
        effect=effect,
        roi="kidney",
        seed=parameters.seed,
    )
    cohort = phantom.slices(settings, parameters.device)
    seconds = time.perf_counter() - began
    flat = cohort.pixels.reshape(len(cohort), -1).astype(np.float32)
    apart = euclidean_distances(flat)
    np.fill_diagonal(apart, np.inf)
    same = cohort.patient[:, None] == cohort.patient[None, :]
    nearest, stranger = apart.argmin(1), np.where(same, np.inf, apart).argmin(1)
    low, high = by_chance(cohort, stranger, parameters.seed)
    bright = brighter(settings)
    area = tumour_auc(cohort, bright)
    area_low, area_high = area.interval or (None, None)
    return {
        "slices": len(cohort),
        "same_patient": float((cohort.patient[nearest] == cohort.patient).mean()),
        "same_class": float((cohort.label[stranger] == cohort.label).mean()),
        "chance_low": low,
        "chance_high": high,
        "brighter": settings.classes[bright],
        "darker": settings.classes[1 - bright],
        "auc": area.value,
        "auc_low": area_low,
        "auc_high": area_high,
        "slices_per_second": len(cohort) / seconds,
    }


def by_chance(cohort: Slices, stranger: npt.NDArray[np.integer], seed: int) -> tuple[float, float]:
    """Return between which shares 95 % lie when the classes are dealt to the patients by chance.

    Parameters
    ----------
    cohort : Slices
        Slices of all patients.
    stranger : numpy.ndarray of int, shape (slices,)
        Number of the most similar slice of another patient.
    seed : int
        Of the dealing.

    Returns
    -------
    (float, float)
        The 2.5th and the 97.5th percentile of the share of slices whose stranger has the same class.

    Notes
    -----
    A permutation test: who resembles whom stays, and as many patients have each class as before. So the slices of a patient need not
    be independent, and chance is not one half exactly, as among the others a patient's own class has one patient less.
    """
    names, who = np.unique(cohort.patient, return_inverse=True)
    label_of = np.zeros(len(names), dtype=np.int64)
    label_of[who] = cohort.label
    dealt = np.random.default_rng(seed).permuted(np.tile(label_of, (DEALT, 1)), axis=1)
    shares = (dealt[:, who] == dealt[:, who[stranger]]).mean(axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


def brighter(cohort: phantom.Cohort) -> int:
    """Return which of two classes the simulator sets brighter in the phase of the cohort, at the full difference."""
    phase = phantom.PHASES.index(cohort.phase)
    return int(np.argmax([phantom.physics().subtypes[name].hu[phase][0] for name in cohort.classes]))


def tumour_auc(cohort: Slices, bright: int) -> Estimate:
    """Return how well the mean grey value of the tumour tells the two classes of patients apart.

    Parameters
    ----------
    cohort : Slices
        Slices with masks of the tumour.
    bright : int
        The class that is expected to be the brighter one. It is fixed beforehand: an area that is turned round whenever it falls below
        one half is above one half by chance too.

    Returns
    -------
    Estimate
        Area under the ROC curve with DeLong's 95 % interval over patients.
    """
    assert cohort.mask is not None  # the simulator always gives one
    inside = [
        pixels[0][mask].mean() if mask.any() else np.nan
        for pixels, mask in zip(cohort.pixels, cohort.mask, strict=True)
    ]
    table = cohort.patients()
    grey = [float(np.nanmean(np.array(inside)[cohort.patient == name])) for name in table.index]
    truth = (table["label"] == bright).to_numpy(dtype=int)
    return roc_auc(cases.sample(truth, np.array(grey) / WHITE, list(table.index)))


def pictures(parameters: Parameters) -> dict[str, bytes]:
    """Return the pictures of the chapter as PNG."""
    base = phantom.Cohort(
        patients=1, classes=SUBTYPES, size=parameters.size, slices_per_patient=1, seed=parameters.seed
    )

    def middle(**changes: Any) -> npt.NDArray[np.uint8]:
        return phantom.slices(base.changed(**changes), parameters.device).pixels[0, 0]

    kinds: list[list[Picture]] = [
        [(f"{subtype}, {phase}", middle(first=1 + number, phase=phase)) for phase in phantom.PHASES]
        for number, subtype in enumerate(SUBTYPES)
    ]
    several = phantom.slices(base.changed(patients=3, first=4, slices_per_patient=5, roi="kidney"), parameters.device)
    names = list(several.patients().index)
    persons: list[list[Picture]] = [
        [("", image) for image in several.select(several.patient == name).pixels[:, 0]] for name in names
    ]
    scanners: list[list[Picture]] = [
        [(f"scanner {name}", middle(centres=(name,), roi="tumour", margin=1.0)) for name in SCANNERS]
    ]
    return {"subtypes": tiled(kinds), "patients": tiled(persons), "scanners": tiled(scanners)}


def tiled(rows: Sequence[Sequence[Picture]]) -> bytes:
    """Return labelled grey images in rows as one PNG."""
    height = 1.75 * len(rows) * (3 / len(rows[0])) if len(rows[0]) > 3 else 2.1 * len(rows)
    figure = Figure(figsize=(6.4, max(height, 1.8)), layout="constrained", dpi=110)
    figure.patch.set_facecolor("white")
    for axis, (label, image) in zip(
        figure.subplots(len(rows), len(rows[0]), squeeze=False).flat,
        (each for row in rows for each in row),
        strict=True,
    ):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.set_axis_off()
        if label:
            axis.set_title(label, fontsize=8, color="black")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    grey = io.BytesIO()  # one channel of 64 shades: a third of the size, and nobody sees the difference
    Image.open(stream).convert("L").quantize(64).save(grey, format="png", optimize=True)
    return grey.getvalue()
