"""Many printed rows at once: how many confusion matrices fit each, by the plan of :mod:`dlrrc_core.audit.feasible` over arrays.

Used where thousands of rows are tested, as for the power of the audit; results are those of ``feasible.search``, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrrc_core.audit.feasible import search
from dlrrc_core.audit.forms import METRICS
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.printed import Mode, Printed

Ints = npt.NDArray[np.int64]
RATIOS = [metric for metric in METRICS.values() if metric.family == "counts"]
PLACE = {metric.name: i for i, metric in enumerate(RATIOS)}
NUMERATORS = np.array([metric.numerator for metric in RATIOS], dtype=np.int64)
DENOMINATORS = np.array([metric.denominator for metric in RATIOS], dtype=np.int64)
LARGEST = 2**40  # of scale times N: products of three such numbers' parts stay below 2^62
CHUNK = 2_000_000  # values of TP looked at together


def count_matrices(
    rows: Sequence[Sequence[Printed]], p: npt.ArrayLike, q: npt.ArrayLike, mode: Mode = "rounding"
) -> Ints:
    """Count the confusion matrices that fit each of many printed rows.

    Parameters
    ----------
    rows : sequence of sequence of Printed, length m
        Printed values of one matrix each; at least one value.
    p, q : array_like of int, shape (m,)
        Numbers of positives and of negatives.
    mode : str, default "rounding"
        Mode of rounding.

    Returns
    -------
    numpy.ndarray of int, shape (m,)
        What ``feasible.search`` counts for each row.

    Notes
    -----
    Exact: whole numbers below 2^62. Rows with metrics that are no ratio of counts, or with too many digits, go through ``search``.
    """
    positives, negatives = np.asarray(p, dtype=np.int64), np.asarray(q, dtype=np.int64)
    sizes = (positives + negatives + 1).tolist()
    plain = [
        i
        for i, row in enumerate(rows)
        if row and all(v.metric.name in PLACE and v.scale * sizes[i] < LARGEST for v in row)
    ]
    found = np.zeros(len(rows), dtype=np.int64)
    if plain:
        found[plain] = _counted([rows[i] for i in plain], positives[plain], negatives[plain], mode)
    for i in sorted(set(range(len(rows))) - set(plain)):
        found[i] = search(rows[i], Frame.of(n_pos=int(positives[i]), n_neg=int(negatives[i])), mode, 0).total
    return found


def _counted(rows: Sequence[Sequence[Printed]], p: Ints, q: Ints, mode: Mode) -> Ints:
    """Return the counts of rows of ratios of counts."""
    c, a, b, starts = _half_spaces(rows, p, q, mode)
    sizes = np.diff(np.append(starts, len(c)))
    low, high = _range(c, a, b == 0, starts, np.zeros_like(p), p)
    tn_low, tn_high = _range(c, b, a == 0, starts, np.zeros_like(q), q)
    best = np.where(b > 0, np.repeat(tn_high, sizes), np.repeat(tn_low, sizes))  # the most favourable TN
    low, high = _range(c + b * best, a, b != 0, starts, low, high)
    high = np.where(tn_low <= tn_high, high, -1)
    width = int(sizes.max())
    spaces = np.zeros((3, len(rows), width), dtype=np.int64)  # rows with fewer are filled with 0 >= 0
    place = np.arange(len(c)) - np.repeat(starts, sizes)
    spaces[:, np.repeat(np.arange(len(rows)), sizes), place] = np.where((a != 0) & (b != 0), np.stack([c, a, b]), 0)
    counts = np.zeros(len(rows), dtype=np.int64)
    lengths = np.maximum(high - low + 1, 0)
    edges = np.searchsorted(np.cumsum(lengths), np.arange(CHUNK, lengths.sum() + CHUNK, CHUNK), side="right") + 1
    begin = 0
    for end in dict.fromkeys([*np.minimum(edges, len(rows)).tolist(), len(rows)]):
        part = slice(begin, end)
        counts[part] = _over_tp(spaces[:, part], low[part], lengths[part], tn_low[part], tn_high[part])
        begin = end
    return counts


def _half_spaces(rows: Sequence[Sequence[Printed]], p: Ints, q: Ints, mode: Mode) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the inequalities ``c + a TP + b TN >= 0``, three for each value, and where those of each row begin."""
    values = np.array(
        [(i, PLACE[v.metric.name], *v.interval(mode)) for i, row in enumerate(rows) for v in row], dtype=np.int64
    )
    row, metric, low, high, scale, low_open, high_open = values.T
    above, below = (_at(table[metric], p[row], q[row]) for table in (NUMERATORS, DENOMINATORS))
    spaces = [scale * x - low * y for x, y in zip(above, below, strict=True)]
    others = [high * y - scale * x for x, y in zip(above, below, strict=True)]
    c = np.stack([spaces[0] - low_open, others[0] - high_open, below[0] - 1], axis=1).ravel()  # above 0 is at least 1
    a, b = (np.stack([spaces[k], others[k], below[k]], axis=1).ravel() for k in (1, 2))
    return c, a, b, 3 * np.searchsorted(row, np.arange(len(rows)))


def _at(forms: Ints, p: Ints, q: Ints) -> tuple[Ints, Ints, Ints]:
    """Return forms in (N, P, TP, TN) as forms in (1, TP, TN) for given P and Q."""
    n_part, p_part, tp_part, tn_part = forms.T
    return (n_part + p_part) * p + n_part * q, tp_part, tn_part


def _range(
    c: Ints, slope: Ints, chosen: npt.NDArray[np.bool_], starts: Ints, low: Ints, high: Ints
) -> tuple[Ints, Ints]:
    """Return the whole x of each row between low and high with ``c + slope x >= 0`` for the chosen inequalities."""
    rising, falling, flat = chosen & (slope > 0), chosen & (slope < 0), chosen & (slope == 0) & (c < 0)
    divisor = np.where(slope == 0, 1, slope)
    least = np.where(rising, -(c // divisor), np.iinfo(np.int64).min)
    most = np.where(flat, -1, np.where(falling, c // -divisor, np.iinfo(np.int64).max))
    return np.maximum(low, np.maximum.reduceat(least, starts)), np.minimum(high, np.minimum.reduceat(most, starts))


def _over_tp(spaces: Any, low: Ints, lengths: Ints, tn_low: Ints, tn_high: Ints) -> Ints:
    """Return for each row the sum over TP of the number of TN between the inequalities."""
    rows = np.repeat(np.arange(len(low)), lengths)
    tp = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + low[rows]
    first, last = tn_low[rows], tn_high[rows]
    for k in range(spaces.shape[2]):
        c, a, b = (part[rows] for part in spaces[:, :, k])
        bound = (c + a * tp) // np.where(b == 0, 1, np.abs(b))
        first = np.where(b > 0, np.maximum(first, -bound), first)
        last = np.where(b < 0, np.minimum(last, bound), last)
    total = np.concatenate([[0], np.cumsum(np.maximum(last - first + 1, 0))])
    ends = np.cumsum(lengths)
    return np.asarray(total[ends] - total[ends - lengths], dtype=np.int64)
