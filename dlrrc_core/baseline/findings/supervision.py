"""Strong and weak supervision on the same new patients, and what the rule from slices to cases does by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import entropy, norm

from dlrrc_core import repository
from dlrrc_core.baseline import cases
from dlrrc_core.baseline.cases import Sample
from dlrrc_core.baseline.comparison import compare_answers, compare_auc
from dlrrc_core.baseline.findings.common import LEVELS, difference, effect_key, estimates, over_trainings, samples
from dlrrc_core.baseline.rates import table as two_by_two
from dlrrc_core.baseline.store import StoredRun

PAPER = "li2025"
METRICS = ("accuracy", "sensitivity", "specificity")
BORDER_CM = 4.0  # small and large tumours, as in the paper's table 1
MORE_THAN = 3  # consecutive slices of the rule
SLICES = {"up_to_3": (0, 3), "4_to_5": (4, 5), "6_to_8": (6, 8), "9_or_more": (9, np.inf)}


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return metrics of every arm, paired differences, and the case rule taken apart.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``supervision``.

    Returns
    -------
    dict
        ``arms.<effect>.<cohort>.<arm>``: ``levels`` (estimates at each level; the strong arm has one, ``cube``), ``decision`` (the level
        that is compared: ``cube`` or ``mean_probability``), ``seeds`` (area and accuracy of each) and ``sizes`` (small and large tumours).
        ``paired.<effect>.<cohort>.<arm>``: strong less that arm, per cent, over all seeds, whose patients differ, and
        ``trainings``: the difference in area of each seed with a t interval over the seeds.
        ``training.<effect>.<cohort>.<arm>``: see :func:`training`. ``rule.<effect>.<cohort>.<arm>``: see
        :func:`rule`. ``printed_n`` is the number of test patients of the paper.
        Intervals are over patients and take the trained networks as given.
    """
    table = run.tables["cases"]
    n = printed_n()
    arms: dict[str, Any] = {}
    paired: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    for (effect, patients), group in table.groupby(["effect", "patients"]):
        place = (effect_key(float(effect)), f"patients_{int(patients)}")
        parts = {str(arm): each for arm, each in group.groupby("arm", sort=False)}
        own = {arm: _arm(arm, each) for arm, each in parts.items()}
        _put(arms, place, own)
        _put(rules, place, {arm: rule(samples(parts[arm], ["image"])["image"]) for arm in parts if arm != "strong"})
        if "strong" in parts:
            against = {
                arm: _against(parts["strong"], parts[arm], n) | {"trainings": _over_trainings(own["strong"], own[arm])}
                for arm in parts
                if arm != "strong"
            }
            _put(paired, place, against)
    return {
        "arms": arms,
        "paired": paired,
        "training": _trainings(run),
        "rule": rules,
        "cohorts": sorted(int(each) for each in table["patients"].unique()),
        "effects": sorted(float(each) for each in table["effect"].unique()),
        "seeds": sorted(int(each) for each in table["seed"].unique()),
        "printed_n": n,
    }


def printed_n() -> int | None:
    """Return how many test patients the paper prints, or None where it prints none."""
    rows = repository.here().papers[PAPER].results
    found = [row.n for row in rows if row.split == "testing" and row.level == "patient" and row.n]
    return found[0] if found else None


def _trainings(run: StoredRun) -> dict[str, Any]:
    """Return :func:`training` for every effect, cohort and arm."""
    jobs: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
    for job in run.record.facts["jobs"]:
        place = (effect_key(float(job["effect"])), f"patients_{job['patients']}")
        jobs.setdefault(place, {}).setdefault(str(job["arm"]), []).append(job)
    found: dict[str, Any] = {}
    for place, arms in jobs.items():
        _put(found, place, {arm: training(each) for arm, each in arms.items()})
    return found


