"""Temperature and Platt scaling against a search over a grid and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from dlrrc_core.baseline.recalibration import Recalibration, log_odds, platt, temperature
from dlrrc_core.problems import UsageError


def drawn(factor: float, shift: float = 0.0, n: int = 4000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities whose log odds are ``factor`` times the true ones, plus a shift, and truths."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 1.2, n)
    return expit(factor * true + shift), (rng.random(n) < expit(true)).astype(int)


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_temperature_is_the_best_of_a_grid(factor: float) -> None:
    probability, truth = drawn(factor)
    found = temperature(probability, truth)
    grid = np.exp(np.linspace(np.log(0.05), np.log(20), 4001))
    signed = np.where(truth == 1, 1, -1) * log_odds(probability)
    loss = -log_expit(signed[None] / grid[:, None]).mean(axis=1)
    assert found.temperature == pytest.approx(grid[loss.argmin()], rel=2e-3)  # the grid steps by 0.15 %
    assert found.temperature == pytest.approx(factor, rel=0.1)  # what was put in; sampling error of 4,000 is about 4 %
    assert found.intercept == 0


def test_temperature_keeps_order_and_answers() -> None:
    probability, truth = drawn(3.0, n=200)
    scaled = temperature(probability, truth)(probability)
    assert (np.diff(scaled[np.argsort(probability)]) >= 0).all()  # equal only where nearly certain answers were cut off
    assert np.array_equal(scaled >= 0.5, probability >= 0.5)


class Decided(ClassifierMixin, BaseEstimator):
    """A classifier whose decision is its only variable."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Decided:
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return (x[:, 0] > 0).astype(int)


@pytest.mark.parametrize(("factor", "shift", "n"), [(3.0, 0.7, 400), (0.5, -1.0, 60), (1.0, 0.0, 2000)])
def test_platt_as_in_scikit_learn(factor: float, shift: float, n: int) -> None:
    probability, truth = drawn(factor, shift, n)
    x = log_odds(probability)[:, None]
    peer = CalibratedClassifierCV(FrozenEstimator(Decided().fit(x, truth)), method="sigmoid").fit(x, truth)
    # worst difference seen 2e-6; the peer stops at a gradient of 1e-6
    np.testing.assert_allclose(platt(probability, truth)(probability), peer.predict_proba(x)[:, 1], atol=2e-5)


def test_platt_is_finite_when_the_classes_do_not_overlap() -> None:
    found = platt([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    # best possible answers are Platt's targets, 1/4 and 3/4; the line cannot reach them on both sides at all four
    assert np.isfinite([found.slope, found.intercept]).all()
    assert found([0.1, 0.9]) == pytest.approx([0.25, 0.75], abs=0.06)


def test_certain_answers_count_as_nearly_certain() -> None:
    assert Recalibration(1.0)([0.0, 1.0]) == pytest.approx([1e-4, 1 - 1e-4])
    truth = np.array([1, 0, 0, 1, 1, 0])
    assert np.isfinite(temperature([1, 0, 1, 1, 0, 0], truth).temperature)


def test_refused() -> None:
    with pytest.raises(UsageError, match="3 probabilities and 2 truths"):
        temperature([0.1, 0.2, 0.3], [0, 1])
    with pytest.raises(UsageError, match="allowed: as many, with 0 and 1"):
        platt([0.1, 0.2], [1, 1])
