"""Accuracy by network and learning rate, the parabola through it, and what such a comparison could see."""

from __future__ import annotations

from dataclasses import asdict
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from dlrrc_core import stats
from dlrrc_core.baseline.findings import published
from dlrrc_core.baseline.findings.common import estimates, samples
from dlrrc_core.baseline.findings.network_size_curve import LEVEL, detectable, parabola, single_comparison
from dlrrc_core.baseline.roc import placements
from dlrrc_core.baseline.store import StoredRun

LEVELS = ("image", "mean_probability")
OUTCOMES = {"image": "image", "case": "mean_probability", "auc": "mean_probability"}
PAPER = "zuo2021"
MODELS = {
    "ShuffleNet": "shufflenetv2",
    "MobileNetV2": "mobilenetv2",
    "EfficientNet": "efficientnet_b0",
    "ResNet-34": "resnet34",
    "ResNet-50": "resnet50",
    "ResNet-101": "resnet101",
}
TOP = "mobilenetv2"  # the top of the printed parabola
COIN = float(np.log(2))  # cross-entropy of a network that knows nothing about two equal classes
CONVERGED = 0.95 * COIN


def rate_key(rate: float) -> str:
    """Return the name of a learning rate among the numbers: its millionths, ``rate_5000`` for 0.005."""
    return f"rate_{round(1e6 * rate)}"


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return accuracies, fits and differences of every learning rate, and the printed values.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``network-size``.

    Returns
    -------
    dict
        ``rates.<rate>`` as :func:`of_rate` gives it; ``first``, the name of the learning rate of the seed paper (the first asked for);
        ``published``, the printed values by network; ``seeds``, ``patients`` (training and new), ``classes``, ``effect``,
        ``rounds`` and ``steps`` of a training, ``coin``.
    """
    asked = run.record.parameters
    trainings = run.tables["trainings"]
    found = {}
    for rate, rows in trainings.groupby("learning_rate", sort=False):
        tables = {name: run.tables[name][run.tables[name]["learning_rate"] == rate] for name in ("cases", "curves")}
        found[rate_key(float(rate))] = {
            "learning_rate": float(rate),
            **of_rate(rows, tables["cases"], tables["curves"]),
        }
    each = 1 if asked["augmentation"] != "15-fold" else asked["variants_per_epoch"]
    steps = ceil(each * int(trainings["train_images"].max()) / asked["batch"])
    return {
        "rates": found,
        "first": rate_key(float(asked["learning_rates"][0])),
        "published": printed(),
        "seeds": int(trainings["seed"].nunique()),
        "patients": {"training": int(asked["patients"]), "new": int(asked["new_patients"])},
        "classes": list(asked["classes"]),
        "effect": float(asked["effect"]),
        "rounds": int(asked["epochs"]),
        "steps": steps,
        "coin": {"loss": COIN, "converged_below": CONVERGED},
    }


def of_rate(trainings: pd.DataFrame, cases: pd.DataFrame, curves: pd.DataFrame) -> dict[str, Any]:
    """Return what was found at one learning rate.

    Parameters
    ----------
    trainings, cases, curves : pandas.DataFrame
        Tables of the experiment at that rate.

    Returns
    -------
    dict
        ``networks``: by increasing size, with accuracy on images, on cases (mean probability) and AUC of cases (the mean over the
        networks of the seeds), each with the 95 % interval over patients (``percent``, ``interval``), of each seed (``seeds``), and their
        mean with the t interval over seeds; ``converged`` of ``trainings``. ``fits.<outcome>.<which>.<unit>``:
        :class:`~.network_size_curve.Curve` for all trainings or those that converged, with seeds as blocks or the means of the networks
        as the units. ``differences``: MobileNetV2 less each other network by seed. ``single.<which>``: as
        :func:`~.network_size_curve.single_comparison` gives it, for all networks and for those of which every training converged.

    Notes
    -----
    A training counts as converged when its loss in the last round is below 95 % of ln 2, the loss of tossing a coin.
    """
    values = by_training(trainings, cases, curves)
    networks = []
    for name, rows in values.groupby("network", sort=False):
        own = cases[cases["network"] == name]
        networks.append(_network(str(name), rows, own))
    chosen = {"all": values, "converged": values[values["converged"]]}
    fits = {
        outcome: {which: _fits(rows.dropna(subset=[outcome]), outcome) for which, rows in chosen.items()}
        for outcome in OUTCOMES
    }
    sure = [row["network"] for row in networks if row["converged"] == row["trainings"]]
    return {
        "networks": networks,
        "fits": fits,
        "differences": {outcome: differences(values, outcome) for outcome in OUTCOMES},
        "single": {
            "all": single_comparison(cases),
            "converged": single_comparison(cases[cases["network"].isin(sure)]),
        },
    }


def by_training(trainings: pd.DataFrame, cases: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Return one row per training by increasing size: network, seed, size, outcomes in per cent (NaN without answers), converged."""
    last = curves.sort_values("epoch").groupby(["network", "seed"])["train_loss"].last()
    answered = dict(list(cases.groupby(["network", "seed"])))
    rows = []
    for each in trainings.sort_values(["parameters", "seed"], kind="stable").itertuples():
        key = (each.network, each.seed)
        found = outcomes(answered[key]) if key in answered else dict.fromkeys(OUTCOMES, np.nan)
        converged = bool(last.get(key, np.inf) < CONVERGED)
        rows.append(
            {
                "network": each.network,
                "seed": int(each.seed),
                "parameters": int(each.parameters),
                "size": float(np.log10(each.parameters)),
                "converged": converged,
                **found,
            }
        )
    return pd.DataFrame(rows)


