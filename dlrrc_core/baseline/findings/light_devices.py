"""Size, time and memory of the networks on one thread, and what eight bits cost in accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dlrrc_core.baseline.comparison import compare_answers
from dlrrc_core.baseline.findings import published
from dlrrc_core.baseline.findings.common import estimates, samples
from dlrrc_core.baseline.store import StoredRun

WAYS = {
    "torch": ("torch", "float32"),
    "onnx": ("onnxruntime", "float32"),
    "int8": ("onnxruntime", "int8"),
}
VERSIONS = {"torch": "torch float32", "onnx": "onnx float32", "int8": "onnx int8"}
PAIRS = {"export": "onnx float32 against torch", "eight_bits": "onnx int8 against onnx float32"}
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
        ``onnx`` is than that of ``torch``, and of ``int8`` than that of ``onnx``. ``trained``: ``versions`` (accuracy, area) and ``lost``
        by eight bits, ``pairs``. ``published``: memory printed by the seed paper. ``sizes``, ``order`` (networks by parameters).
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
    found: dict[str, Any] = {
        "network": str(run.record.parameters.get("network", "mobilenetv2")),
        "size": int(run.record.parameters.get("size", 0)),
        "seeds": sorted(int(seed) for seed in table["seed"].unique()),
        "versions": {key: estimates(rows, levels=levels, auc=True) for key, rows in of_version.items()},
        "lost": {},
        "pairs": {},
    }
    whole, small = (samples(of_version[key], levels) for key in ("onnx", "int8"))
    for level in levels:
        one = compare_answers(whole[level], small[level])
        low, high = one.interval or (None, None)
        found["lost"][level] = {
            "points": 100 * one.value,
            "interval": [None if low is None else 100 * low, None if high is None else 100 * high],
            "method": one.method,
            "patients": one.patients,
        }
    for key, name in PAIRS.items():
        rows = pairs[pairs["pair"] == name]
        found["pairs"][key] = {
            "images": int(rows["images"].sum()),
            "same": 100 * float(np.average(rows["same_answers"], weights=rows["images"])),
            "lowest_same": 100 * float(rows["same_answers"].min()),
            "largest_difference": _plain(rows["largest_difference"].max()),
            "largest_probability_difference": float(rows["largest_probability_difference"].max()),
            "mean_probability_difference": float(
                np.average(rows["mean_probability_difference"], weights=rows["images"])
            ),
        }
    return found


def _plain(value: Any) -> float | None:
    """Return a number, None where it is missing."""
    return None if pd.isna(value) else float(value)
