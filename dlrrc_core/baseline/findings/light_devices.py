"""Size, time and memory of the networks on one thread, and what eight bits cost in accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dlrrc_core.baseline.cases import THRESHOLD, Sample
from dlrrc_core.baseline.comparison import compare_answers
from dlrrc_core.baseline.findings import published
from dlrrc_core.baseline.findings.common import estimates, percent_interval, samples
from dlrrc_core.baseline.store import StoredRun

WAYS = {
    "torch": ("torch", "float32"),
    "onnx": ("onnxruntime", "float32"),
    "int8": ("onnxruntime", "int8"),
}
VERSIONS = {"torch": "torch float32", "onnx": "onnx float32", "int8": "onnx int8"}
PAIRS = {"export": "onnx float32 against torch", "eight_bits": "onnx int8 against onnx float32"}
COMPARED = {"export": ("torch", "onnx"), "eight_bits": ("onnx", "int8")}
FEWEST = 10  # patients whose answers changed; of fewer a bootstrap over patients draws too little to give an interval
MEASURES = (
    "median_ms",
    "quartile_1_ms",
    "quartile_3_ms",
    "least_ms",
    "largest_ms",
    "memory_before_mib",
    "memory_peak_mib",
    "load",
)


def statistics(run: StoredRun) -> dict[str, Any]:
    """Return what the networks cost and whether their files answer alike.

    Parameters
    ----------
    run : StoredRun
        Of the experiment ``light-devices``.

    Returns
    -------
    dict
        ``networks.<network>.px_<size>``: ``parameters``, ``trainable``, ``gflops``, ``float32_mib``, ``int8_mib``, ``largest_difference``
        and, for each of ``torch``, ``onnx`` and ``int8``, times in milliseconds, memory in MiB (``network_mib``: peak less what the
        process held before the network was loaded) and ``images_per_second``; ``smaller``: how many times shorter the median of
        ``onnx`` is than that of ``torch``, and of ``int8`` than that of ``onnx``. ``trained``: ``versions`` (accuracy, area), ``lost``
        by eight bits as :func:`eight_bits` gives it, and ``pairs``, whose ``same`` is counted in the table ``cases`` (an answer is class 1
        when its probability is at least 0.5); ``same_in_file`` is what the run itself stored.
        ``published``: memory printed by the seed paper. ``sizes``, ``order`` (networks by parameters).
    """
    table, times = run.tables["networks"], run.tables["latency"]
    found: dict[str, Any] = {}
    for row in table.sort_values(["parameters", "size"], ascending=[True, False]).to_dict("records"):
        own = times[(times["network"] == row["network"]) & (times["size"] == row["size"])]
        place = found.setdefault(
            str(row["network"]), {"parameters": int(row["parameters"]), "trainable": int(row["trainable"])}
        )
        place[f"px_{int(row['size'])}"] = _costs(row, own)
    return {
        "networks": found,
        "order": list(found),
        "sizes": sorted((int(size) for size in table["size"].unique()), reverse=True),
        "repeats": int(times["repeats"].iloc[0]),
        "threads": int(times["threads"].iloc[0]),
        "largest_difference": float(table["largest_difference"].max()),
        "trained": _trained(run),
        "published": {"memory": published.paper("zuo2021").compute["gpu_memory"]},
    }


def _costs(row: dict[Any, Any], times: pd.DataFrame) -> dict[str, Any]:
    """Return what one network costs at one size."""
    place: dict[str, Any] = {
        "gflops": float(row["flops"]) / 1e9,
        **{name: float(row[name]) for name in ("float32_mib", "int8_mib", "largest_difference")},
    }
    for way, (runtime, precision) in WAYS.items():
        own = times[(times["runtime"] == runtime) & (times["precision"] == precision)].iloc[0]
        values = {name: _plain(own[name]) for name in MEASURES}
        before, peak = values["memory_before_mib"], values["memory_peak_mib"]
        place[way] = {
            **values,
            "network_mib": None if before is None or peak is None else peak - before,
            "images_per_second": 1000 / float(own["median_ms"]),
        }
    place["faster"] = {
        "onnx": place["torch"]["median_ms"] / place["onnx"]["median_ms"],
        "int8": place["onnx"]["median_ms"] / place["int8"]["median_ms"],
    }
    place["file_smaller"] = place["float32_mib"] / place["int8_mib"]
    return place


def _trained(run: StoredRun) -> dict[str, Any]:
    """Return whether a trained network answers alike in each way of running it, all seeds together."""
    table, pairs = run.tables["cases"], run.tables["agreement"]
    of_version = {
        key: table[table["version"] == name].sort_values(["seed", "patient"]) for key, name in VERSIONS.items()
    }
    levels = ("image", "mean_probability")
    answered = {key: samples(rows, levels) for key, rows in of_version.items()}
    found: dict[str, Any] = {
        "network": str(run.record.parameters.get("network", "mobilenetv2")),
        "size": int(run.record.parameters.get("size", 0)),
        "seeds": sorted(int(seed) for seed in table["seed"].unique()),
        "versions": {key: estimates(rows, levels=levels, auc=True) for key, rows in of_version.items()},
        "lost": {level: eight_bits(answered["onnx"][level], answered["int8"][level]) for level in levels},
        "pairs": {},
    }
    for key, name in PAIRS.items():
        rows = pairs[pairs["pair"] == name]
        one, other = (answered[version]["image"] for version in COMPARED[key])
        found["pairs"][key] = {
            "images": one.n,
            "same": 100 * float((one.call == other.call).mean()),
            "same_in_file": 100 * float(np.average(rows["same_answers"], weights=rows["images"])),
            "largest_difference": _plain(rows["largest_difference"].max()),
            "largest_probability_difference": float(rows["largest_probability_difference"].max()),
            "mean_probability_difference": float(
                np.average(rows["mean_probability_difference"], weights=rows["images"])
            ),
        }
    return found


def eight_bits(whole: Sample, small: Sample) -> dict[str, Any]:
    """Return what changes between the answers in float32 and those in eight bits.

    Parameters
    ----------
    whole, small : Sample
        Answers in float32 and in eight bits on the same entries.

    Returns
    -------
    dict
        ``points``: accuracy in float32 less that in eight bits; ``interval`` (bootstrap over patients), without values unless the answers
        of at least ``fewest`` patients changed; ``method``, ``patients``; ``changed``: ``answers``, ``patients``, ``became_right`` and
        ``became_wrong``, ``even`` (changed answers with a probability of exactly 0.5 in one of the two); ``even``: how many probabilities
        of exactly 0.5 ``onnx`` and ``int8`` have and, with ``_patients``, how many patients they belong to; ``even_is_0``: ``accuracy``
        of both and ``same``, the share of equal answers in per cent, if such an answer were class 0.

    Notes
    -----
    Probabilities are compared as they are stored, with four decimals. The bootstrap over patients sees a difference only where an answer
    changed. With few such patients its spread is that of these few, and its interval is too short: with none it would have no width.
    """
    one, changed = compare_answers(whole, small), whole.call != small.call
    patients = np.unique(whole.patient[changed]).size
    both = {"onnx": whole, "int8": small}
    even = {key: each.score == THRESHOLD for key, each in both.items()}
    other = {key: (each.score > THRESHOLD).astype(int) for key, each in both.items()}
    return {
        "points": 100 * one.value,
        "interval": percent_interval(one.interval if patients >= FEWEST else None),
        "method": one.method,
        "patients": one.patients,
        "fewest": FEWEST,
        "changed": {
            "answers": int(changed.sum()),
            "patients": int(patients),
            "became_right": int((changed & (small.call == small.truth)).sum()),
            "became_wrong": int((changed & (small.call != small.truth)).sum()),
            "even": int((changed & (even["onnx"] | even["int8"])).sum()),
        },
        "even": {key: int(each.sum()) for key, each in even.items()}
        | {f"{key}_patients": int(np.unique(whole.patient[each]).size) for key, each in even.items()},
        "even_is_0": {
            "accuracy": {key: 100 * float((other[key] == each.truth).mean()) for key, each in both.items()},
            "same": 100 * float((other["onnx"] == other["int8"]).mean()),
        },
    }


def _plain(value: Any) -> float | None:
    """Return a number, None where it is missing."""
    return None if pd.isna(value) else float(value)
