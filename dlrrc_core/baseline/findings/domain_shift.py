"""Accuracy, area under the ROC curve and confidence at other centres, what remedies change, and what confounded networks keep elsewhere.

One entry is a scan: the mean probability of the slices of one patient at one centre. The same patients are scanned at each centre, so that
differences between centres, and between trainings, are taken patient by patient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dlrrc_core.baseline import cases
from dlrrc_core.baseline.calibration import calibration
from dlrrc_core.baseline.cases import Sample
from dlrrc_core.baseline.comparison import Comparison, compare_answers, compare_auc
from dlrrc_core.baseline.findings.common import effect_key, in_percent, percent_interval, share_key
from dlrrc_core.baseline.rates import Options, bounds, from_sums, rates
from dlrrc_core.baseline.roc import roc_auc
from dlrrc_core.baseline.store import StoredRun

TRAININGS = {
    "one": ("one centre", ("A",)),
    "fifteen": ("one centre, 15-fold augmentation", ("A",)),
    "varied": ("one centre, scanner varied", ("A",)),
    "two": ("two centres", ("A", "B")),
    "three": ("three centres", ("A", "B", "C")),
}
TESTS = {"internal": "internal", "apart": "apart", "turned_round": "turned round", "external": "external"}
NEVER_SEEN = "D"  # by any training


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return what is kept at other centres.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``domain-shift``.

    Returns
    -------
    dict
        ``shift.trainings.<training>``: ``tests.<centre>_<shift in per cent>`` as :func:`measured` gives it, with ``lost`` and ``lost_area``
        (of the area) against centre A;
        ``all`` (every centre at the largest shift); ``gained`` against the training on one centre, at the centre that no training saw
        and over all; ``seeds``. ``confounding.<effect>.<confounding>``: the same for each test set, elsewhere with ``lost`` and
        ``less_sure`` (points by which the mean probability of the given answer falls); ``constant``: seeds whose networks answer
        every patient of every set alike.
        ``largest``, the largest shift in per cent, ``seeds`` and ``patients`` (new ones per seed).
    """
    table = run.tables["cases"]
    parts = {name: group for name, group in table.groupby("question")}
    shift = parts["shift"]
    largest = float(shift["shift"].max())
    return {
        "shift": {"effect": float(shift["effect"].iloc[0]), "trainings": _trainings(shift, largest)},
        "confounding": _confounded(parts.get("confounding", table.iloc[:0])),
        "largest": round(100 * largest),
        "seeds": sorted(int(seed) for seed in table["seed"].unique()),
        "patients": int(shift["patient"].nunique()),
        "classes": list(run.record.parameters.get("classes", [])),
    }


def scans(table: pd.DataFrame) -> Sample:
    """Return one entry per patient and centre: the mean probability of its slices; patients of other seeds are other patients.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of the table ``cases``.
    """
    rows = table.sort_values(["seed", "patient", "test", "shift"], kind="stable")
    mean = [float(np.mean(np.array(str(text).split(), dtype=float))) for text in rows["probabilities"]]
    names = "seed " + rows["seed"].astype(str) + ", " + rows["patient"].astype(str)
    return cases.sample(rows["label"].to_numpy(), mean, list(names), network=list(rows["seed"]))


def measured(sample: Sample, options: Options | None = None) -> dict[str, Any]:
    """Return what a network does on a set of scans.

    Parameters
    ----------
    sample : Sample
        From :func:`scans`.
    options : Options, optional
        Of the intervals.

    Returns
    -------
    dict
        ``accuracy`` and ``roc_auc`` (DeLong), ``confidence`` (mean probability of the given answer) and ``over`` (confidence less accuracy,
        above 0: too sure), ``ece`` (expected calibration error of the given answer), ``second`` (share answered with the second class);
        each with ``percent``, ``interval`` over patients, ``n``, ``patients`` and ``method``.
    """
    chosen = options or Options()
    (accuracy,) = rates(sample, ("accuracy",), chosen)
    found = {
        "accuracy": in_percent(accuracy),
        "roc_auc": in_percent(roc_auc(sample, "plain", chosen)),
        "ece": in_percent(calibration(sample, confidence="answer", options=chosen).error),
    }
    sure = np.maximum(sample.score, 1 - sample.score)
    right = (sample.call == sample.truth).astype(float)
    features = np.stack([np.ones(sample.n), sure, sure - right, sample.call], axis=1)
    boot = from_sums(sample, features, lambda sums: sums[:, 1:] / sums[:, :1], chosen)
    for k, name in enumerate(("confidence", "over", "second")):
        interval, _ = bounds(boot, k)
        found[name] = {
            "percent": 100 * float(boot.estimate[k]),
            "interval": percent_interval(interval),
            "n": sample.n,
            "patients": sample.patients,
            "method": chosen.bootstrap,
        }
    return found


