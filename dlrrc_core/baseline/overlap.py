"""Overlap of a segmentation with its reference: Dice and Jaccard of every image, and their mean over patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrrc_core.audit.forms import find_metric
from dlrrc_core.baseline.cases import Floats, Level
from dlrrc_core.baseline.rates import Estimate, Options, bounds, number, table_values
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.resampling import bca

OVERLAPS = ("dice", "jaccard")


def overlap(reference: npt.ArrayLike, segmentation: npt.ArrayLike, metric: str = "dice", empty: float = 1.0) -> float:
    """Return the overlap of two masks.

    Parameters
    ----------
    reference, segmentation : array_like of bool or 0/1, the same shape
        Masks of any number of dimensions.
    metric : {"dice", "jaccard"}, default "dice"
        Dice similarity coefficient or Jaccard index (intersection over union).
    empty : float, default 1.0
        Value when both masks are empty, where the formula is 0/0; NaN leaves such a pair undefined.

    Returns
    -------
    float
        0 (no common pixel) to 1 (the same mask).

    Raises
    ------
    UsageError
        When shapes differ, a mask has no pixel, or a value is neither 0 nor 1.

    Notes
    -----
    Dice ``2 TP / (2 TP + FP + FN)``, Jaccard ``TP / (TP + FP + FN)`` over pixels. Source: Dice (1945), Ecology 26:297-302. Checked
    against scikit-learn's ``f1_score`` and ``jaccard_score``.
    """
    one_of(metric, OVERLAPS, "overlap")
    a, b = np.asarray(reference), np.asarray(segmentation)
    bad = [
        name for name, mask in (("reference", a), ("segmentation", b)) if mask.size and not np.isin(mask, (0, 1)).all()
    ]
    if a.shape != b.shape or not a.size or bad:
        wrong = f", other values than 0 and 1 in {' and '.join(bad)}" if bad else ""
        raise UsageError(
            f"masks of shape {a.shape} and {b.shape}{wrong}; allowed: the same shape, 0 or 1 in each pixel"
        )
    a, b = a == 1, b == 1
    if not a.any() and not b.any():
        return float(empty)
    sums = np.array([[a.size, a.sum(), (a & b).sum(), (~a & ~b).sum()]], dtype=float)
    return float(table_values(find_metric(metric), sums)[0])


def mean_overlap(
    values: npt.ArrayLike, patient: Sequence[Any] | None = None, metric: str = "dice", options: Options | None = None
) -> Estimate:
    """Return the mean overlap of images with its bootstrap interval over patients.

    Parameters
    ----------
    values : array_like of float, shape (images,)
        Overlap of each image, 0-1; NaN (both masks empty, left undefined) is left out and counted in the note.
    patient : sequence, shape (images,), optional
        Patient of each image. Without it every image is a patient of its own.
    metric : {"dice", "jaccard"}, default "dice"
        Name for the result.
    options : Options, optional
        Draws, seed and confidence.

    Returns
    -------
    Estimate
        Mean over images, not over patients; level "case" when each patient has one image.

    Raises
    ------
    UsageError
        When there is no value, a value is outside 0-1, or the lengths differ.
    """
    one_of(metric, OVERLAPS, "overlap")
    chosen = options or Options()
    x = np.asarray(values, dtype=float).ravel()
    who = np.arange(x.size) if patient is None else np.array([str(each) for each in patient], dtype=object)
    keep = ~np.isnan(x)
    if who.size != x.size or not keep.any() or not ((x[keep] >= 0) & (x[keep] <= 1)).all():
        raise UsageError(
            f"{x.size} values ({int(keep.sum())} known) of {who.size} patients; allowed: as many, one or more known, each from 0 to 1"
        )
    names, number_of = np.unique(who[keep], return_inverse=True)
    features = np.stack([np.bincount(number_of.ravel()), np.bincount(number_of.ravel(), weights=x[keep])], axis=1)

    def mean(sums: Floats) -> Floats:
        return sums[:, 1:] / sums[:, :1]

    boot = bca(features, mean, chosen.draws, chosen.seed, chosen.confidence)
    interval, note = bounds(boot, 0)
    left_out = f"{int((~keep).sum())} images without a defined value are left out" if not keep.all() else ""
    note = "; ".join(text for text in (note, left_out) if text)
    n = int(keep.sum())
    level: Level = "case" if patient is not None and names.size == n else "image"
    return Estimate(
        f"mean {metric}",
        number(boot.estimate[0]),
        interval,
        chosen.confidence,
        chosen.bootstrap,
        n,
        names.size,
        level,
        note,
    )
