"""Comparison of a model with another model, with readers and with a baseline, on the same entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import norm

from dlrrc_core.audit.tests_of_counts import binomial, mcnemar_forms
from dlrrc_core.baseline.cases import Level, Sample
from dlrrc_core.baseline.rates import Options, bounds, from_sums
from dlrrc_core.baseline.roc import delong, delong_method
from dlrrc_core.problems import UsageError, one_of

PAIRED = {"accuracy": (0, 1), "sensitivity": (1,), "specificity": (0,)}
"""Metrics that :func:`compare_answers` compares, and the classes they are about."""
DEPENDENT = "images of one patient are not independent, so that the test does not hold; compare cases"


@dataclass(frozen=True)
class Comparison:
    """A difference with its test.

    Attributes
    ----------
    metric : str
        What is compared.
    value : float
        First minus second.
    first, second : float
        The two values.
    interval : tuple of float or None
        Interval of the difference; None where it is not defined, with the reason in ``note``.
    confidence : float
        Level of the interval.
    method : str
        Method of the interval.
    test : str
        Name of the test.
    p : float or None
        Two-sided P value; None where the test does not hold or is not defined.
    statistic : float or None
        Test statistic, where the test has one.
    n : int
        Entries that the difference rests on.
    patients : int
        Patients behind the sample.
    level : {"image", "case"}
        What one entry is.
    note : str, default ""
        What a reader has to know beside.
    """

    metric: str
    value: float
    first: float
    second: float
    interval: tuple[float, float] | None
    confidence: float
    method: str
    test: str
    p: float | None
    statistic: float | None
    n: int
    patients: int
    level: Level
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"interval": None if self.interval is None else list(self.interval)}


@dataclass(frozen=True)
class _Shared:
    """What the comparisons of one function have in common."""

    sample: Sample
    options: Options
    method: str
    test: str = ""

    def comparison(
        self,
        metric: str,
        value: float,
        first: float,
        second: float,
        *,
        interval: tuple[float, float] | None = None,
        p: float | None = None,
        statistic: float | None = None,
        n: int | None = None,
        note: str = "",
    ) -> Comparison:
        size, test = self.sample.n if n is None else n, self.test or self.method
        return Comparison(
            metric, value, first, second, interval, self.options.confidence, self.method, test, p, statistic, size,
            self.sample.patients, self.sample.level, note,
        )  # fmt: skip


def compare_auc(first: Sample, second: Sample, options: Options | None = None) -> Comparison:
    """Return DeLong's test of two areas under ROC curves of the same entries.

    Parameters
    ----------
    first, second : Sample
        Answers of two models on the same entries.
    options : Options, optional
        Only the confidence is used.

    Returns
    -------
    Comparison
        ``statistic`` is z; no P value when the variance of the difference is 0 or not defined.

    Raises
    ------
    UsageError
        When the two are not about the same entries.

    Notes
    -----
    ``z = (A1 - A2) / sqrt(V11 + V22 - 2 V12)``, see :func:`dlrrc_core.baseline.roc.delong`. Checked against R's ``pROC::roc.test``.
    """
    _same(first, second)
    chosen = options or Options()
    areas, v = delong(first.truth, [first.score, second.score], first.patient, first.network)
    difference = float(areas[0] - areas[1])
    variance = float(v[0, 0] + v[1, 1] - 2 * v[0, 1])
    same = _Shared(first, chosen, delong_method(first))
    values = ("roc_auc", difference, float(areas[0]), float(areas[1]))
    if not np.isfinite(variance):
        return same.comparison(*values, note="a class has fewer than two patients")
    if variance < 1e-24:  # the same ranking twice, but for rounding
        return same.comparison(*values, note="the variance of the difference is 0, which gives no test")
    error = float(np.sqrt(variance))
    half = float(norm.isf((1 - chosen.confidence) / 2)) * error
    z = difference / error
    return same.comparison(
        *values, interval=(difference - half, difference + half), p=float(2 * norm.sf(abs(z))), statistic=z
    )


def compare_answers(
    first: Sample, second: Sample, metric: str = "accuracy", options: Options | None = None
) -> Comparison:
    """Return McNemar's exact test of the answers of two models, or of a model and a reader.

    Parameters
    ----------
    first, second : Sample
        Answers on the same entries.
    metric : {"accuracy", "sensitivity", "specificity"}, default "accuracy"
        All entries, those of class 1 or those of class 0.
    options : Options, optional
        Draws, seed and confidence of the interval.

    Returns
    -------
    Comparison
        The interval of the difference comes from the bootstrap over patients. Clustered data have no P value.

    Raises
    ------
    UsageError
        When the two are not about the same entries, or the metric is another.

    Notes
    -----
    ``dlrrc_core.audit.tests_of_counts.mcnemar_forms`` on the entries on which only one of the two is right. Source: McNemar (1947),
    Psychometrika 12:153-157. Checked against R's ``binom.test`` of the discordant entries.
    """
    _same(first, second)
    one_of(metric, PAIRED, "metric")
    chosen = options or Options()
    about = np.isin(first.truth, PAIRED[metric])
    right = [(each.call == each.truth) & about for each in (first, second)]
    features = np.stack([about, *right], axis=1).astype(float)
    boot = from_sums(first, features, lambda sums: (sums[:, 1:2] - sums[:, 2:]) / sums[:, :1], chosen)
    interval, note = bounds(boot, 0)
    exact = mcnemar_forms(int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()))[0]
    n = int(about.sum())
    p, note = (None, DEPENDENT) if first.clustered else (exact.p[0], note)
    one, other = (float(each.sum() / n) for each in right)
    same = _Shared(first, chosen, chosen.bootstrap, exact.form)
    return same.comparison(metric, one - other, one, other, interval=interval, p=p, n=n, note=note)


def against_proportion(sample: Sample, proportion: float, what: str, options: Options | None = None) -> Comparison:
    """Return the exact binomial test of the accuracy against a fixed one, for instance a reader's published accuracy.

    Parameters
    ----------
    sample : Sample
        Answers on images or cases.
    proportion : float
        The other accuracy, 0-1, taken as exact.
    what : str
        Whose it is; goes into the result.
    options : Options, optional
        Confidence and interval of proportions.

    Returns
    -------
    Comparison
        The interval is that of the accuracy less the fixed value. Clustered data have neither interval nor P value.

    Raises
    ------
    UsageError
        When the proportion is outside 0-1.

    Notes
    -----
    ``dlrrc_core.audit.tests_of_counts.binomial``; that a reader's accuracy is an estimate as well is left out of account, so that
    :func:`compare_answers` is to be preferred where the reader's answers are known. Checked against R's ``binom.test``.
    """
    if not 0 <= proportion <= 1:
        raise UsageError(f"the accuracy of {what} is {proportion}; allowed: 0 to 1, for instance 0.85 for 85 %")
    chosen = options or Options()
    right, n = int((sample.call == sample.truth).sum()), sample.n
    test = binomial(right, n, float(proportion))[0]
    low, high = chosen.proportion_interval(right, n)
    note = f"against {what}, taken as exact"
    same = _Shared(sample, chosen, chosen.proportion, test.form)
    values = ("accuracy", right / n - proportion, right / n, float(proportion))
    if sample.clustered:
        return same.comparison(*values, note=f"{note}; {DEPENDENT}")
    return same.comparison(*values, interval=(low - proportion, high - proportion), p=test.p[0], note=note)


def against_majority(sample: Sample, options: Options | None = None) -> Comparison:
    """Return the exact binomial test of the accuracy against always answering the more frequent class (the zero rule).

    Parameters
    ----------
    sample : Sample
        Answers on images or cases; the more frequent class is counted here.
    options : Options, optional
        Confidence and interval of proportions.

    Returns
    -------
    Comparison
        As :func:`against_proportion`.
    """
    share = float(sample.truth.mean())
    return against_proportion(sample, max(share, 1 - share), "the zero rule of the same sample", options)


def reader(sample: Sample, answers: Mapping[str, int], name: str) -> Sample:
    """Return the answers of a reader on the cases of a sample.

    Parameters
    ----------
    sample : Sample
        Cases, or images of as many patients.
    answers : mapping of str to int
        Answer, 0 or 1, of each patient.
    name : str
        The reader.

    Returns
    -------
    Sample
        The reader's answer stands on every entry of the patient.

    Raises
    ------
    UsageError
        With every patient that has no answer, is unknown, or has an answer other than 0 or 1.
    """
    missing = [who for who in sample.names if who not in answers]
    unknown = [who for who in answers if who not in sample.names]
    wrong = [who for who, answer in answers.items() if answer not in (0, 1)]
    lists = {"without an answer": missing, "not in the sample": unknown, "with an answer other than 0 and 1": wrong}
    found = [f"{what}: {', '.join(map(str, who[:5]))} ({len(who)} in all)" for what, who in lists.items() if who]
    if found:
        raise UsageError(f"reader {name}, patients {'; '.join(found)}; allowed: 0 or 1 for every patient of the sample")
    call = np.array([int(answers[who]) for who in sample.names], dtype=np.int64)[sample.patient]
    return replace(sample, call=call, score=call.astype(float), rule=f"reader {name}", probability=False)


def _same(first: Sample, second: Sample) -> None:
    """Raise UsageError unless two samples are about the same entries in the same order."""
    same = first.n == second.n and first.level == second.level and first.names == second.names
    if not same or not np.array_equal(first.truth, second.truth) or not np.array_equal(first.patient, second.patient):
        raise UsageError(
            f"{first.n} entries of {first.patients} patients ({first.level}) and {second.n} of {second.patients} ({second.level})"
            " are not the same; allowed: two samples with the same truth and patients in the same order, at the same level"
        )
