"""Accuracy under each way of splitting, pooled over seeds and per seed."""

from __future__ import annotations

from typing import Any

from dlrrc_core.baseline.findings.common import effect_key, estimates
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
        ``conditions.<condition>.<effect>.<set>``: ``pooled`` (estimates over all seeds: the patients of different seeds are
        different patients) and ``seeds``, a list with the estimates of each seed; ``selected``: the highest validation accuracy
        of each training, the number that the seed paper prints.
    """
    table, curves = run.tables["cases"], run.tables["curves"]
    found: dict[str, Any] = {}
    for (condition, effect), group in table.groupby(["condition", "effect"], sort=False):
        place: dict[str, Any] = {}
        for name, label in SETS.items():
            rows = group[group["set"] == name]
            place[label] = {
                "pooled": estimates(rows, levels=LEVELS),
                "seeds": [{"seed": int(seed), **estimates(each, levels=LEVELS)} for seed, each in rows.groupby("seed")],
            }
        here = curves[(curves["condition"] == condition) & (curves["effect"] == effect)]
        best = 100 * here.groupby("seed")["valid_accuracy"].max()
        place["selected"] = {"lowest": float(best.min()), "mean": float(best.mean()), "highest": float(best.max())}
        place["epochs"] = int(here.groupby("seed")["epoch"].max().max())
        found.setdefault(str(condition), {})[effect_key(float(effect))] = place
    return {"conditions": found, "seeds": sorted(int(seed) for seed in table["seed"].unique())}
