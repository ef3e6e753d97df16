"""What the recipe gave: every metric on the test patients, learning curves, and the checklist's items on training."""

from __future__ import annotations

import ast
from typing import Any

from dlrrc_core.baseline.calibration import brier, calibration
from dlrrc_core.baseline.findings.common import COIN, LEVELS, estimates, over_trainings, samples
from dlrrc_core.baseline.rates import METRICS, Options
from dlrrc_core.baseline.store import StoredRun
from dlrrc_core.repository import find_root

NOTEBOOK = (
    "notebooks/baseline/recipe.py"  # whose first values are the full recipe; the code that has them, too, needs torch
)


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return metrics pooled over seeds and per seed, learning curves, workload and the items of the checklist.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``recipe``.

    Returns
    -------
    dict
        ``pooled.<level>.<metric>`` over the patients of all seeds, which differ (areas are means over the networks of the seeds),
        ``seeds`` with the accuracy of each, ``accuracy.<level>`` as :func:`~.common.over_trainings` gives it, ``coin``: what tossing a
        coin gives, ``departures`` as :func:`departures` gives them, ``calibration`` of the images, ``curves.<seed>``, ``trainings``
        (time, epochs, workload of each), ``checklist`` (units and most units in all).
    """
    cases, curves, checklist = run.tables["cases"], run.tables["curves"], run.tables["checklist"]
    found = run.record.facts["jobs"]
    image = samples(cases, ["image"])["image"]
    diagram = calibration(image, 10, "equal width", "positive", Options())
    seeds: list[dict[str, Any]] = [
        {"seed": int(seed), **estimates(each, auc=True)} for seed, each in cases.groupby("seed")
    ]
    return {
        "cohort": [dict(row) for row in run.tables["cohort"].to_dict("records")],
        "pooled": estimates(cases, METRICS, auc=True),
        "seeds": seeds,
        "accuracy": {level: over_trainings([each[level]["accuracy"]["percent"] for each in seeds]) for level in LEVELS},
        "coin": COIN,
        "departures": departures(run.record.parameters, full()),
        "calibration": diagram.as_dict() | {"brier": brier(image, Options()).as_dict()},
        "curves": {
            str(seed): {
                name: [float(value) for value in each[name]] for name in each.columns if name not in ("seed", "epoch")
            }
            for seed, each in curves.groupby("seed")
        },
        "trainings": [
            {
                "seed": job["seed"],
                "epochs": job["record"]["time"]["epochs"],
                "minutes": job["record"]["time"]["seconds_total"] / 60,
                "best_epoch": job["record"]["stopping"]["best_epoch"],
                "images_per_second": job["record"]["workload"]["images_per_second"],
                "teraflops": job["record"]["workload"]["flops_total"] / 1e12,
                "memory_mib": job["record"]["workload"]["peak_memory_bytes"] / 2**20,
            }
            for job in found
        ],
        "checklist": {
            "units": int(checklist.groupby("seed")["units"].sum().min()),
            "most": int(checklist.groupby("seed")["most"].sum().min()),
            "items": [int(item) for item in sorted(checklist["item"].unique())],
        },
        "levels": list(LEVELS),
    }


def full() -> dict[str, Any]:
    """Return the parameters of the full recipe, which follow what the seed paper prints where it prints them."""
    body = ast.parse((find_root() / NOTEBOOK).read_text(encoding="utf-8")).body
    return {
        target.id: ast.literal_eval(each.value)
        for each in body
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant | ast.Tuple)
        for target in each.targets
        if isinstance(target, ast.Name)
    }


def departures(used: dict[str, Any], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every parameter in which a run departs from others.

    Parameters
    ----------
    used : dict
        Parameters of a run.
    wanted : dict
        Parameters of the full recipe. Those that are in one of both only are no departure; nor is the device, which is said elsewhere.

    Returns
    -------
    list of dict
        ``name``, ``used`` and ``full`` of each, by the order of ``wanted``; lists (the seeds) by their length.
    """
    found = []
    for name in wanted:
        if name in used and name != "device":
            each = [len(value) if isinstance(value, list | tuple) else value for value in (used[name], wanted[name])]
            if each[0] != each[1]:
                found.append({"name": name, "used": each[0], "full": each[1]})
    return found
