"""How often the audit notices a slip: printed values of random tables are spoilt in a known way and audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dlrrc_core.audit.forms import METRICS, Matrix, find_metric
from dlrrc_core.audit.metric_batch import count_matrices
from dlrrc_core.audit.printed import Printed, parse_row
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.stats import Proportion, proportion

Row = dict[str, str]
METRICS_PRINTED = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1")


@dataclass(frozen=True)
class DetectionPower:
    """How often a kind of slip was noticed.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    n, decimals : int
        Number of cases, and decimals of the percentages.
    detected : Proportion
        Share of the spoilt rows with a verdict of impossible, in percent, with its 95 % Wilson interval.
    """

    kind: str
    n: int
    decimals: int
    detected: Proportion


def print_percent(value: Fraction, decimals: int) -> str:
    """Return a fraction as a percentage with so many decimals, halves up; exact, without floating point."""
    whole, rest = divmod(int(value * 100 * 10**decimals + Fraction(1, 2)), 10**decimals)
    return f"{whole}.{rest:0{decimals}d}%" if decimals else f"{whole}%"


def _exchange(row: Row, rng: np.random.Generator) -> Row:
    a, b = rng.choice(list(row), 2, replace=False)
    return {**row, a: row[b], b: row[a]}


def _rename(row: Row, rng: np.random.Generator) -> Row:
    old = str(rng.choice(list(row)))
    new = str(
        rng.choice([name for name in ("ppv", "npv", "sensitivity", "specificity", "f1", "jaccard") if name not in row])
    )
    return {new if name == old else name: text for name, text in row.items()}


def _last_digit(row: Row, rng: np.random.Generator) -> Row:
    name = str(rng.choice(list(row)))
    text = row[name].removesuffix("%")
    digit = rng.choice([d for d in "0123456789" if d != text[-1]])
    return {**row, name: f"{text[:-1]}{digit}%"}


def _transpose(row: Row, rng: np.random.Generator) -> Row:
    name = str(rng.choice(list(row)))
    text = row[name]
    places = [i for i, character in enumerate(text) if character.isdigit()]
    pairs = list(pairwise(places))
    if not pairs:
        return row
    i, j = pairs[int(rng.integers(len(pairs)))]
    changed = list(text)
    changed[i], changed[j] = text[j], text[i]
    return {**row, name: "".join(changed)}


def _same(row: Row, rng: np.random.Generator) -> Row:
    return row


KINDS: dict[str, Callable[[Row, np.random.Generator], Row]] = {
    "exchange": _exchange,  # the values of two metrics
    "rename": _rename,  # the label of one metric
    "last-digit": _last_digit,
    "transposition": _transpose,  # of two neighbouring digits
    "wrong-n": _same,  # N and P are stated up to a tenth too large or too small
    "classes": _same,  # P and N - P are exchanged
    "none": _same,  # no slip: the rate of false alarms, which has to be 0
}


def detection_power(
    kind: str,
    n: int,
    decimals: int,
    metrics: Sequence[str] = METRICS_PRINTED[:3],
    draws: int = 500,
    seed: int = 0,
    split_known: bool = True,
) -> DetectionPower:
    """Measure how often the audit notices one kind of slip.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    n : int
        Number of cases, at least 10.
    decimals : int
        Decimals of the printed percentages, 0 to 6.
    metrics : sequence of str, default accuracy, sensitivity and specificity
        What is printed.
    draws : int, default 500
        Number of random tables. Prevalence is uniform on 20 to 80 %, sensitivity and specificity on 60 to 98 %.
    seed : int, default 0
        Seed of the random numbers.
    split_known : bool, default True
        Whether P is known beside N.

    Returns
    -------
    DetectionPower
        Slips that change nothing (two equal values exchanged) are drawn again, so every row is really spoilt.

    Raises
    ------
    UsageError
        When an argument is out of range.

    Notes
    -----
    Interval: :func:`dlrrc_core.stats.proportion`.
    """
    one_of(kind, KINDS, "kind of slip")
    if n < 10 or not 0 <= decimals <= 6 or draws < 1:
        raise UsageError(
            f"n = {n}, decimals = {decimals}, draws = {draws}; allowed: n from 10, decimals 0 to 6, draws from 1"
        )
    names = [find_metric(name).name for name in metrics]
    if any(METRICS[name].family != "counts" for name in names) or len(set(names)) < 2:
        raise UsageError(
            f"metrics {', '.join(names)}; allowed: two or more different ratios of counts, such as accuracy and ppv"
        )
    rng = np.random.default_rng(seed)
    rows: list[list[Printed]] = []
    splits: list[tuple[int, int]] = []
    for _ in range(100 * draws):
        if len(rows) == draws:
            break
        p, q, row = _random_row(n, decimals, names, rng)
        spoilt = KINDS[kind](row, rng)
        stated = _stated(kind, p, q, rng)
        if kind != "none" and spoilt == row and stated == (p, q):
            continue
        if any(float(text.removesuffix("%")) > 100 for text in spoilt.values()):
            continue  # everyone would see that
        rows.append(parse_row(spoilt))
        splits.append(stated)
    if len(rows) < draws:
        raise UsageError(
            f"kind '{kind}' changes nothing in rows of {', '.join(names)}; allowed: a kind that can, or more cases"
        )
    detected = int((_matrices(rows, splits, split_known) == 0).sum())  # as audit_row, which then says impossible
    return DetectionPower(kind, n, decimals, proportion(detected, len(rows)))


def _matrices(rows: list[list[Printed]], splits: list[tuple[int, int]], split_known: bool) -> npt.NDArray[np.int64]:
    """Return how many matrices fit each row, over every P where only N is known."""
    if split_known:
        p, q = np.array(splits).T
        return count_matrices(rows, p, q)
    sizes = [p + q for p, q in splits]
    every = [(i, p) for i, size in enumerate(sizes) for p in range(size + 1)]
    counts = count_matrices([rows[i] for i, _ in every], [p for _, p in every], [sizes[i] - p for i, p in every])
    return np.add.reduceat(counts, np.cumsum([0, *(size + 1 for size in sizes[:-1])]))


def _random_row(n: int, decimals: int, names: Sequence[str], rng: np.random.Generator) -> tuple[int, int, Row]:
    """Return P, N - P and the printed values of a random table in which all metrics are defined."""
    while True:
        p = round(n * rng.uniform(0.2, 0.8))
        q = n - p
        tp, tn = int(rng.binomial(p, rng.uniform(0.6, 0.98))), int(rng.binomial(q, rng.uniform(0.6, 0.98)))
        exact = {name: METRICS[name].value(Matrix(tp, p - tp, q - tn, tn)) for name in names}
        row = {name: print_percent(value, decimals) for name, value in exact.items() if value is not None}
        if len(row) == len(names):
            return p, q, row


def _stated(kind: str, p: int, q: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return the numbers of positives and negatives that the spoilt paper states."""
    if kind == "classes":
        return q, p
    if kind != "wrong-n":
        return p, q
    most = max((p + q) // 10, 1)
    return max(p + int(rng.integers(-most, most + 1)), 1), max(q + int(rng.integers(-most, most + 1)), 1)
