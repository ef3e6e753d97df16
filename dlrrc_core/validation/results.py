"""Rules about printed results: every value can be read, and belongs to a metric that can have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from dlrrc_core.entries import Entry
from dlrrc_core.problems import Problem, UsageError
from dlrrc_core.records import Paper, PrintedResult
from dlrrc_core.repository import Reading
from dlrrc_core.strict_yaml import Location

NEAR = 0.88  # likeness of a misspelt metric
MEASURES = ("auc", "pr_auc", "hd95", "assd", "c_index")  # measures that are no function of a two by two table
# two numbers with a hyphen, en dash, comma, semicolon or "to" between them
INTERVAL = re.compile(
    r"[(\[]?\s*(-?\d*\.?\d+)\s*%?\s*(?:[-–—,;]|to)\s*(-?\d*\.?\d+)\s*%?\s*[)\]]?", re.IGNORECASE | re.ASCII
)


def check(reading: Reading) -> Iterator[Problem]:
    """Yield printed values that cannot be read or cannot be right.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules RES-001 to 007.
    """
    for entry in reading.papers.values():
        for i, row in enumerate(entry.record.results):
            yield from _row(entry, ("results", i), row)


def _row(entry: Entry[Paper], at: Location, row: PrintedResult) -> Iterator[Problem]:
    from dlrrc_core.audit.forms import NAMES  # the audit is loaded when there is a result to read

    if row.n is not None and row.n_pos is not None and row.n_neg is not None and row.n_pos + row.n_neg != row.n:
        found = f"n is {row.n}, but n_pos and n_neg add up to {row.n_pos + row.n_neg}"
        yield entry.document.problem((*at, "n"), found, str(row.n_pos + row.n_neg), rule="DLRRC-RES-004")
    for name, text in row.values.items():
        place = (*at, "values", name)
        problem: tuple[str, str, str] | None = None
        if name.endswith("_ci"):
            problem = _interval(name, text)
        elif name == "p" or name.endswith("_p"):
            problem = _p_value(name, text)
        elif name in NAMES:
            problem = _value(name, text)
        elif name not in MEASURES and (near := get_close_matches(name[:60], list(NAMES), n=1, cutoff=NEAR)):
            problem = f"the measure '{name}'", f"the metric '{near[0]}'", "RES-007"
        if problem:
            found, allowed, rule = problem
            yield entry.document.problem(place, found, allowed, rule=f"DLRRC-{rule}")


def _value(name: str, text: str) -> tuple[str, str, str] | None:
    """Return found, allowed and rule of a value of a metric that is no single number it can have."""
    from dlrrc_core.audit.printed import ALLOWED, NUMBER, SPACES, parse_value

    try:
        parse_value(name, text)
    except UsageError as error:
        found = f"{name} is '{text}'"
        cleaned = text.strip().translate(SPACES)
        if (number := NUMBER.fullmatch(cleaned)) and (number[2] or number[3]):
            return found, str(error).rpartition("allowed: ")[2], "RES-001"
        decimal_comma = "." not in text and re.search(r"\d,\d", text)  # 0.95 (0.93,0.97) has none
        if decimal_comma or not re.search(r"\d", text):
            return found, ALLOWED, "RES-002"
        return f"{found}, which is no single number", ALLOWED, "RES-003"
    return None


def _interval(name: str, text: str) -> tuple[str, str, str] | None:
    ends = INTERVAL.fullmatch(text.strip())
    if ends and float(ends[1]) <= float(ends[2]):
        return None
    return f"{name} is '{text}'", "two numbers, the smaller first, for instance '0.849, 1.000'", "RES-005"


def _p_value(name: str, text: str) -> tuple[str, str, str] | None:
    from dlrrc_core.audit.p_values import p_window

    try:
        p_window(text)
    except UsageError as error:
        return f"{name} is '{text}'", str(error).rpartition("allowed: ")[2], "RES-006"
    return None
