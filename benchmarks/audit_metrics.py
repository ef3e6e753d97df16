"""Time the audit of printed metrics against mlscorecheck on the same rows, and compare the verdicts.

mlscorecheck is no dependency of this project. Install it beside the project, for instance in an environment of its own::

    python -m venv /path/to/benchmark && /path/to/benchmark/bin/pip install -e . mlscorecheck==1.0.3

and run ``python benchmarks/audit_metrics.py`` there. Both sides get the same rows in turn, in one process, with logging off. For a fair
comparison no row is seen twice by a timed call.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import statistics
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from machine import RESULTS, described, machine, write_results
from mlscorecheck.check.binary import check_1_testset_no_kfold
from mlscorecheck.core import logger

from dlrrc_core.audit.feasible import search
from dlrrc_core.audit.forms import METRICS, Matrix
from dlrrc_core.audit.metric_batch import count_matrices
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.metrics import audit_row
from dlrrc_core.audit.printed import parse_row

SIZES = (30, 92, 112, 1000, 10000)
THEIR_NAMES = {"accuracy": "acc", "sensitivity": "sens", "specificity": "spec", "ppv": "ppv", "npv": "npv", "f1": "f1p"}
SETS = (
    ("accuracy", "sensitivity", "specificity"),
    ("sensitivity", "specificity"),
    ("accuracy", "f1"),
    ("ppv", "npv", "accuracy"),
    ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1"),
)
Row = dict[str, str]


def print_fraction(value: Fraction, places: int) -> str:
    """Return a fraction from 0 to 1 as a decimal number, halves up."""
    whole = int(value * 10**places + Fraction(1, 2))
    return f"{whole // 10**places}.{whole % 10**places:0{places}d}"


def random_rows(
    n: int, count: int, seed: int, places: int | None = None, slips: bool = True
) -> list[tuple[Row, int, int]]:
    """Return printed rows of random tables of n cases with 2 to 4 decimals; one last digit is wrong in half of them (slips)."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[Row, int, int]] = []
    while len(rows) < count:
        p = round(n * rng.uniform(0.2, 0.8))
        tp, tn = int(rng.binomial(p, rng.uniform(0.6, 0.95))), int(rng.binomial(n - p, rng.uniform(0.6, 0.95)))
        digits = places or int(rng.integers(2, 5))
        names = SETS[len(rows) % len(SETS)]
        exact = [METRICS[name].value(Matrix(tp, p - tp, n - p - tn, tn)) for name in names]
        row = {name: print_fraction(x, digits) for name, x in zip(names, exact, strict=True) if x is not None}
        if slips and (len(rows) // len(SETS)) % 2:
            name = str(rng.choice(list(row)))
            row[name] = row[name][:-1] + str((int(row[name][-1]) + int(rng.integers(1, 10))) % 10)
        if len(row) == len(names) and all(float(text) <= 1 for text in row.values()):
            rows.append((row, p, n - p))
    return rows


def theirs(row: Row, p: int, q: int, prefilter: bool) -> tuple[bool, int]:
    """Return whether mlscorecheck finds a table, and how many."""
    scores = {THEIR_NAMES[name]: float(text) for name, text in row.items()}
    eps = {THEIR_NAMES[name]: 0.5 * 10.0 ** -len(text.split(".")[1]) for name, text in row.items()}
    result = check_1_testset_no_kfold({"p": p, "n": q}, scores, eps, prefilter_by_pairs=prefilter)
    return not result["inconsistency"], int(result["n_valid_tptn_pairs"])


def theirs_any_p(row: Row, n: int, prefilter: bool) -> bool:
    """Return whether mlscorecheck finds a table for any number of positives; it needs both numbers, so each is tried."""
    return any([theirs(row, p, n - p, prefilter)[0] for p in range(1, n)])


def ours_search(row: Row, p: int, q: int) -> tuple[bool, int]:
    """Return whether a table fits under rounding, and how many: the question that mlscorecheck answers."""
    found = search(parse_row(row), Frame.of(n_pos=p, n_neg=q), "rounding", 1)
    return found.total > 0, found.total


def ours_batch(rows: list[tuple[Row, int, int]]) -> list[int]:
    """Return how many tables fit each of many rows, all in one call."""
    parsed = [parse_row(row) for row, _, _ in rows]
    return [int(x) for x in count_matrices(parsed, [p for _, p, _ in rows], [q for _, _, q in rows])]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of a call and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


Sides = dict[str, Callable[[Row, int, int], Any]]
SIDES: Sides = {
    "search": ours_search,
    "audit": lambda row, p, q: audit_row(row, n_pos=p, n_neg=q, with_diagnoses=False),
    "full": lambda row, p, q: audit_row(row, n_pos=p, n_neg=q),
    "default": lambda row, p, q: theirs(row, p, q, True),
    "no prefilter": lambda row, p, q: theirs(row, p, q, False),
}


def split_known(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Time rows with P and N - P known; return times by N and the rows in which numbers of tables differ."""
    lines, differences = [], []
    for n in SIZES:
        rows = random_rows(n, count, seed=n)
        results = {name: [timed(partial(side, *row)) for row in rows] for name, side in SIDES.items()}
        times = {name: geometric([seconds for seconds, _ in found]) for name, found in results.items()}
        seconds, counts = timed(partial(ours_batch, rows))
        if counts != [total for _, (_, total) in results["search"]]:
            raise RuntimeError(f"N = {n}: the batch counts otherwise than one row at a time")
        times["batch"] = seconds / len(rows)
        fitting = [seconds for seconds, audit in results["audit"] if audit.verdict != "impossible" and audit.matrices]
        lines.append({"n": n, "rows": count, **times, "audit of rows that fit": geometric(fitting)})
        for name in ("default", "no prefilter"):
            for row, (_, ours), (_, result) in zip(rows, results["search"], results[name], strict=True):
                if ours != result:
                    differences.append(difference(*row, name, ours, result))
    return lines, differences


def many_decimals(count: int) -> list[dict[str, Any]]:
    """Return rows of N = 112 with six decimals, the last digit of one off by one, in which the verdicts differ."""
    differences = []
    rng = np.random.default_rng(6)
    for row, p, q in random_rows(112, count, seed=6, places=6, slips=False):
        name = str(rng.choice(list(row)))
        spoilt = {**row, name: print_fraction(abs(Fraction(row[name]) - Fraction(1, 10**6)), 6)}
        ours = ours_search(spoilt, p, q)
        result = theirs(spoilt, p, q, True)
        if ours[0] != result[0]:
            differences.append(difference(spoilt, p, q, "default", ours, result))
    return differences


def difference(row: Row, p: int, q: int, name: str, ours: tuple[bool, int], result: tuple[bool, int]) -> dict[str, Any]:
    """Explain a difference: count all tables in whole numbers, with and without the tolerance of mlscorecheck."""
    unit = 10**7  # half units of 2 to 6 decimals and the tolerance of 1e-6 are whole numbers of it
    tn = np.arange(q + 1)
    exact = tolerant = 0
    example = ""
    for tp in range(p + 1):
        fits, near = np.ones(q + 1, dtype=bool), np.ones(q + 1, dtype=bool)
        for metric, text in row.items():
            (c, a, b), (d, e, f) = METRICS[metric].at(p, q)
            above, below = c + a * tp + b * tn, d + e * tp + f * tn
            half = unit // (2 * 10 ** len(text.split(".")[1]))
            gap = np.abs(above * unit - int(Fraction(text) * unit) * below)
            fits &= (below > 0) & (gap <= half * below)
            near &= (below > 0) & (gap <= (half + unit // 10**6) * below)
        exact, tolerant = exact + int(fits.sum()), tolerant + int(near.sum())
        for x in tn[near & ~fits][: 0 if example else 1]:
            matrix = Matrix(tp, p - tp, q - int(x), int(x))
            example = f"TP {tp}, TN {x}: " + ", ".join(f"{metric} = {METRICS[metric].value(matrix)}" for metric in row)
    reason = f"all tables in whole numbers: {exact} fit, {tolerant} with their tolerance"
    found = {"row": row, "p": p, "q": q, "their mode": name, "ours": ours[1], "theirs": result[1]}
    return {**found, "verdict": ours[0] != result[0], "reason": reason + (f" ({example})" if example else "")}


def only_n_known(n: int, count: int) -> dict[str, Any]:
    """Time rows with only N known."""
    rows = [row for row, _, _ in random_rows(n, count, seed=n + 1)]
    sides: dict[str, Callable[[Row], Any]] = {
        "search": lambda row: search(parse_row(row), Frame.of(n), "rounding", 1).total > 0,
        "full": lambda row: audit_row(row, n=n),
        "default": lambda row: theirs_any_p(row, n, True),
        "no prefilter": lambda row: theirs_any_p(row, n, False),
    }
    results = {name: [timed(partial(side, row)) for row in rows] for name, side in sides.items()}
    times = {name: geometric([seconds for seconds, _ in found]) for name, found in results.items()}
    differ = sum(
        ours != result
        for name in ("default", "no prefilter")
        for (_, ours), (_, result) in zip(results["search"], results[name], strict=True)
    )
    return {"n": n, "rows": count, "different verdicts": differ, **times}


def geometric(times: list[float]) -> float:
    """Return the geometric mean in seconds."""
    return math.exp(statistics.fmean(math.log(x) for x in times))


def report(result: dict[str, Any]) -> str:
    """Return the results as markdown."""

    def ms(seconds: float) -> str:
        return f"{1000 * seconds:.3g}"

    lines = [
        "# Audit of printed metrics against mlscorecheck",
        "",
        "Milliseconds per row as geometric means; *batch* is all rows in one call, as the mean per row. *batch* and *search* answer the",
        "question of mlscorecheck (does a table fit, and how many); *audit* adds the verdict with its reasons (and, where no table",
        "fits, a second test and a proof); *full* adds the diagnoses of impossible rows, which mlscorecheck does not have. Each side",
        "goes through all rows once. *default* and *no prefilter* are the two settings of mlscorecheck; *faster* is the faster one.",
        "",
        "## P and N - P known",
        "",
        "| N | rows | batch | search | audit | full | default | no prefilter | default/batch | default/search | faster/search | faster/audit |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for line in result["split known"]:
        best = min(line["default"], line["no prefilter"])
        times = " | ".join(ms(line[key]) for key in ("batch", "search", "audit", "full", "default", "no prefilter"))
        pairs = ((line["default"], "batch"), (line["default"], "search"), (best, "search"), (best, "audit"))
        ratios = " | ".join(f"{x / line[key]:.1f}" for x, key in pairs)
        lines.append(f"| {line['n']} | {line['rows']} | {times} | {ratios} |")
    lines += ["", "Geometric means over the five sizes:", ""]
    lines += [f"- {name}: {value:.1f} times" for name, value in result["ratios"].items()]
    only = result["only n known"]
    best = min(only["default"], only["no prefilter"])
    lines += [
        "",
        f"## Only N = {only['n']} known",
        "",
        f"mlscorecheck is called for every P. {only['rows']} rows, {only['different verdicts']} verdicts differ.",
        "",
        *[f"- {key}: {ms(only[key])} ms" for key in ("search", "full", "default", "no prefilter")],
        f"- ratio to search: {best / only['search']:.0f} (faster setting), {only['default'] / only['search']:.0f} (default)",
        "",
        "## Differences",
        "",
        f"{result['compared']} comparisons of the number of tables, {len(result['differences'])} differences,",
        f"{sum(d['verdict'] for d in result['differences'])} of the verdict. mlscorecheck widens each interval by 1e-6 and counts in floating point.",
        "",
    ]
    for d in result["differences"][:20]:
        printed = ", ".join(f"{name} {text}" for name, text in d["row"].items())
        lines.append(
            f"- P = {d['p']}, N - P = {d['q']}, {printed} ({d['their mode']}): {d['ours']} against {d['theirs']}; {d['reason']}."
        )
    lines += [
        "",
        "## Six decimals",
        "",
        f"Rows of N = 112 with six decimals, of which one is too small by one in the last place: {len(result['six decimals'])} verdicts differ",
        f"of {result['split known'][0]['rows']} (default setting of both). The tolerance of mlscorecheck, 1e-6, is then a whole last digit; a",
        "smaller one can be set by hand (`numerical_tolerance`). The first five:",
        "",
    ]
    for d in result["six decimals"][:5]:
        printed = ", ".join(f"{name} {text}" for name, text in d["row"].items())
        lines.append(f"- P = {d['p']}, N - P = {d['q']}, {printed}: {d['ours']} against {d['theirs']}; {d['reason']}.")
    return "\n".join([*lines, "", described(result["machine"])]) + "\n"


def main() -> None:
    """Time both sides and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100, help="rows of each size (default 100)")
    parser.add_argument("--rows-only-n", type=int, default=10, help="rows with only N known (default 10)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    logger.setLevel(logging.CRITICAL)
    for row, p, q in random_rows(30, 10, 0):  # imports and caches, on both sides
        audit_row(row, n_pos=p, n_neg=q)
        theirs(row, p, q, True)
    lines, differences = split_known(options.rows)
    ratios = {
        f"{their} / {our}": geometric([pick(line) / line[our] for line in lines])
        for our in ("batch", "search", "audit", "audit of rows that fit", "full")
        for their, pick in (
            ("default", lambda line: line["default"]),
            ("no prefilter", lambda line: line["no prefilter"]),
            ("faster setting", lambda line: min(line["default"], line["no prefilter"])),
        )
    }
    result = {
        "machine": machine("numpy", "mlscorecheck"),
        "split known": lines,
        "ratios": ratios,
        "only n known": only_n_known(1000, options.rows_only_n),
        "compared": 2 * sum(line["rows"] for line in lines),
        "six decimals": many_decimals(options.rows),
        "differences": differences,
    }
    write_results("audit_metrics", json.dumps(result, indent=1), report(result), options.out)


if __name__ == "__main__":
    main()
