"""Metrics of stored answers at the level of images and of cases, in per cent, ready for a chapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlrrc_core import stats
from dlrrc_core.baseline import cases
from dlrrc_core.baseline.cases import Sample
from dlrrc_core.baseline.comparison import Comparison
from dlrrc_core.baseline.predictions import images
from dlrrc_core.baseline.rates import Estimate, Options, rates
from dlrrc_core.baseline.roc import roc_auc

COIN = 50.0  # per cent right by tossing a coin
LEVELS = ("image", "votes", "consecutive_slices", "mean_probability")


def samples(table: pd.DataFrame, levels: Sequence[str] = LEVELS) -> dict[str, Sample]:
    """Return the answers of a table at several levels.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows as :func:`dlrrc_core.baseline.predictions.rows` makes them.
    levels : sequence of str
        Of ``image``, ``votes``, ``consecutive_slices``, ``mean_probability``.
    """
    answers = images(table)
    model = cases.sample(
        answers["truth"],
        answers["probability"],
        answers["patient"],
        answers["slice_order"],
        network=answers.get("network"),
    )
    rules = {
        "image": lambda: model,
        "votes": lambda: cases.votes(model),
        "consecutive_slices": lambda: cases.consecutive_slices(model),
        "mean_probability": lambda: cases.mean_probability(model),
    }
    return {level: rules[level]() for level in levels}


def estimates(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("accuracy",),
    levels: Sequence[str] = LEVELS,
    auc: bool = False,
    options: Options | None = None,
) -> dict[str, dict[str, Any]]:
    """Return metrics of stored answers.

    Parameters
    ----------
    table : pandas.DataFrame
        As in :func:`samples`.
    metrics : sequence of str
        Of the two by two table.
    levels : sequence of str
        As in :func:`samples`.
    auc : bool, default False
        Whether to add ``roc_auc`` (DeLong; of several seeds the mean of the areas within each).
    options : Options, optional
        Of the intervals.

    Returns
    -------
    dict
        Level, then metric, then ``percent``, ``interval`` (95 %, per cent; over patients), ``n``, ``patients`` and ``method``.
    """
    chosen = options or Options()
    found: dict[str, dict[str, Any]] = {}
    for level, sample in samples(table, levels).items():
        every = {each.metric: each for each in rates(sample, metrics, chosen)}
        if auc:
            every["roc_auc"] = roc_auc(sample, "plain", chosen)
        found[level] = {name: in_percent(each) for name, each in every.items()}
    return found


def over_trainings(values: Sequence[float]) -> dict[str, Any]:
    """Return what single trainings gave, and what that says about another one.

    Parameters
    ----------
    values : sequence of float
        One number for each training.

    Returns
    -------
    dict
        ``values``, ``mean``, ``lowest``, ``highest``, ``n`` and ``interval``, the 95 % t interval of the mean over trainings, None
        below two of them. Where each training has patients of its own, the interval holds the chance of both.
    """
    told = stats.mean(values)
    return {
        "values": [float(value) for value in values],
        "mean": told.mean,
        "lowest": told.low,
        "highest": told.high,
        "n": told.n,
        "interval": [float(end) for end in told.ci] if told.n > 1 else [None, None],
    }


def side(interval: Sequence[float | None], null: float = 0.0) -> str:
    """Return where an interval lies.

    Parameters
    ----------
    interval : sequence of float or None
        Lower and upper end.
    null : float, default 0
        Value of no effect, in the unit of the interval.

    Returns
    -------
    str
        ``above`` or ``below`` the value, ``open`` when the interval holds it, ``unknown`` when an end is missing.
    """
    low, high = interval
    if low is None or high is None:
        return "unknown"
    return "above" if low > null else "below" if high < null else "open"


def effect_key(effect: float) -> str:
    """Return the name of an effect among the numbers, see :func:`share_key`."""
    return share_key("effect", effect)


def share_key(name: str, share: float) -> str:
    """Return a name with a share in per cent: ``effect_0`` to ``effect_100``, ``effect_0_1`` for 0.001."""
    return f"{name}_{100 * share:g}".replace(".", "_")


def percent_interval(interval: tuple[float, float] | None) -> list[float | None]:
    """Return both ends of an interval in per cent, None where there is none."""
    return [None, None] if interval is None else [100 * end for end in interval]


def in_percent(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as a dictionary in per cent."""
    return {
        "percent": None if estimate.value is None else 100 * estimate.value,
        "interval": percent_interval(estimate.interval),
        "n": estimate.n,
        "patients": estimate.patients,
        "method": estimate.method,
    }


def difference(found: Comparison) -> dict[str, Any]:
    """Return a comparison of two models as a dictionary in per cent."""
    return {
        "percent": 100 * found.value,
        "interval": percent_interval(found.interval),
        "p": found.p,
        "test": found.test,
        "method": found.method,
        "n": found.n,
    }
