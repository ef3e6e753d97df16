"""What the public cohorts hold, and what the recipe gave on them where it was run."""

from __future__ import annotations

from typing import Any

from dlrrc_core.baseline.findings.common import estimates
from dlrrc_core.baseline.rates import METRICS
from dlrrc_core.baseline.store import StoredRun


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return the holdings of each cohort and, where there were images, the metrics on the test patients.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``real-cohort``.

    Returns
    -------
    dict
        ``cohorts.<id>``: the holdings, and of the chosen series ``usable``, ``linked`` (with a segmentation of this very series),
        ``arterial`` and ``size_gb``; ``results``: None when no image was there, else metrics by level for each seed.
    """
    patients, cases = run.tables["patients"], run.tables["cases"]
    cohorts: dict[str, dict[str, Any]] = {}
    for row in run.tables["holdings"].drop(columns="seed").to_dict("records"):
        mine = patients[patients["cohort"] == row["cohort"]]
        cohorts[row.pop("cohort").replace("-", "_")] = {
            **row,
            "usable": int((mine["instances"] > 0).sum()),
            "linked": int((mine["link"] == "linked").sum()),
            "arterial": int((mine["phase"] == "arterial").sum()),
            "size_gb": float(mine["size_mb"].sum()) / 1000,
        }
    # the seeds share their patients, so that they are not pooled
    results = [{"seed": int(seed), **estimates(each, METRICS, auc=True)} for seed, each in cases.groupby("seed")]
    return {
        "cohorts": cohorts,
        "index_version": run.record.facts["jobs"][0]["index_version"],
        "results": results or None,
    }
