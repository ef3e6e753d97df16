"""What a second sequence, clinical variables and a trained combiner add, how optimistic each set is, and calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.baseline import cases
from dlrrc_core.baseline.calibration import brier, calibration
from dlrrc_core.baseline.cases import Sample
from dlrrc_core.baseline.comparison import against_majority, compare_answers, compare_auc
from dlrrc_core.baseline.findings.common import difference, in_percent, over_trainings, share_key
from dlrrc_core.baseline.rates import Options, rates
from dlrrc_core.baseline.roc import roc_auc
from dlrrc_core.baseline.store import StoredRun

METRICS = ("accuracy", "sensitivity", "specificity")
SETS = ("training", "validation", "test", "new patients")
NEW, OUT_OF_BAG = "new patients", "out of bag"
PAIRS = (
    ("mean of sequences", "first sequence"),
    ("mean of three", "mean of sequences"),
    ("bagging, validation", "bagging, training"),
    ("bagging, validation", "mean of three"),
    ("regression, validation", "mean of three"),
    ("regression, validation", "regression, training"),
)
WILSON = Options(draws=100)  # each patient has one answer, so that proportions need no bootstrap
BINS = 10


def key(name: str) -> str:
    """Return the name of a model or set among the numbers: ``bagging, validation`` as ``bagging_validation``."""
    return name.replace(", ", "_").replace(" ", "_")


def effect_key(effect: float) -> str:
    """Return the name of a clinical effect: ``clinical_0`` to ``clinical_100``."""
    return share_key("clinical", effect)


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return metrics, optimism, paired differences, the zero rule and calibration of every model and clinical effect.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``ensemble``.

    Returns
    -------
    dict
        ``clinical.<effect>`` with ``models.<model>.<set>`` (estimates over all seeds, per cent; areas are means over the networks of the
        seeds), ``optimism.<model>``, ``paired`` (a list: first less second on new patients; ``trainings``, the difference in accuracy of
        each seed with its t interval, see :func:`~.common.over_trainings`), ``zero_rule.<model>.<set>`` and
        ``calibration.<model>.<method>`` (new patients: ``ece`` and ``brier`` with intervals, ``bins`` of the reliability diagram,
        ``slope``: mean over seeds, ``temperature``: lowest, mean and highest of the seeds). ``sizes.<set>``: patients of one seed.
        Patients of different seeds are different; intervals are over patients and take the trained models as given, except those of
        ``trainings``.
    """
    answers, lines = run.tables["answers"], run.tables["recalibrations"]
    found: dict[str, Any] = {}
    for effect, group in answers.groupby("clinical_effect"):
        plain = group[group["calibration"] == "none"]
        held = {name: sample(each) for name, each in plain.groupby(["model", "set"], sort=False)}
        models = list(dict.fromkeys(model for model, _ in held))
        own = lines[lines["clinical_effect"] == effect]
        found[effect_key(float(effect))] = {
            "models": {key(model): {key(s): _metrics(held[model, s]) for s in SETS} for model in models},
            "optimism": {key(model): _optimism(plain[plain["model"] == model]) for model in models},
            "paired": [_compared(one, other, held[one, NEW], held[other, NEW]) for one, other in PAIRS],
            "zero_rule": {key(model): {key(s): _zero_rule(held[model, s]) for s in ("test", NEW)} for model in models},
            "calibration": {
                key(model): _calibrations(group[(group["model"] == model) & (group["set"] == NEW)], own, model)
                for model in models
            },
        }
    return {
        "clinical": found,
        "models": {key(str(name)): str(name) for name in answers["model"].unique()},
        "effects": sorted(float(each) for each in answers["clinical_effect"].unique()),
        "seeds": sorted(int(each) for each in answers["seed"].unique()),
        "sizes": {key(part): _size(answers, part) for part in SETS},
    }


def _size(answers: pd.DataFrame, part: str) -> int:
    """Return how many patients a set of one seed holds, each with one answer of each model."""
    rows = answers[(answers["set"] == part) & (answers["calibration"] == "none")]
    first = rows.groupby(["seed", "clinical_effect", "model"])["probabilities"].apply(
        lambda texts: sum(len(str(text).split()) for text in texts)
    )
    return int(first.max())