def outcomes(rows: pd.DataFrame) -> dict[str, float]:
    """Return accuracy on images, accuracy on cases by mean probability and the AUC of cases, in per cent."""
    found = samples(rows, LEVELS)
    image, case = found["image"], found["mean_probability"]
    return {
        "image": 100 * float((image.call == image.truth).mean()),
        "case": 100 * float((case.call == case.truth).mean()),
        "auc": 100 * float(placements(case.truth, case.score)[0].mean()),
    }


def differences(values: pd.DataFrame, outcome: str) -> list[dict[str, Any]]:
    """Return how much better MobileNetV2 is than each other network, paired by seed.

    Parameters
    ----------
    values : pandas.DataFrame
        As :func:`by_training` gives it.
    outcome : str
        Column.

    Returns
    -------
    list of dict
        ``network``; ``mean`` difference in points; ``interval`` (95 %, paired t); ``p``; ``detectable``: the true difference that as many
        seeds find with a chance of 80 %; ``seeds``. Intervals are None below two seeds.
    """
    wide = values.pivot_table(index="seed", columns="network", values=outcome, sort=False)
    found = []
    for name in [each for each in wide if each != TOP and TOP in wide]:
        pairs = (wide[TOP] - wide[name]).dropna()
        told = stats.mean(pairs)
        error = told.sd / np.sqrt(told.n) if told.n > 1 else np.nan
        known = bool(error > 0)
        found.append(
            {
                "network": str(name),
                "mean": told.mean,
                "interval": list(told.ci) if told.n > 1 else [None, None],
                "p": float(2 * student.sf(abs(told.mean) / error, told.n - 1)) if known else None,
                "detectable": detectable(error, told.n - 1) if known else None,
                "seeds": told.n,
            }
        )
    return found


def printed() -> list[dict[str, Any]]:
    """Return what the seed paper prints of each network, by increasing size: parameters, accuracies, and whether it converged."""
    record = published.paper(PAPER)
    trainable: Any = record.compute["parameters_trainable"]
    rows = []
    for model, name in MODELS.items():
        validation = (
            published.percent(record, "validation (best)", model, level="image") if _has(record, model) else None
        )
        rows.append(
            {
                "network": name,
                "model": model,
                "parameters": published.count(trainable[model]),
                "log10": float(np.log10(published.count(trainable[model]))),
                "validation": validation,
                "test": published.percent(record, "test", model),
                "converged": _has(record, model),
            }
        )
    return sorted(rows, key=lambda row: row["parameters"])


def _has(record: Any, model: str) -> bool:
    """Return whether the record has a validation accuracy of a model; where it has none, the paper says that it cannot converge."""
    return any(
        row.model == model and row.split == "validation (best)" and "accuracy" in row.values for row in record.results
    )


def _network(name: str, rows: pd.DataFrame, cases: pd.DataFrame) -> dict[str, Any]:
    """Return what was found of one network."""
    found: dict[str, Any] = {
        "network": name,
        "parameters": int(rows["parameters"].iloc[0]),
        "log10": float(rows["size"].iloc[0]),
        "trainings": len(rows),
        "converged": int(rows["converged"].sum()),
        "failed": int(rows["image"].isna().sum()),
    }
    pooled = estimates(cases, levels=LEVELS, auc=True) if len(cases) else None
    for outcome, level in OUTCOMES.items():
        told = stats.mean(rows[outcome])
        found[outcome] = {
            **(
                pooled[level]["roc_auc" if outcome == "auc" else "accuracy"]
                if pooled
                else {"percent": None, "interval": [None, None]}
            ),
            "seeds": [None if np.isnan(value) else float(value) for value in rows[outcome]],
            "mean": None if not told.n else told.mean,
            "seed_interval": list(told.ci) if told.n > 1 else [None, None],
        }
    return found


def _fits(rows: pd.DataFrame, outcome: str) -> dict[str, Any]:
    """Return the parabola with seeds as blocks, and through the means of the networks."""
    within = rows[outcome] - rows.groupby("seed")[outcome].transform(
        "mean"
    )  # a seed whose cohort is easy lifts no network
    means = rows.assign(within=within).groupby("network", sort=False)[["size", "within"]].mean()
    curves = {
        "seeds": parabola(rows["size"], rows[outcome], rows["seed"]),
        "networks": parabola(means["size"], means["within"]),
    }
    return {unit: None if curve is None else _plain(asdict(curve)) for unit, curve in curves.items()}


def _plain(curve: dict[str, Any]) -> dict[str, Any]:
    """Return a curve with lists, and whether it is an inverted U at the 5 % level."""
    top = curve["turning_point"]
    return {
        **curve,
        "interval": list(curve["interval"]),
        "line": [list(point) for point in curve["line"]],
        "inverted_u": bool(curve["p_inverted_u"] < LEVEL),
        "top_millions": None if top is None or not 0 < top < 12 else 10**top / 1e6,
    }
