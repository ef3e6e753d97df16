"""What the recipe gave: every metric on the test patients, learning curves, and the checklist's items on training."""

from __future__ import annotations

from typing import Any

from dlrrc_core.baseline.calibration import brier, calibration
from dlrrc_core.baseline.findings.common import LEVELS, estimates, samples
from dlrrc_core.baseline.rates import METRICS, Options
from dlrrc_core.baseline.store import StoredRun


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return metrics pooled over seeds and per seed, learning curves, workload and the items of the checklist.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``recipe``.

    Returns
    -------
    dict
        ``pooled.<level>.<metric>`` over all seeds (their patients differ), ``seeds`` with the accuracy of each, ``calibration`` of the
        images, ``curves.<seed>``, ``trainings`` (time, epochs, workload of each), ``checklist`` (units and most units in all).
    """
    cases, curves, checklist = run.tables["cases"], run.tables["curves"], run.tables["checklist"]
    found = run.record.facts["jobs"]
    image = samples(cases, ["image"])["image"]
    diagram = calibration(image, 10, "equal width", "positive", Options())
    return {
        "cohort": [dict(row) for row in run.tables["cohort"].to_dict("records")],
        "pooled": estimates(cases, METRICS, auc=True),
        "seeds": [{"seed": int(seed), **estimates(each, auc=True)} for seed, each in cases.groupby("seed")],
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
