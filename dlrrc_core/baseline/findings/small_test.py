"""How often a test set of ten cases shows 100 %, what its interval is, and what choosing the best network on it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from dlrrc_core.audit import intervals
from dlrrc_core.baseline.findings import published
from dlrrc_core.baseline.findings.common import effect_key
from dlrrc_core.baseline.findings.small_test_draws import (
    Answers,
    Design,
    Floats,
    Ints,
    answers,
    case_probability,
    chosen,
    drawn,
    joint,
    separate,
    smallest,
)
from dlrrc_core.baseline.store import StoredRun
from dlrrc_core.records import Paper
from dlrrc_core.resampling import bca

DRAWS = 100_000
SEED = 1
METHODS = {"wilson": "Wilson", "clopper_pearson": "Clopper-Pearson"}
HALVES = (10, 5)  # percentage points to each side
ACCURACIES = (100, 95, 90, 80, 70)
CURVE = tuple(range(50, 101))


def statistics(run: StoredRun, draws: int = DRAWS) -> dict[str, Any]:
    """Return what small test sets show of networks whose true accuracy is known.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``small-test``.
    draws : int, default 100000
        Test sets drawn by chance.

    Returns
    -------
    dict
        ``design`` of the test set and ``published`` values of the seed paper; ``effects.<effect>`` as :func:`of_effect` gives them;
        ``formula``, the probability of 100 % by true accuracy; ``interval``, the 95 % intervals of a test set without error; ``needed``,
        the cases that make an interval narrow; ``draws``.
    """
    record = published.paper("zuo2021")
    design, printed = _published(record)
    table = run.tables["cases"]
    return {
        "design": asdict(design) | {"all_cases": design.all_cases, "all_images": design.all_images},
        "published": printed,
        "effects": {
            effect_key(float(effect)): {"effect": float(effect), **of_effect(answers(group), design, printed, draws)}
            for effect, group in table.groupby("effect")
        },
        "formula": [{"accuracy": each, "perfect": 100 * (each / 100) ** design.all_cases} for each in CURVE],
        "interval": {name: _interval(method, design.all_cases, design.all_cases) for name, method in METHODS.items()},
        "needed": {f"half_{half}": [needed(accuracy, half) for accuracy in ACCURACIES] for half in HALVES},
        "draws": draws,
        "patients": int(table["patient"].nunique()),
        "classes": list(run.record.parameters.get("classes", [])),
    }


def of_effect(found: Answers, design: Design, printed: dict[str, Any], draws: int = DRAWS) -> dict[str, Any]:
    """Return what small test sets show of the networks of one effect.

    Parameters
    ----------
    found : Answers
        Of all networks on all new patients.
    design : Design
        Test set.
    printed : dict
        ``images_right`` of the seed paper's test set.
    draws : int, default 100000

    Returns
    -------
    dict
        ``networks``: true accuracy by case and by image and the exact probability of 100 %, each; ``mean``: their means with 95 % BCa
        intervals over patients; ``cases`` and ``images``: the exact distribution of right cases and images, mean over networks;
        ``shown``: the central 95 % of it; ``like_printed``: probability of 100 % by case with at most the printed share of images;
        ``difference``: the largest difference of the drawn from the exact distribution; ``clustering``; ``correlation``: how
        alike two networks err; ``best_of.together`` and ``best_of.apart``: choosing the best of k networks on one
        test set, and as if each had its own.

    Notes
    -----
    Percentages are 0-100. The intervals are about patients: the networks and the training patients are taken as they are.
    """
    probability = np.stack([case_probability(each, design) for each in found.right])
    exact = np.stack([joint(each, found.label, design) for each in found.right])
    counts = drawn(found, design, draws, SEED)
    true = balanced(probability, found.label)
    images = balanced(found.right.mean(axis=2), found.label)
    perfect = exact[:, -1].sum(axis=1)
    shares = {"cases": exact.mean(axis=0).sum(axis=1), "images": exact.mean(axis=0).sum(axis=0)}
    together = chosen(counts, list(true), design, SEED)
    apart = chosen(separate(counts, SEED), list(true), design, SEED)
    return {
        "networks": [
            {"case": 100 * case, "image": 100 * image, "perfect": 100 * each}
            for case, image, each in zip(true.tolist(), images.tolist(), perfect.tolist(), strict=True)
        ],
        "mean": _means(found, probability, design, float(perfect.mean())),
        **{name: [100 * float(each) for each in share] for name, share in shares.items()},
        "shown": {name: _central(share) for name, share in shares.items()},
        "like_printed": 100 * float(exact[:, -1, : printed["images_right"] + 1].sum(axis=1).mean()),
        "difference": 100 * _difference(exact, counts),
        "clustering": clustering(found, design),
        "correlation": correlation(probability, found.label),
        "best_of": {
            name: [
                {
                    "k": each.k,
                    "shown": 100 * each.shown,
                    "true": 100 * each.true,
                    "too_high": 100 * (each.shown - each.true),
                    "perfect": 100 * each.perfect,
                }
                for each in choices
            ]
            for name, choices in (("together", together), ("apart", apart))
        },
    }


def balanced(values: Floats, label: Ints) -> Floats:
    """Return the mean of the two classes' means over patients, as test sets have as many cases of each; shape (networks,)."""
    return np.asarray((values[:, label == 0].mean(axis=1) + values[:, label == 1].mean(axis=1)) / 2)


