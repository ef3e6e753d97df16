"""What the simulator set and what can be measured in its images."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from dlrrc_core.baseline.findings.common import effect_key
from dlrrc_core.baseline.store import StoredRun

FEATURES = ("necrosis", "cysts", "calcification", "wheel")
PHASE = "corticomedullary"  # of the images that are compared
NEAR = 5.0  # HU between set and measured mean


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return set and measured HU by tissue, the tumours by subtype and phase, the likeness of slices, and what the classes differ by.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``simulator``.

    Returns
    -------
    dict
        ``tissues.<tissue>``: ``set`` and ``measured`` (means over patients and phases, HU), ``worst`` (largest difference of a patient's
        mean before the scanner from what was drawn); ``near``: HU that the two means may differ by, ``away``: tissues beyond;
        ``tumours.<subtype>.<phase>``: means and standard deviations over patients; ``likeness.effect_0`` and ``effect_100``: shares with
        the ``same_patient`` and ``same_class``, ``chance`` (where the latter lies in 95 % when the classes are dealt by chance), ``auc``
        with ``interval``; ``difference``: see :func:`difference`; ``physics``: how many numbers there are and how many are assumed.
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
        "near": NEAR,
        "away": [name for name, each in tissues.items() if abs(each["measured"] - each["set"]) > NEAR],
        "tumours": tumours,
        "likeness": {effect_key(row["effect"]): _alike(row) for row in likeness.to_dict("records")},
        "difference": difference(physics, str(likeness["brighter"].iloc[0]), str(likeness["darker"].iloc[0])),
        "physics": {"numbers": len(physics), "assumed": int(sources.str.contains("assumed").sum())},
    }


def difference(physics: pd.DataFrame, brighter: str, darker: str) -> dict[str, Any]:
    """Return how far two classes differ at the full effect by the attenuation that is drawn, and by the features that are.

    Parameters
    ----------
    physics : pandas.DataFrame
        Every number of the simulator.
    brighter, darker : str
        Subtypes; the first has the larger mean attenuation.

    Returns
    -------
    dict
        ``classes``; ``attenuation``: area under the ROC curve of the attenuation of the solid part in the corticomedullary phase, before
        the scanner; ``features``: the same of the best use of whether necrosis, cysts, calcification and wheel are present.

    Notes
    -----
    Normal attenuation: ``Phi((m1 - m2) / sqrt(s1^2 + s2^2))``. The features are drawn independently, so that the 16 patterns have known
    probabilities; ranked by their ratio, the area is ``sum over patterns of p1 (P0 of lower ratios + p0 / 2)``. Checked against
    scikit-learn.
    """
    value = physics.set_index(["group", "name", "quantity"])["value"].astype(str)
    spread = [_mean_and_sd(value["subtypes", name, f"attenuation, {PHASE}"]) for name in (brighter, darker)]
    (m1, s1), (m2, s2) = spread
    present = np.array([[float(value["features", name, each]) for each in FEATURES] for name in (brighter, darker)])
    patterns = np.array(list(product((0, 1), repeat=len(FEATURES))))
    p1, p0 = (np.where(patterns == 1, share, 1 - share).prod(axis=1) for share in present)
    ratio = np.log(p1) - np.log(p0)
    above = (ratio[:, None] > ratio[None, :]) + 0.5 * np.isclose(ratio[:, None], ratio[None, :], rtol=0, atol=1e-12)
    return {
        "classes": [brighter, darker],
        "attenuation": float(norm.cdf((m1 - m2) / np.hypot(s1, s2))),
        "features": float(p1 @ above @ p0),
    }


def _mean_and_sd(text: str) -> tuple[float, float]:
    """Return the two numbers of ``mean (SD)``."""
    mean, sd = text.rstrip(")").split(" (")
    return float(mean), float(sd)


def _alike(row: dict[Any, Any]) -> dict[str, Any]:
    """Return the likeness of slices at one effect."""
    known = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("auc", "auc_low", "auc_high")}
    return {
        **{f"{name}_percent": 100 * row[name] for name in ("same_patient", "same_class")},
        "chance": [100 * row["chance_low"], 100 * row["chance_high"]],
        "auc": known["auc"],
        "interval": [known["auc_low"], known["auc_high"]],
        **{name: row[name] for name in ("slices", "slices_per_second")},
    }