def difference(first: Sample, second: Sample, options: Options | None = None) -> dict[str, Any]:
    """Return the accuracy of the first less that of the second on the same patients, in percentage points.

    Parameters
    ----------
    first, second : Sample
        From :func:`scans`, of the same patients in the same order.
    options : Options, optional
        Of the interval.

    Returns
    -------
    dict
        ``points``, ``interval`` (bootstrap over patients), ``patients``, ``method`` and ``p`` (McNemar's exact test; None where a patient
        has several scans).
    """
    found = compare_answers(first, second, "accuracy", options)
    return {**_points(found), "p": found.p}


def area_difference(first: Sample, second: Sample, options: Options | None = None) -> dict[str, Any]:
    """Return the area under the ROC curve of the first less that of the second on the same patients, in percentage points.

    Parameters
    ----------
    first, second, options
        As in :func:`difference`.

    Returns
    -------
    dict
        ``points``, ``interval`` (DeLong; without values where the variance is 0 or not defined), ``patients`` and ``method``.
    """
    return _points(compare_auc(first, second, options))


def _points(found: Comparison) -> dict[str, Any]:
    """Return a difference in percentage points."""
    return {
        "points": 100 * found.value,
        "interval": percent_interval(found.interval),
        "patients": found.patients,
        "method": found.method,
    }


def _trainings(table: pd.DataFrame, largest: float) -> dict[str, Any]:
    """Return what each training keeps at each centre."""
    of_training = {name: group for name, group in table.groupby("training")}
    found: dict[str, Any] = {}
    for key, (label, centres) in TRAININGS.items():
        rows = of_training[key]
        home = scans(rows[rows["test"] == "A"])
        tests: dict[str, Any] = {}
        for (centre, shift), group in rows.groupby(["test", "shift"]):
            sample = scans(group)
            lost = (
                {} if centre == "A" else {"lost": difference(home, sample), "lost_area": area_difference(home, sample)}
            )
            tests[f"{centre}_{round(100 * float(shift))}"] = {
                "centre": str(centre),
                "shift": float(shift),
                "seen": centre in centres,
                **measured(sample),
                **lost,
                "seeds": _per_seed(group),
            }
        found[key] = {
            "label": label,
            "centres": list(centres),
            "tests": tests,
            "all": measured(scans(_everywhere(rows, largest))),
        }
        if key != "one":
            other = of_training["one"]
            found[key]["gained"] = {
                "never_seen": difference(scans(_at(rows, NEVER_SEEN, largest)), scans(_at(other, NEVER_SEEN, largest))),
                "home": difference(home, scans(other[other["test"] == "A"])),
                "all": difference(scans(_everywhere(rows, largest)), scans(_everywhere(other, largest))),
            }
    return found


def _confounded(table: pd.DataFrame) -> dict[str, Any]:
    """Return what networks keep whose class and centre went together."""
    found: dict[str, Any] = {}
    for (effect, confounding), group in table.groupby(["effect", "confounding"]):
        samples = {key: scans(group[group["test"] == name]) for key, name in TESTS.items()}
        place: dict[str, Any] = {
            key: {**measured(sample), "seeds": _per_seed(group[group["test"] == TESTS[key]])}
            for key, sample in samples.items()
        }
        for key in ("apart", "turned_round", "external"):
            place[key]["lost"] = difference(samples["internal"], samples[key])
            place[key]["less_sure"] = place["internal"]["confidence"]["percent"] - place[key]["confidence"]["percent"]
        together = share_key("confounding", float(confounding))
        found.setdefault(effect_key(float(effect)), {})[together] = {
            "effect": float(effect),
            "confounding": float(confounding),
            "constant": _constant(list(place.values())),
            **place,
        }
    return found


def _constant(sets: list[dict[str, Any]]) -> list[int]:
    """Return the seeds whose networks give every patient of every set the same answer."""
    answered: dict[int, set[float]] = {}
    for place in sets:
        for each in place["seeds"]:
            answered.setdefault(each["seed"], set()).add(each["second"])
    return [seed for seed, shares in answered.items() if shares in ({0.0}, {100.0})]


def _at(table: pd.DataFrame, centre: str, shift: float) -> pd.DataFrame:
    """Return the rows of one centre and shift."""
    return table[(table["test"] == centre) & (table["shift"] == shift)]


def _everywhere(table: pd.DataFrame, largest: float) -> pd.DataFrame:
    """Return the rows of centre A and of the others at the largest shift."""
    return table[(table["test"] == "A") | (table["shift"] == largest)]


def _per_seed(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return, for each seed, its accuracy and the share that it answers with the second class, in per cent."""
    rows = []
    for seed, group in table.groupby("seed"):
        sample = scans(group)
        right, second = 100 * float((sample.call == sample.truth).mean()), 100 * float(sample.call.mean())
        rows.append({"seed": int(seed), "accuracy": right, "second": second})
    return rows