def needed(accuracy: float, half: float) -> dict[str, Any]:
    """Return how many cases make the 95 % interval at most ``half`` points wide to each side, on average of the two sides.

    Parameters
    ----------
    accuracy : float
        Per cent of the cases that are right.
    half : float
        Half of the width of the interval, percentage points.

    Returns
    -------
    dict
        ``accuracy`` and the number of cases by method; the number right need not be whole.
    """

    def width(method: str) -> Callable[[int], float]:
        def of(n: int) -> float:
            low, high = intervals.interval(method, accuracy / 100 * n, n)
            return float(min(high[0], 1) - max(low[0], 0))

        return of

    limit = 2 * half / 100 + 1e-12
    return {"accuracy": accuracy} | {name: smallest(width(method), limit) for name, method in METHODS.items()}


def clustering(found: Answers, design: Design) -> dict[str, float]:
    """Return how alike the answers on images of one patient are, mean over networks.

    Returns
    -------
    dict
        ``icc``: intraclass correlation of right answers; ``effective_images``: how many independent images the images of a test set
        are worth.

    Notes
    -----
    One-way analysis of variance within the classes, ``(MSB - MSW) / (MSB + (S - 1) MSW)`` with S images per patient (Shrout and
    Fleiss 1979, ICC(1,1)); effective number ``n / (1 + (m - 1) ICC)`` (Kish 1965) with m images of each case.
    """
    icc = []
    for right in found.right:
        between = within = 0.0
        for value in (0, 1):
            rows = right[found.label == value].astype(float)
            means = rows.mean(axis=1)
            between += found.images * ((means - means.mean()) ** 2).sum()
            within += ((rows - means[:, None]) ** 2).sum()
        patients = len(found.label)
        high, low = between / (patients - 2), within / (patients * (found.images - 1))
        icc.append((high - low) / (high + (found.images - 1) * low) if high + low > 0 else 0.0)
    mean = float(np.mean(icc))
    return {"icc": mean, "effective_images": design.all_images / (1 + (design.images - 1) * max(mean, 0.0))}


def correlation(probability: Floats, label: Ints) -> float | None:
    """Return the mean correlation, within the classes, between the chances of two networks to be right about a case.

    Parameters
    ----------
    probability : numpy.ndarray of float, shape (networks, patients)
    label : numpy.ndarray of int, shape (patients,)

    Returns
    -------
    float or None
        None with one network, or when a network is equally right about all cases of both classes.
    """
    centred = probability.copy()
    for value in (0, 1):
        centred[:, label == value] -= centred[:, label == value].mean(axis=1, keepdims=True)
    if len(centred) < 2 or not (np.abs(centred) > 1e-12).any(axis=1).all():
        return None
    lengths = np.sqrt((centred**2).sum(axis=1))
    matrix = centred @ centred.T / np.outer(lengths, lengths)
    return float(matrix[np.triu_indices(len(matrix), 1)].mean())


