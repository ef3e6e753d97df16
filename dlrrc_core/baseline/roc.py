"""Areas under the ROC and the precision-recall curve, with DeLong's and bootstrap intervals.

DeLong's variance comes from placements, which are differences of midranks, so that sorting is all the work. In clustered data the
placements are summed over the images of a patient first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from dlrrc_core.baseline.cases import Floats, Ints, Sample
from dlrrc_core.baseline.rates import Estimate, Options, bounds, number
from dlrrc_core.chunks import in_chunks
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.resampling import CELLS, Bootstrap, bca_interval, values_of

AREAS = ("roc_auc", "average_precision", "pr_auc_trapezoid")
SCALES = ("plain", "logit")


def placements(truth: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return, for every entry, the share of the other class that it is on the right side of; ties count half.

    Parameters
    ----------
    truth : array_like of int, shape (n,)
        0 or 1; both have to occur.
    score : array_like of float, shape (n,)
        The higher, the more likely is class 1.

    Returns
    -------
    tuple of numpy.ndarray
        Placements of the entries of class 1 and of class 0, in the order of the entries; the mean of either is the area.

    Raises
    ------
    UsageError
        When a class does not occur, a label is neither 0 nor 1, a score is missing, or the lengths differ.

    Notes
    -----
    ``V10_i = (R_i - R1_i) / n0`` and ``V01_j = 1 - (R_j - R0_j) / n1`` with midranks R among all entries, R1 and R0 within the class;
    O(n log n). Source: Sun and Xu (2014), IEEE Signal Process Lett 21:1389-1393. Checked against the definition, which compares every
    pair, and R's pROC.
    """
    y, x = np.asarray(truth), np.asarray(score, dtype=float)
    if y.shape != x.shape or not np.isin(y, (0, 1)).all() or np.isnan(x).any():
        raise UsageError(
            f"labels of shape {y.shape}, scores of shape {x.shape}, {int(np.isnan(x).sum())} of them missing; allowed: labels 0 and 1, as"
            " many scores, none missing"
        )
    ones, zeros = x[y == 1], x[y == 0]
    if not ones.size or not zeros.size:
        raise UsageError(f"{ones.size} entries of class 1, {zeros.size} of class 0; allowed: at least one of each")
    ranks = rankdata(x)
    return (ranks[y == 1] - rankdata(ones)) / zeros.size, 1 - (ranks[y == 0] - rankdata(zeros)) / ones.size


