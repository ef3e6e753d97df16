"""What the simulator set and what can be measured in its images."""

from __future__ import annotations

from typing import Any

from dlrrc_core.baseline.store import StoredRun


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return the worst difference between set and measured HU by tissue, the tumours by subtype and phase, and the likeness of slices.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``simulator``.

    Returns
    -------
    dict
        ``tissues.<tissue>``: ``set`` and ``measured`` (means over patients and phases, HU), ``worst`` (largest difference of a patient's
        mean from what was drawn); ``tumours.<subtype>.<phase>``: means and standard deviations over patients; ``likeness.effect_0``
        and ``effect_100``; ``physics``: how many numbers there are and how many of them are assumed.
    """
    means, likeness, physics = run.tables["means"], run.tables["likeness"], run.tables["physics"]
    means = means.assign(apart=(means["true_mean"] - means["set"]).abs())
    tissues = {
        str(tissue): {
            "set": float(group["set"].mean()),
            "measured": float(group["mean"].mean()),
            "worst": float(group["apart"].max()),
            "patients": int(group["patient"].nunique()),
        }
        for tissue, group in means.groupby("tissue")
    }
    tumours: dict[str, dict[str, Any]] = {}
    for (subtype, phase), group in means[means["tissue"] == "tumour"].groupby(["subtype", "phase"]):
        tumours.setdefault(str(subtype).replace(" ", "_"), {})[str(phase)] = {
            "set": float(group["set"].mean()),
            "measured": float(group["mean"].mean()),
            "sd": float(group["mean"].std()) if len(group) > 1 else None,
            "patients": len(group),
        }
    sources = physics["source"].fillna("")
    return {
        "tissues": tissues,
        "tumours": tumours,
        "likeness": {
            f"effect_{round(100 * row['effect'])}": {
                **{f"{name}_percent": 100 * row[name] for name in ("same_patient", "same_class")},
                **{name: row[name] for name in ("auc", "slices", "slices_per_second")},
            }
            for row in likeness.to_dict("records")
        },
        "physics": {"numbers": len(physics), "assumed": int(sources.str.contains("assumed").sum())},
    }