def sample(table: pd.DataFrame) -> Sample:
    """Return stored answers, one patient each.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one model and set: ``seed``, ``label`` and ``probabilities``; patients of different seeds are different patients.
    """
    truth, probability, names, network = [], [], [], []
    for row in table.sort_values(["seed", "label"], kind="stable").itertuples():
        values = np.array(str(row.probabilities).split(), dtype=float)
        truth.append(np.full(len(values), row.label))
        probability.append(values)
        network += [row.seed] * len(values)
        names += [f"seed {row.seed}, class {row.label}, {k:06d}" for k in range(len(values))]
    return cases.sample(np.concatenate(truth), np.concatenate(probability), names, network=network)


def _metrics(answers: Sample) -> dict[str, Any]:
    """Return rates and area, per cent."""
    every = (*rates(answers, METRICS, WILSON), roc_auc(answers))
    return {each.metric: in_percent(each) for each in every}


def _optimism(table: pd.DataFrame) -> dict[str, Any]:
    """Return the accuracy of a model on each set for each seed, and how far that on the set it was fitted to lies above new patients.

    A combiner was fitted to the set after the comma of its name, everything else to the training set.
    """
    name = str(table["model"].iloc[0])
    fitted = name.partition(", ")[2] or "training"
    seeds: list[dict[str, Any]] = []
    for seed, each in table.groupby("seed"):
        found = {str(s): sample(rows) for s, rows in each.groupby("set")}
        right = {s: 100 * float((own.call == own.truth).mean()) for s, own in found.items()}
        seeds.append(
            {
                "seed": int(seed),
                "fitted": right[fitted],
                "out_of_bag": right.get(OUT_OF_BAG),
                "test": right["test"],
                "new_patients": right[NEW],
            }
        )
    gaps = np.array([each["fitted"] - each["new_patients"] for each in seeds])
    return {
        "fitted_to": fitted,
        "seeds": seeds,
        "difference": _ends(gaps),
        **{
            name: float(np.mean([each[name] for each in seeds]))
            for name in ("fitted", "out_of_bag", "test", "new_patients")
            if seeds[0][name] is not None
        },
    }


def _ends(values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return lowest, mean and highest of the seeds."""
    return {"lowest": float(values.min()), "mean": float(values.mean()), "highest": float(values.max())}


def _compared(first: str, second: str, one: Sample, other: Sample) -> dict[str, Any]:
    """Return the paired differences of two models on new patients, per cent."""
    found = {"accuracy": compare_answers(one, other), "roc_auc": compare_auc(one, other)}
    gained = 100 * ((one.call == one.truth).astype(float) - (other.call == other.truth))
    own = np.zeros(one.n) if one.network is None else one.network
    return {
        "first": first,
        "second": second,
        **{name: difference(each) for name, each in found.items()},
        "trainings": over_trainings([float(gained[own == each].mean()) for each in np.unique(own)]),
    }


def _zero_rule(answers: Sample) -> dict[str, Any]:
    """Return the accuracy of always answering the larger class, and the exact binomial test against it."""
    found = against_majority(answers, WILSON)
    return {"percent": 100 * found.second, "difference": 100 * found.value, "p": found.p, "n": found.n}


def _calibrations(table: pd.DataFrame, lines: pd.DataFrame, model: str) -> dict[str, Any]:
    """Return calibration on new patients before and after recalibration."""
    found: dict[str, Any] = {}
    for method, rows in table.groupby("calibration", sort=False):
        answers = sample(rows)
        diagram = calibration(answers, BINS)
        slopes = lines[(lines["model"] == model) & (lines["calibration"] == method)]["slope"]
        found[str(method)] = {
            "ece": _plain(diagram.error),
            "brier": _plain(brier(answers)),
            "bins": diagram.as_dict()["bins"],
            "slope": float(slopes.mean()) if len(slopes) else None,
            "temperature": _ends(1 / slopes.to_numpy()) if method == "temperature" and len(slopes) else None,
        }
    return found


def _plain(estimate: Any) -> dict[str, Any]:
    """Return value, interval and method, not in per cent."""
    low, high = estimate.interval or (None, None)
    return {"value": estimate.value, "interval": [low, high], "n": estimate.n, "method": estimate.method}
