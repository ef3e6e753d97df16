"""How often heat maps point to the tumour, against chance and against the middle of the image, by what the network had learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.baseline.rates import Options
from dlrrc_core.baseline.store import StoredRun
from dlrrc_core.resampling import Statistic, bca

CONDITIONS = ("signal", "leak", "scanner")
SETS = {"held_out": "held out", "new_patients": "new patients"}
MEASURES = ("accuracy", "hit", "chance", "area", "middle", "mass", "above")
ABLE = 0.01  # share of hits by chance under which maps of a layer can hardly hit at all
Floats = npt.NDArray[np.float64]


def statistics(run: StoredRun, options: Options | None = None) -> dict[str, Any]:
    """Return where the heat maps point.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``explanation``.
    options : Options, optional
        Draws, seed and confidence of the intervals.

    Returns
    -------
    dict
        ``layers`` (key, name and cells of each, and whether its maps are ``able`` to point to a tumour, see :data:`ABLE`; the first is
        shown in the pictures); ``training.<condition>``, see :func:`trainings`; ``conditions.<condition>.<set>.<layer>`` as
        :func:`pointing` gives it, with ``right`` and ``wrong``, the same for slices answered rightly and wrongly (None without any), and
        ``seeds``, the share that hits of each seed; ``less.<condition>.<layer>``: share that hits of the condition ``signal`` less that
        of another, on new patients.
    """
    chosen = options or Options()
    table = run.tables["maps"]
    layers: list[dict[str, Any]] = [
        {"key": key(str(name)), "name": str(name), "cells": int(group["cells"].iloc[0]), "able": able(group)}
        for name, group in table.groupby("layer", sort=False)
    ]
    found: dict[str, Any] = {}
    for condition in CONDITIONS:
        own = table[table["condition"] == condition]
        found[condition] = {
            label: {
                layer["key"]: _place(own[(own["set"] == name) & (own["layer"] == layer["name"])], chosen)
                for layer in layers
            }
            for label, name in SETS.items()
        }
    new = table[table["set"] == "new patients"]
    return {
        "layers": layers,
        "training": trainings(run),
        "conditions": found,
        "less": {
            condition: {
                layer["key"]: less(_rows(new, "signal", layer["name"]), _rows(new, condition, layer["name"]), chosen)
                for layer in layers
            }
            for condition in CONDITIONS[1:]
        },
        "seeds": sorted(int(seed) for seed in table["seed"].unique()),
    }


def key(layer: str) -> str:
    """Return the name of a layer among the numbers, which have no dots."""
    return layer.replace(".", "_")


def able(table: pd.DataFrame) -> bool:
    """Return whether maps with some height point to the tumour by chance in at least the share :data:`ABLE` of the slices."""
    return bool(table.loc[table["mass"].notna(), "chance"].mean() >= ABLE)


def trainings(run: StoredRun) -> dict[str, Any]:
    """Return from how much the networks of each condition learned.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``explanation``.

    Returns
    -------
    dict
        Condition, then ``patients`` and ``images`` of a network, ``rounds`` that it was trained and ``seen``, images in all rounds
        together; each as the means over the seeds, rounded.
    """
    found = {}
    for condition in CONDITIONS:
        own = [job["training"] for job in run.record.facts["jobs"] if job["condition"] == condition]
        values = {
            "patients": [each["data"]["train"]["patients"] for each in own],
            "images": [each["data"]["train"]["images"] for each in own],
            "rounds": [each["time"]["epochs"] for each in own],
            "seen": [each["workload"]["images_seen"] for each in own],
        }
        found[condition] = {name: round(float(np.mean(each))) for name, each in values.items()}
    return found


def pointing(table: pd.DataFrame, options: Options) -> dict[str, Any]:
    """Return means over slices with intervals over patients.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of the table ``maps`` of one network layer, at least one.
    options : Options
        Of the bootstrap.

    Returns
    -------
    dict
        ``accuracy`` (right answers), ``hit`` (maps whose highest point lies in the tumour), ``chance`` (the same
        for maps with their cells in random places), ``area`` (share of the image that is tumour), ``middle`` (slices whose middle
        lies in the tumour: what a map gets that always points there), ``mass`` (share of the map in the tumour; an even map has
        ``area``), ``above`` (``hit`` less ``chance``); each with ``percent``, ``interval``, ``n``, ``patients`` and ``method``.
    """
    right = (table["probability"] >= 0.5) == (table["label"] == 1)
    known = table["mass"].notna()
    columns = np.stack(
        [
            np.ones(len(table)),
            right,
            table["hit"],
            table["chance"],
            table["area"],
            table["middle"],
            table["mass"].fillna(0),
            known,
        ],
        axis=1,
    ).astype(float)
    per_patient = _per_patient(table, columns)

    def means(sums: Floats) -> Floats:
        n, correct, hit, chance, area, middle, mass, with_height = sums.T
        over = np.divide(mass, with_height, out=np.full(len(mass), np.nan), where=with_height > 0)
        return np.stack([correct / n, hit / n, chance / n, area / n, middle / n, over, (hit - chance) / n], axis=1)

    counts = {name: len(table) for name in MEASURES} | {"mass": int(known.sum())}
    return _estimates(per_patient, means, MEASURES, counts, options)


def less(first: pd.DataFrame, second: pd.DataFrame, options: Options) -> dict[str, Any]:
    """Return the share that hits of the first less that of the second.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Rows of the table ``maps`` of two conditions on new patients. Patients of both are resampled together where they have the same
        seed and number: the simulator gives them the same tumour.
    options : Options
        Of the bootstrap.

    Returns
    -------
    dict
        ``percent`` (points), ``interval``, ``n``, ``patients``, ``method``.
    """
    parts = []
    for k, table in enumerate((first, second)):
        columns = np.zeros((len(table), 4))
        columns[:, 2 * k], columns[:, 2 * k + 1] = 1.0, table["hit"]
        parts.append(pd.DataFrame(columns).assign(who=_names(table).to_numpy()))
    together = pd.concat(parts).groupby("who").sum().to_numpy()

    def apart(sums: Floats) -> Floats:
        return (sums[:, 1] / sums[:, 0] - sums[:, 3] / sums[:, 2])[:, None]

    found: dict[str, Any] = _estimates(together, apart, ("less",), {"less": len(first) + len(second)}, options)["less"]
    return found


def _place(table: pd.DataFrame, options: Options) -> dict[str, Any]:
    """Return where the maps of one condition, set and layer point, and those of right and wrong answers."""
    right = (table["probability"] >= 0.5) == (table["label"] == 1)
    parts = {"right": table[right], "wrong": table[~right]}
    return {
        **pointing(table, options),
        **{name: pointing(part, options) if len(part) else None for name, part in parts.items()},
        "seeds": [
            {"seed": int(seed), "hit": 100 * float(group["hit"].mean())} for seed, group in table.groupby("seed")
        ],
    }


def _rows(table: pd.DataFrame, condition: str, layer: str) -> pd.DataFrame:
    """Return the rows of a condition and layer."""
    return table[(table["condition"] == condition) & (table["layer"] == layer)]


def _names(table: pd.DataFrame) -> pd.Series:
    """Return who a row belongs to: patients of different seeds are different patients."""
    return table["seed"].astype(str) + " " + table["patient"].astype(str)


def _per_patient(table: pd.DataFrame, columns: Floats) -> Floats:
    """Return the sums of each patient."""
    return pd.DataFrame(columns).groupby(_names(table).to_numpy()).sum().to_numpy()


def _estimates(
    per_patient: Floats, statistic: Statistic, names: tuple[str, ...], counts: dict[str, int], options: Options
) -> dict[str, Any]:
    """Return estimates in per cent with their intervals."""
    boot = bca(per_patient, statistic, options.draws, options.seed, options.confidence)
    found = {}
    for k, name in enumerate(names):
        value, low, high = (float(each[k]) for each in (boot.estimate, boot.low, boot.high))
        interval = [100 * low, 100 * high] if np.isfinite([low, high]).all() and low < high else [None, None]
        found[name] = {
            "percent": 100 * value if np.isfinite(value) else None,
            "interval": interval,
            "n": counts[name],
            "patients": len(per_patient),
            "method": options.bootstrap,
        }
    return found
