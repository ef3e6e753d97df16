"""Metrics of a two by two table and of other sums over patients, each with its interval and the name of its method.

The images of a patient are not independent. Where a patient has several, every interval here comes from a bootstrap over patients, which
keeps the images of a patient together; where each patient has one entry, proportions have the Wilson interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dlrrc_core.audit import intervals
from dlrrc_core.audit.forms import Matrix, Metric, find_metric
from dlrrc_core.baseline.cases import Floats, Level, Sample
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.resampling import DRAWS, Bootstrap, Statistic, bca

METRICS = (
    "accuracy",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "f1",
    "fdr",
    "balanced_accuracy",
    "youden",
    "kappa",
    "mcc",
)
"""The metrics of the two by two table that :func:`rates` gives unless others are asked for."""
PROPORTIONS = (
    "accuracy",
    "error_rate",
    "sensitivity",
    "fnr",
    "specificity",
    "fpr",
    "ppv",
    "fdr",
    "npv",
    "false_omission_rate",
)
"""Metrics that count some of the entries among others, so that an interval of a proportion fits them."""
NO_SPREAD = "every bootstrap sample has the same value, so that the bootstrap gives no interval"


@dataclass(frozen=True)
class Options:
    """What the intervals of one evaluation share.

    Attributes
    ----------
    draws : int, default 2000
        Bootstrap samples, at least 100.
    seed : int, default 1
        Seed of the bootstrap; the same seed gives the same interval.
    confidence : float, default 0.95
        Confidence level between 0 and 1.
    proportion : str, default "Wilson"
        Interval of a proportion of independent entries, one of :data:`dlrrc_core.audit.intervals.METHODS`.
    """

    draws: int = DRAWS
    seed: int = 1
    confidence: float = 0.95
    proportion: str = "Wilson"

    def __post_init__(self) -> None:
        if self.draws < 100 or self.seed < 0 or not 0 < self.confidence < 1:
            raise UsageError(
                f"draws {self.draws}, seed {self.seed}, confidence {self.confidence}; allowed: at least 100 draws, a seed of at least 0"
                " and a confidence between 0 and 1"
            )
        one_of(self.proportion, intervals.METHODS, "interval method")

    @property
    def bootstrap(self) -> str:
        """Name of the bootstrap."""
        return f"BCa bootstrap over patients, {self.draws} draws, seed {self.seed}"

    def proportion_interval(self, count: float, of: float) -> tuple[float, float]:
        """Return the interval of a proportion, cut off at 0 and 1; ``of`` is at least 1."""
        low, high = intervals.interval(self.proportion, [count], [of], self.confidence)
        return max(0.0, float(low[0])), min(1.0, float(high[0]))


@dataclass(frozen=True)
class Estimate:
    """A value with what it rests on.

    Attributes
    ----------
    metric : str
        Name.
    value : float or None
        None where it is not defined (a denominator of 0).
    interval : tuple of float or None
        Lower and upper bound; None where it is not defined, with the reason in ``note``.
    confidence : float
        Level of the interval.
    method : str
        Method of the interval.
    n : int
        Entries that the value rests on: its denominator where it is a proportion, otherwise all.
    patients : int
        Patients behind the sample.
    level : {"image", "case"}
        What one entry is.
    note : str, default ""
        What a reader has to know beside.
    """

    metric: str
    value: float | None
    interval: tuple[float, float] | None
    confidence: float
    method: str
    n: int
    patients: int
    level: Level
    note: str = ""

    @classmethod
    def of(
        cls,
        sample: Sample,
        options: Options,
        metric: str,
        value: float | None,
        interval: tuple[float, float] | None,
        method: str,
        note: str = "",
        n: int | None = None,
    ) -> Estimate:
        """Return an estimate on a sample; ``n`` is by default all its entries."""
        size = sample.n if n is None else n
        return cls(metric, value, interval, options.confidence, method, size, sample.patients, sample.level, note)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"interval": None if self.interval is None else list(self.interval)}


def number(value: float) -> float | None:
    """Return a plain number, None for NaN and infinity, which JSON does not have."""
    return float(value) if np.isfinite(value) else None


def bounds(found: Bootstrap, k: int) -> tuple[tuple[float, float] | None, str]:
    """Return the interval of one statistic of a bootstrap, or None and the reason.

    Parameters
    ----------
    found : Bootstrap
        Result of :func:`dlrrc_core.resampling.bca`.
    k : int
        Number of the statistic.
    """
    low, high = float(found.low[k]), float(found.high[k])
    if not np.isfinite(found.estimate[k]):
        return None, "the value is not defined: its denominator is 0"
    if not (np.isfinite(low) and np.isfinite(high)):
        return None, "fewer than two patients, or fewer than 90 % of the bootstrap samples have a value"
    return (None, NO_SPREAD) if low == high else ((low, high), "")


def table(sample: Sample) -> Matrix:
    """Return the two by two table of truth and answers."""
    n, p, tp, tn = (int(total) for total in _features(sample).sum(axis=0))
    return Matrix(tp, p - tp, n - p - tn, tn)


def table_values(metric: Metric, sums: Floats) -> Floats:
    """Return a metric of many two by two tables.

    Parameters
    ----------
    metric : Metric
        See :func:`dlrrc_core.audit.forms.find_metric`.
    sums : numpy.ndarray of float, shape (m, 4)
        All entries, those of class 1, true positives and true negatives.

    Returns
    -------
    numpy.ndarray of float, shape (m,)
        Not finite where the metric is not defined.
    """
    n, p, tp, tn = np.asarray(sums, dtype=float).T
    q = n - p
    if metric.family != "curved":
        above, below = (form[0] + form[1] * tp + form[2] * tn for form in metric.at(p, q))
        return np.asarray(above / below, dtype=float)
    above, below = metric.curve(p, q, tp, tn)
    ratio = np.asarray(above / below, dtype=float)
    return np.sign(ratio) * np.sqrt(np.abs(ratio)) if metric.power == 2 else ratio


def rates(sample: Sample, metrics: Sequence[str] = METRICS, options: Options | None = None) -> tuple[Estimate, ...]:
    """Return metrics of the two by two table with their intervals.

    Parameters
    ----------
    sample : Sample
        Answers on images or cases.
    metrics : sequence of str, default METRICS
        Names or aliases of :data:`dlrrc_core.audit.forms.METRICS`.
    options : Options, optional
        Draws, seed, confidence and interval of proportions.

    Returns
    -------
    tuple of Estimate
        In the order asked for.

    Raises
    ------
    UsageError
        When a metric is unknown.

    Notes
    -----
    A proportion of independent entries has the interval of ``options.proportion``; every other value has the BCa bootstrap over
    patients. A proportion of 0 or 1 in clustered data has no spread under the bootstrap; its interval is that of as many patients as
    stand behind its denominator, which is wider than the one of the images. Checked against scikit-learn and R's ``prop.test``.
    """
    chosen = options or Options()
    found = [find_metric(name) for name in metrics]

    def statistic(sums: Floats) -> Floats:
        return np.stack([table_values(metric, sums) for metric in found], axis=1)

    features = _features(sample)
    boot = from_sums(sample, features, statistic, chosen)
    return tuple(_rate(sample, metric, features, boot, k, chosen) for k, metric in enumerate(found))


def from_sums(sample: Sample, features: Floats, statistic: Statistic, options: Options) -> Bootstrap:
    """Return the bootstrap over patients of a function of sums over entries.

    Parameters
    ----------
    sample : Sample
        Answers; says which entries belong to one patient.
    features : numpy.ndarray of float, shape (n, features)
        What each entry adds to the sums.
    statistic : callable
        As in :func:`dlrrc_core.resampling.bca`.
    options : Options
        Draws, seed and confidence.

    Returns
    -------
    Bootstrap
    """
    per_patient = np.zeros((sample.patients, features.shape[1]))
    np.add.at(per_patient, sample.patient, features)
    return bca(per_patient, statistic, options.draws, options.seed, options.confidence)


def _features(sample: Sample) -> Floats:
    right = sample.truth == sample.call
    columns = (np.ones(sample.n), sample.truth, right & (sample.truth == 1), right & (sample.truth == 0))
    return np.stack(columns, axis=1).astype(float)


def _rate(sample: Sample, metric: Metric, features: Floats, boot: Bootstrap, k: int, options: Options) -> Estimate:
    value, (interval, note), method, n = number(boot.estimate[k]), bounds(boot, k), options.bootstrap, sample.n
    if metric.name in PROPORTIONS:
        among = features @ np.array(metric.denominator, dtype=float)  # per entry: 1 where it is in the denominator
        n = round(among.sum())
        if n and not sample.clustered:
            count = round((features @ np.array(metric.numerator, dtype=float)).sum())
            interval, method, note = options.proportion_interval(count, n), options.proportion, ""
        elif value in (0, 1):
            patients = int(np.unique(sample.patient[among > 0]).size)
            interval = options.proportion_interval(value * patients, patients)
            method = f"{options.proportion} over patients"
            note = f"all {patients} patients agree; {NO_SPREAD}, hence the interval of {patients} patients"
    return Estimate.of(sample, options, metric.name, value, interval, method, note, n)