def _means(found: Answers, probability: Floats, design: Design, perfect: float) -> dict[str, Any]:
    """Return true accuracies and the probability of 100 %, means over networks with intervals over patients.

    The interval of the probability of 100 % is that of its limit for many patients, ``sensitivity^5 specificity^5``.
    """
    label = found.label
    k = found.networks
    values = np.concatenate([probability, found.right.mean(axis=2)])  # (2 networks, patients)
    features = np.concatenate([np.stack([label == 0, label == 1]), values * (label == 0), values * (label == 1)]).T

    def statistic(sums: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            zero, one = sums[:, 2 : 2 + 2 * k] / sums[:, :1], sums[:, 2 + 2 * k :] / sums[:, 1:2]
        both = (zero + one) / 2
        limit = (zero[:, :k] ** design.cases * one[:, :k] ** design.cases).mean(axis=1)
        return np.stack([both[:, :k].mean(axis=1), both[:, k:].mean(axis=1), limit], axis=1)

    boot = bca(features, statistic)
    names = ("case", "image", "perfect_of_many")
    found_means = {
        name: {"percent": 100 * float(boot.estimate[i]), "interval": _bounds(boot.low[i], boot.high[i])}
        for i, name in enumerate(names)
    }
    method = "BCa bootstrap over patients, 2000 draws, seed 1"
    return found_means | {"perfect": 100 * perfect, "method": method, "patients": len(label)}


def _bounds(low: float, high: float) -> list[float | None]:
    """Return an interval in per cent; None where it is not defined."""
    return [100 * float(each) if np.isfinite(each) else None for each in (low, high)]


def _central(share: Floats) -> list[float]:
    """Return the central 95 % of a distribution of counts, in per cent of the largest count."""
    cumulated = np.cumsum(share)
    most = len(share) - 1
    return [100 * float(np.searchsorted(cumulated, each - 1e-12)) / most for each in (0.025, 0.975)]


def _difference(exact: Floats, counts: Ints) -> float:
    """Return the largest difference between drawn and exact shares of right cases and of right images, any network."""
    worst = 0.0
    for which, axis in ((0, 2), (1, 1)):
        shares = exact.sum(axis=axis)
        for k, share in enumerate(shares):
            drawn_share = np.bincount(counts[:, k, which], minlength=len(share)) / len(counts)
            worst = max(worst, float(np.abs(drawn_share - share).max()))
    return worst


def _interval(method: str, count: int, n: int) -> list[float]:
    """Return the 95 % interval of a proportion in per cent."""
    low, high = intervals.interval(method, [count], [n])
    return [100 * max(0.0, float(low[0])), 100 * min(1.0, float(high[0]))]


def _published(record: Paper) -> tuple[Design, dict[str, Any]]:
    """Return the test set of the seed paper and what it showed there."""
    test = (record.study.class_counts or {})["test"]
    if not isinstance(test, dict):
        raise TypeError("the counts of the test set are no mapping")
    design = Design(int(test["cases"]) // 2, int(test["images_per_case"]))
    case = published.percent(record, "test", "MobileNetV2", level="case")
    image = published.percent(record, "test", "MobileNetV2", level="image")
    compared = [
        row.model
        for row in record.results
        if row.where == "Table 1" and row.split == "test" and "accuracy" in row.values
    ]
    return design, {
        "case": case,
        "image": image,
        "images_right": round((image or 0) / 100 * design.all_images),
        "networks_compared": len(compared),
        "networks_tried": sum(row.where == "Table 1" and row.split == "test" for row in record.results),
    }
