"""Whether probabilities mean what they say: reliability diagram as numbers, expected calibration error and Brier score."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dlrrc_core.baseline.cases import Floats, Sample
from dlrrc_core.baseline.rates import Estimate, Options, bounds, from_sums, number
from dlrrc_core.problems import UsageError, one_of

BINNINGS = ("equal width", "equal mass")
CONFIDENCES = {
    "positive": "probability of class 1 against the share of class 1",
    "answer": "probability of the more probable class (class 1 at 0.5) against the share of right answers",
}


@dataclass(frozen=True)
class Bin:
    """One point of the reliability diagram.

    Attributes
    ----------
    low, high : float
        Edges; a bin holds its upper edge, the first one its lower edge too.
    n : int
        Entries, at least 1.
    confidence : float
        Mean confidence of the entries, 0-1.
    observed : float
        Share of entries for which the outcome is true, 0-1.
    interval : tuple of float or None
        Interval of ``observed``; None in clustered data.
    """

    low: float
    high: float
    n: int
    confidence: float
    observed: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Calibration:
    """A reliability diagram and its expected calibration error.

    Attributes
    ----------
    error : Estimate
        Expected calibration error (ECE).
    maximum : float
        Largest gap of a bin (maximum calibration error).
    binning : {"equal width", "equal mass"}
        How the bins were cut.
    definition : str
        Which confidence is held against which outcome.
    bins : tuple of Bin
        The bins that hold an entry.
    """

    error: Estimate
    maximum: float
    binning: str
    definition: str
    bins: tuple[Bin, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        bins = [asdict(each) | {"interval": each.interval and list(each.interval)} for each in self.bins]
        return asdict(self) | {"error": self.error.as_dict(), "bins": bins}


def calibration(
    sample: Sample,
    bins: int = 10,
    binning: str = "equal width",
    confidence: str = "positive",
    options: Options | None = None,
) -> Calibration:
    """Return the reliability diagram of a sample as numbers, with the expected calibration error.

    Parameters
    ----------
    sample : Sample
        Answers whose scores are probabilities.
    bins : int, default 10
        Number of bins, 1 or more.
    binning : {"equal width", "equal mass"}, default "equal width"
        Bins of the same width from 0 to 1, or cut at quantiles so that they hold about the same number of entries.
    confidence : {"positive", "answer"}, default "positive"
        Probability of class 1 held against the share of class 1, or the probability of the more probable class held against the share of
        right answers. The latter does not depend on the threshold of the sample.
    options : Options, optional
        Draws, seed, confidence level and interval of proportions.

    Returns
    -------
    Calibration

    Raises
    ------
    UsageError
        When the scores are no probabilities, or a value is outside what is allowed.

    Notes
    -----
    ``ECE = sum over bins of n_b / n |observed_b - confidence_b|``. Bins hold their upper edge; quantile edges are those of the whole
    sample in every bootstrap draw. ECE is never below 0 and too large in small samples, even for a calibrated model. Sources: Naeini et
    al. (2015), AAAI 29; Guo et al. (2017), ICML 1321-1330 (confidence "answer"). Checked against scikit-learn's ``calibration_curve``.
    """
    one_of(binning, BINNINGS, "binning")
    one_of(confidence, CONFIDENCES, "confidence")
    if bins < 1:
        raise UsageError(f"{bins} bins; allowed: 1 or more")
    _needs_probability(sample)
    chosen = options or Options()
    believed, outcome = sample.score, sample.truth.astype(float)
    if confidence == "answer":
        outcome = ((sample.score >= 0.5) == (sample.truth == 1)).astype(float)
        believed = np.maximum(sample.score, 1 - sample.score)
    steps = np.linspace(0, 1, bins + 1)
    edges = steps if binning == "equal width" else np.quantile(believed, steps)
    place = np.searchsorted(edges[1:-1], believed, side="left")
    inside = place[:, None] == np.arange(bins)
    gaps = inside * (outcome - believed)[:, None]

    def statistic(sums: Floats) -> Floats:
        return np.abs(sums[:, 1:]).sum(axis=1, keepdims=True) / sums[:, :1]

    features = np.concatenate([np.ones((sample.n, 1)), gaps], axis=1)
    name = f"expected calibration error, {bins} bins of {binning}, {CONFIDENCES[confidence]}"
    error = _estimate("ece", sample, features, statistic, chosen)
    found = tuple(
        _bin(
            edges[k], edges[k + 1], believed[inside[:, k]], outcome[inside[:, k]], None if sample.clustered else chosen
        )
        for k in range(bins)
        if inside[:, k].any()
    )
    return Calibration(error, max(abs(each.observed - each.confidence) for each in found), binning, name, found)


def brier(sample: Sample, options: Options | None = None) -> Estimate:
    """Return the Brier score: the mean squared difference of probability and truth.

    Parameters
    ----------
    sample : Sample
        Answers whose scores are probabilities.
    options : Options, optional
        Draws, seed and confidence level.

    Returns
    -------
    Estimate
        0 (best) to 1, with the bootstrap interval over patients.

    Raises
    ------
    UsageError
        When the scores are no probabilities.

    Notes
    -----
    Source: Brier (1950), Mon Weather Rev 78:1-3, for two classes with one term. Checked against scikit-learn's ``brier_score_loss``.
    """
    _needs_probability(sample)
    features = np.stack([np.ones(sample.n), (sample.score - sample.truth) ** 2], axis=1)
    return _estimate("brier", sample, features, lambda sums: sums[:, 1:] / sums[:, :1], options or Options())


def _needs_probability(sample: Sample) -> None:
    if not sample.probability:
        raise UsageError(
            f"the score of the rule '{sample.rule}' is no probability; allowed: images, or cases by mean probability"
        )


def _estimate(name: str, sample: Sample, features: Floats, statistic: Any, options: Options) -> Estimate:
    boot = from_sums(sample, features, statistic, options)
    interval, note = bounds(boot, 0)
    return Estimate.of(sample, options, name, number(boot.estimate[0]), interval, options.bootstrap, note)


def _bin(low: float, high: float, believed: Floats, outcome: Floats, options: Options | None) -> Bin:
    interval = None if options is None else options.proportion_interval(outcome.sum(), outcome.size)
    return Bin(float(low), float(high), int(outcome.size), float(believed.mean()), float(outcome.mean()), interval)