def delong(
    truth: npt.ArrayLike,
    scores: npt.ArrayLike,
    patient: npt.ArrayLike | None = None,
    network: npt.ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Return the areas under the ROC curves of one or more scores of the same entries, and their covariance.

    Parameters
    ----------
    truth : array_like of int, shape (n,)
        0 or 1; both have to occur.
    scores : array_like of float, shape (models, n)
        The higher, the more likely is class 1.
    patient : array_like of int, shape (n,), optional
        Number of the patient of each entry; all entries of a patient have the same truth. Without it the entries are independent.
    network : array_like of int, shape (n,), optional
        Which network gave the scores of an entry, each for its own patients. Areas are taken within each network and averaged.

    Returns
    -------
    tuple of numpy.ndarray, shapes (models,) and (models, models)
        Areas 0-1 and covariance; the covariance is NaN when a class (of a network) has fewer than two patients.

    Raises
    ------
    UsageError
        As :func:`placements`, or when a patient has both truths.

    Notes
    -----
    With the I patients of a class that has m entries, and D the sum of a patient's placements less the area, the class adds
    ``I / (I - 1) sum(D D') / m^2``. With one entry per patient this is DeLong's ``S / m``. K networks have the mean of their areas and
    the sum of their covariances over K^2: scores of different networks are on different scales, so that ranking them together measures
    the difference of the scales as well (the networks are taken as they are; that others might be trained is not in the variance).
    Sources: DeLong, DeLong and Clarke-Pearson
    (1988), Biometrics 44:837-845; for clusters Obuchowski (1997), Biometrics 53:567-578, whose cross term is 0 where a patient has one
    truth. Checked against R's ``pROC::cov`` and a computation over all pairs.
    """
    y, x = np.asarray(truth), np.atleast_2d(np.asarray(scores, dtype=float))
    who = np.arange(y.size) if patient is None else np.asarray(patient)
    if np.intersect1d(who[y == 1], who[y == 0]).size:
        raise UsageError("a patient has entries of both classes; allowed: one truth per patient")
    found = [_delong(y[own], x[:, own], who[own]) for own in _within(network)]
    areas, covariances = (np.stack(each) for each in zip(*found, strict=True))
    return areas.mean(axis=0), covariances.sum(axis=0) / len(found) ** 2


def _within(network: npt.ArrayLike | None) -> list[npt.NDArray[np.intp] | slice]:
    """Return the places of the entries of each network."""
    if network is None:
        return [slice(None)]
    numbers = np.asarray(network)
    return [np.flatnonzero(numbers == each) for each in np.unique(numbers)]


def _delong(y: npt.NDArray[Any], scores: Floats, who: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Return areas and covariance of one network's entries."""
    both = [placements(y, score) for score in scores]
    areas = np.array([float(above.mean()) for above, _ in both])
    covariance = np.zeros((areas.size, areas.size))
    for label, side in ((1, 0), (0, 1)):
        values = np.stack([pair[side] for pair in both]) - areas[:, None]
        covariance += _covariance(values, who[y == label])
    return areas, covariance


def _covariance(values: Floats, patient: npt.NDArray[np.integer]) -> Floats:
    """Return the covariance of means from centred values of shape (models, m), summed over patients first."""
    names, number_of = np.unique(patient, return_inverse=True)
    if names.size < 2:
        return np.full((len(values), len(values)), np.nan)
    sums = np.stack([np.bincount(number_of.ravel(), weights=row) for row in values])
    return np.asarray(names.size / (names.size - 1) * (sums @ sums.T) / values.shape[1] ** 2)


def delong_method(sample: Sample) -> str:
    """Return the name of the variance: DeLong's, or its form for clusters, and whether areas are means over networks."""
    name = "DeLong, placements summed over patients (Obuchowski 1997)" if sample.clustered else "DeLong"
    several = sample.network is not None and len(np.unique(sample.network)) > 1
    return f"{name}, mean of the areas within each network" if several else name


def roc_auc(sample: Sample, scale: str = "logit", options: Options | None = None) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval.

    Parameters
    ----------
    sample : Sample
        Answers on images or cases.
    scale : {"logit", "plain"}, default "logit"
        Scale on which the normal interval is made; the plain one is cut off at 0 and 1, as in pROC.
    options : Options, optional
        Only the confidence is used.

    Returns
    -------
    Estimate
        Without interval when a class has fewer than two patients, or the variance is 0 (an area of 1, for instance).

    Raises
    ------
    UsageError
        When the scale is unknown.

    Notes
    -----
    Plain: ``A +- z s``; logit: ``expit(logit(A) +- z s / (A (1 - A)))``, Pepe (2003), The Statistical Evaluation of Medical Tests,
    section 5.2. Checked against R's ``pROC::ci.auc``.
    """
    one_of(scale, SCALES, "scale")
    chosen = options or Options()
    areas, covariance = delong(sample.truth, sample.score, sample.patient, sample.network)
    area, error = float(areas[0]), float(np.sqrt(covariance[0, 0]))
    interval: tuple[float, float] | None = None
    note = ""
    half = float(norm.isf((1 - chosen.confidence) / 2)) * error
    if not np.isfinite(error):
        note = "a class has fewer than two patients"
    elif error < 1e-12 or not 0 < area < 1:
        note = "DeLong's variance is 0, which gives no interval"
    elif scale == "logit":
        centre, step = logit(area), half / (area * (1 - area))
        interval = (float(expit(centre - step)), float(expit(centre + step)))
    else:
        interval = (max(0.0, area - half), min(1.0, area + half))
    return Estimate.of(sample, chosen, "roc_auc", area, interval, f"{delong_method(sample)}, {scale} scale", note)


def areas(truth: npt.ArrayLike, score: npt.ArrayLike) -> Callable[[Floats], Floats]:
    """Return a function that maps weights of the entries to the areas of :data:`AREAS`.

    Parameters
    ----------
    truth : array_like of int, shape (n,)
        0 or 1.
    score : array_like of float, shape (n,)
        The higher, the more likely is class 1.

    Returns
    -------
    callable
        Maps weights of shape (m, n), each at least 0, to areas of shape (m, 3); NaN where a class has no weight.

    Notes
    -----
    Equal scores are one threshold. Average precision is the sum of ``(R_k - R_(k-1)) P_k`` over falling thresholds, scikit-learn's
    ``average_precision_score``; the trapezoid joins the points (R, P) by lines and starts at (0, 1), scikit-learn's ``auc`` of
    ``precision_recall_curve``. The trapezoid is too high, because precision is not linear in recall: Davis and Goadrich (2006), ICML
    233-240. Checked against scikit-learn.
    """
    y, x = np.asarray(truth), np.asarray(score, dtype=float)
    order = np.argsort(-x, kind="stable")
    y, x = y[order], x[order]
    first = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])  # of each threshold

    def of(weights: Floats) -> Floats:
        sorted_weights = weights[:, order]
        ones = np.add.reduceat(sorted_weights * y, first, axis=1)
        every = np.add.reduceat(sorted_weights, first, axis=1)
        tp, called = np.cumsum(ones, axis=1), np.cumsum(every, axis=1)
        p, n = tp[:, -1], called[:, -1]
        zeros_below = (n - p)[:, None] - (called - tp) + (every - ones) / 2
        precision = np.where(called > 0, tp / called, 1.0)
        before = np.concatenate([np.ones((len(precision), 1)), precision[:, :-1]], axis=1)
        roc = (ones * zeros_below).sum(axis=1) / (p * (n - p))
        return np.stack([roc, (ones * precision).sum(axis=1) / p, (ones * (precision + before) / 2).sum(axis=1) / p], 1)

    def known(weights: Floats) -> Floats:
        values = values_of(of, weights)
        return np.where(np.isfinite(values[:, :1]), values, np.nan)  # a replicate with one class has no area at all

    return known


def area_bootstrap(sample: Sample, options: Options) -> Bootstrap:
    """Return the bootstrap over patients of the areas of :data:`AREAS`.

    Parameters
    ----------
    sample : Sample
        Answers on images or cases.
    options : Options
        Draws, seed and confidence.

    Returns
    -------
    Bootstrap
        The patients are drawn without regard to their class. With several networks each area is the mean of those within each.
    """
    patients = sample.patients
    parts = [(own, areas(sample.truth[own], sample.score[own])) for own in _within(sample.network)]

    def statistic(counts: Floats | Ints) -> Floats:
        weights = np.asarray(counts, dtype=float)[:, sample.patient]
        return np.asarray(np.mean([of(weights[:, own]) for own, of in parts], axis=0))

    def replicates(rng: np.random.Generator, m: int) -> Floats:
        return statistic(rng.multinomial(patients, np.full(patients, 1 / patients), size=m))

    size = max(1, CELLS // sample.n)
    values = in_chunks(replicates, options.draws, size, options.seed, "bootstrap of areas")
    pieces = [range(start, min(start + size, patients)) for start in range(0, patients, size)]
    left_out = np.concatenate([statistic(1.0 - (np.array(piece)[:, None] == np.arange(patients))) for piece in pieces])
    estimate = statistic(np.ones((1, patients)))[0]
    return bca_interval(estimate, values, left_out, np.ones(patients, dtype=np.int64), options.confidence)


def areas_with_bootstrap(sample: Sample, options: Options | None = None) -> tuple[Estimate, ...]:
    """Return the areas under both curves with bootstrap intervals over patients.

    Parameters
    ----------
    sample : Sample
        Answers on images or cases.
    options : Options, optional
        Draws, seed and confidence.

    Returns
    -------
    tuple of Estimate
        ``roc_auc``, ``average_precision`` (the PR AUC as scikit-learn defines it) and ``pr_auc_trapezoid``.
    """
    chosen = options or Options()
    found = area_bootstrap(sample, chosen)
    results = []
    for k, name in enumerate(AREAS):
        interval, note = bounds(found, k)
        value = number(found.estimate[k])
        results.append(Estimate.of(sample, chosen, name, value, interval, chosen.bootstrap, note))
    return tuple(results)
