"""Shaken scores: against exact expectations, other packages and what must hold for any ratings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from dlrrc_core import stability
from dlrrc_core.chunks import Checkpoint
from dlrrc_core.problems import UsageError

NAN = float("nan")
BEST = [1, 1, 4]
LEVELS = [[1, 0], [1, 0], [4, 3, 0]]


def nowhere(units: np.ndarray) -> np.ndarray:
    return np.zeros(units.shape, dtype=bool)


def test_two_raters_give_the_binomial_distribution() -> None:
    # raters differ in four items of one unit each: every total has the chance of a binomial with n = 4, p = 1/2
    units = np.zeros((2, 1, 4))
    units[1] = 1
    points = stability.rater_noise(units, nowhere(units), [1] * 4, draws=40_000)[:, 0]
    seen = [(points == 25 * k).mean() for k in range(5)]
    expected = sps.binom.pmf(range(5), 4, 0.5)
    assert seen == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 40_000))  # worst difference seen: 0.003
    assert set(points) == {0.0, 25.0, 50.0, 75.0, 100.0}


def test_three_raters_are_taken_equally_often_and_missing_answers_never() -> None:
    units = np.array([[[0.0, 1, 4]], [[0, 1, 3]], [[1, NAN, 0]]])
    points = stability.rater_noise(units, nowhere(units), BEST, draws=30_000)[:, 0]
    mean = 100 / 6 * (1 / 3 + 1 + 7 / 3)
    assert points.mean() == pytest.approx(mean, abs=0.5)
    assert points.min() == pytest.approx(100 / 6)  # the second item is always there


def test_an_item_outside_for_a_rater_leaves_the_denominator_only_when_that_rater_is_drawn() -> None:
    units = np.array([[[1.0, 0, NAN]], [[1, 0, 4]]])
    outside = np.isnan(units)
    points = stability.rater_noise(units, outside, BEST, draws=400)[:, 0]
    assert set(np.round(points, 9)) == {50.0, round(500 / 6, 9)}  # 1 of 2 units, or 5 of 6


def test_an_item_without_any_answer_leaves_the_paper_without_a_score() -> None:
    units = np.array([[[1.0, NAN, 4], [1, 1, 4]]])
    points = stability.rater_noise(units, nowhere(units), BEST, draws=5)
    assert np.isnan(points[:, 0]).all()
    assert (points[:, 1] == 100).all()


def test_open_answers_range_from_the_worst_to_the_best_option() -> None:
    units = np.array([[1.0, 0, 3], [1, NAN, 0]])
    unsure = np.array([[True, False, True], [False, True, True]])
    ends, drawn = stability.opened(units, unsure, LEVELS, draws=6000)
    assert ends.tolist() == [[0.0, pytest.approx(500 / 6)], [20.0, 100.0]]  # not applicable stays outside
    assert drawn.min(axis=0) == pytest.approx(ends[:, 0])
    assert drawn.max(axis=0) == pytest.approx(ends[:, 1])
    assert drawn[:, 0].mean() == pytest.approx(100 / 6 * (0.5 + 7 / 3), abs=1.2)


def test_weights_have_the_moments_of_the_dirichlet_distribution() -> None:
    # a paper that has only item 3 shows the weight of item 3
    points = stability.reweighted(np.array([[0.0, 0, 4]]), BEST, 100, draws=40_000)[:, 0] / 100
    expected = sps.dirichlet(100 * np.array(BEST) / 6)
    assert points.mean() == pytest.approx(expected.mean()[2], abs=1e-3)
    assert points.var() == pytest.approx(expected.var()[2], rel=0.03)


def test_large_concentration_gives_the_published_weights() -> None:
    points = stability.reweighted(np.array([[1.0, 0.5, 3], [0, NAN, 4]]), BEST, 1e9, draws=50)
    assert points == pytest.approx(np.tile([75.0, 80.0], (50, 1)), abs=0.1)


def test_summary_of_draws_that_were_counted_by_hand() -> None:
    points = np.array([[60.0, 40, NAN, 60]] * 3 + [[45, 50, NAN, 70]])
    found = stability.summary(points, [56, 42, 10, 62], 50)
    first, second, none, last = found["papers"]
    assert found["n"] == 3
    assert none is None
    assert [first["at_line"], second["at_line"], last["at_line"]] == [0.75, 0.25, 1.0]
    assert found["verdict_stable"] == 1
    assert first["rank"] == pytest.approx([1.5, 1.5, 2.8875])  # ranks 1.5 1.5 1.5 3
    assert last["points"][1] == 60
    # orders: (1, 2 tied) against 56 42 62, and the last draw
    tau = [sps.kendalltau([60, 40, 60], [56, 42, 62]).statistic] * 3 + [
        sps.kendalltau([45, 50, 70], [56, 42, 62]).statistic
    ]
    assert found["rank_correlation"] == pytest.approx(np.percentile(tau, [2.5, 50, 97.5]).tolist())


@pytest.mark.parametrize("papers", [0, 1])
def test_summary_without_an_order(papers: int) -> None:
    found = stability.summary(np.full((4, papers), 70.0), [70.0] * papers, 50)
    assert (found["n"], found["verdict_stable"], found["rank_correlation"]) == (papers, papers, None)


def test_seed_and_checkpoint_give_the_same_draws(tmp_path: Any) -> None:
    units = np.array([[1.0, 0.5, 3]])
    first = stability.reweighted(units, BEST, 50, 500, 3, Checkpoint(tmp_path))
    assert list(tmp_path.iterdir())
    assert (stability.reweighted(units, BEST, 50, 500, 3, Checkpoint(tmp_path)) == first).all()
    assert (stability.reweighted(units, BEST, 50, 500, 3) == first).all()
    assert not (stability.reweighted(units, BEST, 50, 500, 4) == first).all()


def test_wrong_arguments_are_refused() -> None:
    units = np.ones((1, 2, 3))
    with pytest.raises(UsageError, match=r"allowed: \(raters, papers, items\)"):
        stability.rater_noise(units[0], nowhere(units[0]), BEST)
    with pytest.raises(UsageError, match=r"draws 0, seed 1; allowed: at least 1 draw"):
        stability.rater_noise(units, nowhere(units), BEST, draws=0)
    with pytest.raises(UsageError, match=r"concentration 0; allowed: above 0"):
        stability.reweighted(units[0], BEST, 0)


answers = st.sampled_from([0.0, 1.0, NAN])
papers = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.tuples(answers, answers), min_size=3, max_size=3), min_size=n, max_size=n)
)


@settings(max_examples=60, deadline=None)
@given(papers, st.booleans())
def test_draws_stay_between_the_worst_and_the_best_rater(values: list, all_outside: bool) -> None:
    units = np.moveaxis(np.array(values), 2, 0)  # raters, papers, items
    outside = np.isnan(units) if all_outside else nowhere(units)
    points = stability.rater_noise(units, outside, [1, 1, 1], draws=40)
    assert points.shape == (40, units.shape[1])
    known = np.isfinite(points)
    assert ((points[known] >= 0) & (points[known] <= 100)).all()
    if not all_outside:
        answered = np.isfinite(units).any(axis=0).all(axis=1)
        assert (known == answered).all()
        low, high = (100 / 3 * f(units[:, answered], axis=0).sum(axis=1) for f in (np.nanmin, np.nanmax))
        assert (points[:, answered] >= low - 1e-9).all()
        assert (points[:, answered] <= high + 1e-9).all()
    ends, drawn = stability.opened(units[0], np.isfinite(units[0]), [[0, 1]] * 3, draws=20)
    assert ends.shape == (units.shape[1], 2)
    assert (np.isnan(ends) == np.isnan(units[0]).all(axis=1)[:, None]).all()
    assert np.isfinite(drawn).all() or np.isnan(ends).any()