def training(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how much the networks of one arm were trained and whether they learned.

    Parameters
    ----------
    jobs : sequence of mapping
        Facts of a run: ``seed``, ``steps_per_round`` and ``training``, the record of one network.

    Returns
    -------
    dict
        ``patients``, ``images`` (of one round), ``rounds``, ``steps`` and ``seen`` (of all rounds together), means over the networks,
        rounded; ``weights``; ``networks``; ``learned``, how many of them learned; ``seeds``: for each ``seed``, ``kept`` (round whose
        weights answer), ``kept_steps`` (gradient steps until then), ``loss`` and ``accuracy`` on the validation images in that
        round, 0-1, and ``learned``.

    Notes
    -----
    A network has learned by validation when its kept round has both a lower loss than answering every image with the shares of the
    classes (their entropy, 0.693 for equal shares) and more right answers than naming the commoner class. The round is
    chosen on the same images, so that a few networks may pass by luck; one that does not pass has learned nothing that its
    validation images show.
    """
    seeds = []
    for job in jobs:
        record = job["training"]
        kept = record["stopping"]["best_epoch"]
        loss, accuracy = (record["curves"][name][kept - 1] for name in ("valid_loss", "valid_accuracy"))
        counts = np.array(list(record["data"]["valid"]["per_class"].values()), dtype=float)
        learned = loss < entropy(counts) and accuracy > counts.max() / counts.sum()
        steps = kept * job["steps_per_round"]
        seeds.append(
            {
                "seed": job["seed"],
                "kept": kept,
                "kept_steps": steps,
                "loss": loss,
                "accuracy": accuracy,
                "learned": bool(learned),
            }
        )
    records = [job["training"] for job in jobs]
    values = {
        "patients": [each["data"]["train"]["patients"] for each in records],
        "images": [each["data"]["train"]["images"] for each in records],
        "rounds": [each["time"]["epochs"] for each in records],
        "steps": [job["steps_per_round"] * job["training"]["time"]["epochs"] for job in jobs],
        "seen": [each["workload"]["images_seen"] for each in records],
        "weights": [each["model"]["parameters_trainable"] for each in records],
    }
    return {
        **{name: round(float(np.mean(each))) for name, each in values.items()},
        "networks": len(seeds),
        "learned": sum(each["learned"] for each in seeds),
        "seeds": seeds,
    }


def rule(images: Sample) -> dict[str, Any]:
    """Return what the rule "more than three consecutive slices of one grade" does to the answers on slices.

    Parameters
    ----------
    images : Sample
        Answers on the slices of every patient.

    Returns
    -------
    dict
        ``says``: per cent of patients with such a run of class 1 only, of class 0 only, of both and of neither, which the rule as printed
        leaves open. ``positive`` and ``mirrored``: sensitivity and specificity when patients without a run of class 1 count as class 0,
        and when patients without a run of class 0 count as class 1. ``mean_probability``: the same by mean probability. ``perfect``:
        sensitivity of the rule if every slice were answered rightly. ``against_mean``: rule less mean probability, in pairs.
        ``by_slices``: patients, sensitivity and specificity by number of slices.
    """
    positive = cases.consecutive_slices(images, MORE_THAN)
    other = cases.consecutive_slices(replace(images, call=1 - images.call, truth=1 - images.truth), MORE_THAN)
    mirrored = replace(positive, call=1 - other.call, rule="class 0 after more than three consecutive slices of it")
    mean = cases.mean_probability(images)
    slices = np.bincount(images.patient)
    share = {
        "one": positive.call * (1 - other.call),
        "zero": other.call * (1 - positive.call),
        "both": positive.call * other.call,
        "neither": (1 - positive.call) * (1 - other.call),
    }
    ones = positive.truth == 1
    return {
        "says": {name: 100 * float(each.mean()) for name, each in share.items()},
        "positive": _pair(positive),
        "mirrored": _pair(mirrored),
        "mean_probability": _pair(mean),
        "perfect": 100 * float((slices[ones] > MORE_THAN).mean()),
        "against_mean": {metric: difference(compare_answers(positive, mean, metric)) for metric in METRICS},
        "by_slices": {name: _stratum(positive, mean, slices, *ends) for name, ends in SLICES.items()},
    }


def _stratum(positive: Sample, mean: Sample, slices: np.ndarray[Any, Any], low: float, high: float) -> dict[str, Any]:
    """Return sensitivity and specificity of both rules in patients with so many slices."""
    chosen = (slices >= low) & (slices <= high)
    found: dict[str, Any] = {"patients": int(chosen.sum())}
    for name, sample in (("positive", positive), ("mean_probability", mean)):
        for metric, label in (("sensitivity", 1), ("specificity", 0)):
            who = chosen & (sample.truth == label)
            found[f"{name}_{metric}"] = 100 * float((sample.call == label)[who].mean()) if who.any() else None
    return found


def _arm(arm: str, table: pd.DataFrame) -> dict[str, Any]:
    """Return the estimates of one arm."""
    levels = estimates(table, METRICS, _levels(arm), auc=True)
    decision = "image" if arm == "strong" else "mean_probability"
    compared = [decision] if arm == "strong" else [decision, "consecutive_slices"]
    seeds = []
    for seed, each in table.groupby("seed"):
        own = estimates(each, ("accuracy",), [decision], auc=True)[decision]
        seeds.append({"seed": int(seed), **{name: value["percent"] for name, value in own.items()}})
    small = table["size_cm"] <= BORDER_CM
    sizes: dict[str, Any] = {}
    for name, part in (("small", table[small]), ("large", table[~small])):
        both = part.groupby("seed")["label"].nunique().min() == 2  # each network needs both classes
        sizes[name] = _named(arm, estimates(part, METRICS, compared, auc=True)) if both else None
    return {
        "levels": _named(arm, levels),
        "decision": "cube" if arm == "strong" else decision,
        "seeds": seeds,
        "sizes": sizes,
    }


def _levels(arm: str) -> tuple[str, ...]:
    """Return the levels of an arm; the strong one answers once for each patient."""
    return ("image",) if arm == "strong" else LEVELS


def _named(arm: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return levels with the name of the strong arm's only one."""
    return {"cube": found["image"]} if arm == "strong" else dict(found)


def _against(strong: pd.DataFrame, other: pd.DataFrame, n: int | None) -> dict[str, Any]:
    """Return strong less another arm: area and answers against the mean probability, answers against the rule of slices."""
    one = samples(strong, ["image"])["image"]
    others = samples(other, ["mean_probability", "consecutive_slices"])
    one = replace(one, level="case")  # one cube is one patient
    found: dict[str, Any] = {
        level: {metric: difference(compare_answers(one, sample, metric)) for metric in METRICS}
        for level, sample in others.items()
    }
    found["mean_probability"]["roc_auc"] = difference(compare_auc(one, others["mean_probability"]))
    for level, sample in others.items():
        found[level]["half_width_printed_n"] = _half_width(one, sample, n)
    return found


def _over_trainings(strong: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the area of strong less that of another arm for each seed, per cent, and a t interval over the seeds."""
    areas = {each["seed"]: each["roc_auc"] for each in other["seeds"]}
    seeds = [{"seed": each["seed"], "percent": each["roc_auc"] - areas[each["seed"]]} for each in strong["seeds"]]
    return {"seeds": seeds, **over_trainings([each["percent"] for each in seeds])}


def _half_width(first: Sample, second: Sample, n: int | None) -> float | None:
    """Return half the width of a 95 % interval of the paired difference in accuracy with ``n`` patients, per cent (Wald)."""
    if n is None:
        return None
    gap = (first.call == first.truth).astype(float) - (second.call == second.truth)
    return float(100 * norm.isf(0.025) * gap.std() / sqrt(n))


def _pair(sample: Sample) -> dict[str, Any]:
    """Return sensitivity and specificity, per cent."""
    found = two_by_two(sample)
    return {
        "sensitivity": 100 * found.tp / (found.tp + found.fn),
        "specificity": 100 * found.tn / (found.tn + found.fp),
    }


def _put(found: dict[str, Any], place: tuple[str, str], value: Any) -> None:
    """Store a value two levels deep."""
    found.setdefault(place[0], {})[place[1]] = value
