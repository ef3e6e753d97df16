"""Makes probabilities mean what they say, with one number (temperature) or two (Platt) learned from answers with known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit

from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
CLIP = 1e-4  # probabilities nearer to 0 or 1 count as this, as an ensemble of trees answers exactly 0 or 1
HOTTEST = 100.0  # bounds of the temperature: 1/100 to 100


@dataclass(frozen=True)
class Recalibration:
    """A straight line on the scale of log odds: ``logit(q) = slope logit(p) + intercept``.

    Attributes
    ----------
    slope : float
        Below 1 draws probabilities towards 1/2; ``1 / slope`` is the temperature.
    intercept : float
        Shift of the log odds; 0 for temperature scaling.
    """

    slope: float
    intercept: float = 0.0

    @property
    def temperature(self) -> float:
        """Return ``1 / slope``: above 1 the probabilities were too sure of themselves."""
        return 1 / self.slope

    def __call__(self, probability: npt.ArrayLike) -> Floats:
        """Return recalibrated probabilities of class 1, shape as given."""
        return np.asarray(expit(self.slope * log_odds(probability) + self.intercept), dtype=float)


def log_odds(probability: npt.ArrayLike) -> Floats:
    """Return the log odds of probabilities, those beyond 0.0001 and 0.9999 taken as these."""
    return np.asarray(logit(np.clip(np.asarray(probability, dtype=float), CLIP, 1 - CLIP)), dtype=float)


def temperature(probability: npt.ArrayLike, truth: npt.ArrayLike) -> Recalibration:
    """Fit temperature scaling.

    Parameters
    ----------
    probability : array_like of float, shape (n,)
        Probability of class 1 in cases that the model did not learn from.
    truth : array_like of int, shape (n,)
        0 or 1; both occur.

    Returns
    -------
    Recalibration
        The temperature, within 0.01 to 100, with the lowest cross-entropy; answers at 0.5 do not change.

    Raises
    ------
    UsageError
        When lengths differ or a class is missing.

    Notes
    -----
    Source: Guo et al. (2017), ICML, 1321-1330. For two classes the softmax of ``z / T`` is the expit of the log odds over T. Checked
    against a search over a grid.
    """
    x, y = _checked(probability, truth)
    sign = 2.0 * y - 1.0

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -sign * x / np.exp(log_temperature)).mean())

    edge = float(np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=(-edge, edge), method="bounded", options={"xatol": 1e-8})
    return Recalibration(float(np.exp(-found.x)))


def platt(probability: npt.ArrayLike, truth: npt.ArrayLike) -> Recalibration:
    """Fit Platt's scaling.

    Parameters
    ----------
    probability, truth
        As in :func:`temperature`.

    Returns
    -------
    Recalibration
        Slope and intercept with the lowest cross-entropy against Platt's targets.

    Raises
    ------
    UsageError
        As :func:`temperature`.

    Notes
    -----
    Targets are ``(P + 1) / (P + 2)`` for the P cases of class 1 and ``1 / (N + 2)`` for the N of class 0, so that the fit is finite
    when the classes do not overlap. Source: Platt (1999), Advances in Large Margin Classifiers, 61-74. Checked against scikit-learn's
    ``CalibratedClassifierCV(method="sigmoid")``.
    """
    x, y = _checked(probability, truth)
    positive = y.sum()
    target = np.where(y == 1, (positive + 1) / (positive + 2), 1 / (y.size - positive + 2))

    def loss(line: Floats) -> tuple[float, Floats]:
        z = line[0] * x + line[1]
        gap = expit(z) - target
        return float((np.logaddexp(0, z) - target * z).mean()), np.array([(gap * x).mean(), gap.mean()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-8})
    return Recalibration(float(found.x[0]), float(found.x[1]))


def _checked(probability: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return log odds and truth, or refuse them."""
    x, y = log_odds(probability), np.asarray(truth, dtype=float)
    if x.shape != y.shape or set(np.unique(y)) != {0.0, 1.0}:
        raise UsageError(
            f"{x.size} probabilities and {y.size} truths with the classes {sorted(set(y.tolist()))[:5]};"
            " allowed: as many, with 0 and 1"
        )
    return x, y
