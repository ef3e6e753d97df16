"""Accuracy under each way of splitting, over patients and over trainings, and what each network learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dlrrc_core.baseline.findings.common import COIN, effect_key, estimates, over_trainings
from dlrrc_core.baseline.store import StoredRun

LEVELS = ("image", "votes", "mean_probability")  # a held out case has too few slices for a rule on consecutive ones
SETS = {"held out": "held_out", "new patients": "new_patients"}


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return accuracy by condition, effect, test set and level.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``leakage``.

    Returns
    -------
    dict
        ``conditions.<condition>.<effect>.<set>``: ``pooled`` (estimates over the patients of all seeds, which are different patients; the
        intervals take the networks as given), ``seeds``, a list with the estimates of each seed, and ``trainings.<level>``, the
        accuracies as :func:`~.common.over_trainings` gives them. Beside the sets ``selected``: the highest validation accuracy of each
        training, the number that the seed paper prints; ``epochs``; ``learned``, as :func:`learned` gives it.
        ``splits.<effect>``: accuracy on images of new patients after a split by image less that by patient, paired by seed, as
        :func:`~.common.over_trainings` gives it. ``coin``: what tossing a coin gives, per cent.
    """
    table, curves = run.tables["cases"], run.tables["curves"]
    found: dict[str, Any] = {}
    for (condition, effect), group in table.groupby(["condition", "effect"], sort=False):
        place: dict[str, Any] = {}
        for name, label in SETS.items():
            rows = group[group["set"] == name]
            seeds: list[dict[str, Any]] = [
                {"seed": int(seed), **estimates(each, levels=LEVELS)} for seed, each in rows.groupby("seed")
            ]
            place[label] = {
                "pooled": estimates(rows, levels=LEVELS),
                "seeds": seeds,
                "trainings": {
                    level: over_trainings([each[level]["accuracy"]["percent"] for each in seeds]) for level in LEVELS
                },
            }
        here = curves[(curves["condition"] == condition) & (curves["effect"] == effect)]
        best = 100 * here.groupby("seed")["valid_accuracy"].max()
        place["selected"] = {"lowest": float(best.min()), "mean": float(best.mean()), "highest": float(best.max())}
        place["epochs"] = int(here.groupby("seed")["epoch"].max().max())
        place["learned"] = learned(run.record.facts["jobs"], str(condition), float(effect))
        found.setdefault(str(condition), {})[effect_key(float(effect))] = place
    return {
        "conditions": found,
        "splits": _splits(found),
        "seeds": sorted(int(seed) for seed in table["seed"].unique()),
        "coin": COIN,
    }


def learned(jobs: Sequence[dict[str, Any]], condition: str, effect: float) -> dict[str, Any] | None:
    """Return what the networks of a condition learned from.

    Parameters
    ----------
    jobs : sequence of dict
        Facts of the run, one for each training.
    condition : str
    effect : float
        Of the training, 0-1.

    Returns
    -------
    dict or None
        ``train`` and ``valid``, each with ``images`` and ``patients`` of one training (the largest, should trainings differ), and
        ``kept``, the round whose weights were kept, by seed. None where the run has no such records.
    """
    own = [each["training"] for each in jobs if (each["condition"], each["effect"]) == (condition, effect)]
    if not own:
        return None
    parts = {
        part: {unit: max(int(each["data"][part][unit]) for each in own) for unit in ("images", "patients")}
        for part in ("train", "valid")
    }
    return {**parts, "kept": [int(each["stopping"]["best_epoch"]) for each in own]}


def _splits(found: dict[str, Any]) -> dict[str, Any]:
    """Return accuracy on images of new patients, split by image less split by patient, for each effect that both have."""
    image, patient = (
        {
            effect: pd.Series(
                {each["seed"]: each["image"]["accuracy"]["percent"] for each in place["new_patients"]["seeds"]}
            )
            for effect, place in found.get(condition, {}).items()
        }
        for condition in ("image", "patient")
    )
    return {
        effect: over_trainings((image[effect] - patient[effect]).dropna().tolist())
        for effect in image
        if effect in patient
    }
