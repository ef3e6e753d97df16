"""What may have gone wrong with a row of printed values: every single edit after which one confusion matrix fits.

The edits are ordered by how much of the row has to be wrong (``COST``); within a cost they keep the order of the row. A diagnosis is a
possibility, not a finding: several edits often fit, and they are all listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from dlrrc_core.audit.feasible import Found, search
from dlrrc_core.audit.forms import METRICS, Matrix, Metric
from dlrrc_core.audit.metric_elimination import prove_impossible
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.printed import Mode, Printed

Kind = Literal["rename", "exchange", "classes", "n", "split", "drop"]
COST: dict[Kind, int] = {
    "rename": 1,  # one label is wrong
    "exchange": 2,  # two labels are wrong
    "classes": 3,  # all labels refer to the other class
    "n": 4,  # the values belong to another number of cases that the paper gives
    "split": 5,  # N is right, P is not
    "drop": 6,  # one value is wrong, in whatever way
}
RENAMES = (
    *("sensitivity", "specificity", "ppv", "npv", "accuracy", "f1", "jaccard", "fnr", "fpr", "fdr"),
    *("false_omission_rate", "error_rate", "balanced_accuracy", "youden", "kappa", "mcc"),
)
SPLITS = 10  # more splits of N than this are one line


@dataclass(frozen=True)
class Diagnosis:
    """One edit after which the values fit.

    Attributes
    ----------
    kind : str
        One of :data:`COST`.
    edit : str
        In words.
    matrices_total : int or None
        Number of matrices that then fit; None where no number of cases is known.
    exact : bool
        False where there may be more.
    matrix : Matrix or None
        The matrix, or the first of several. After ``classes`` its positive class is the other one.
    """

    kind: Kind
    edit: str
    matrices_total: int | None
    exact: bool
    matrix: Matrix | None

    @property
    def cost(self) -> int:
        """Return how much of the row has to be wrong, from 1 to 6."""
        return COST[self.kind]

    def as_dict(self) -> dict[str, Any]:
        """Return the diagnosis in JSON's types."""
        matrix = None if self.matrix is None else self.matrix._asdict()
        return {"edit": self.edit, "cost": self.cost, "matrices_total": self.matrices_total, "matrix": matrix}


def diagnose(
    values: Sequence[Printed],
    frame: Frame,
    mode: Mode = "rounding",
    other_n: Mapping[str, int | tuple[int, int]] | None = None,
) -> list[Diagnosis]:
    """List every single edit after which printed values fit one confusion matrix.

    Parameters
    ----------
    values : sequence of Printed
        The row.
    frame : Frame
        What is known of N and P.
    mode : str, default "rounding"
        Mode of rounding under which the edited row has to fit.
    other_n : mapping of str to int or (int, int), optional
        Other numbers of cases that the paper gives, by what they count: N, or positives and negatives. Where P is known and the ratio
        of the classes can be kept, it is kept if that fits; otherwise P is free.

    Returns
    -------
    list of Diagnosis
        Cheapest first.

    Notes
    -----
    A label is replaced by the metrics of :data:`RENAMES`; by MCC only where P and N - P are known.
    """
    found = []
    for kind, edit, row, denominators in _edits(values, frame, other_n or {}):
        result = _fits(row, denominators, mode)
        if result is not None:
            found.append(_diagnosis(kind, edit, result))
    found += _kept_ratio(values, frame, mode, other_n or {}, found)
    found += _splits(values, frame, mode)
    return sorted(found, key=lambda diagnosis: diagnosis.cost)


def _edits(
    values: Sequence[Printed], frame: Frame, other_n: Mapping[str, int | tuple[int, int]]
) -> Iterator[tuple[Kind, str, list[Printed], Frame]]:
    """Yield every edit as its kind, its words, and the row and numbers of cases after it; splits are looked for elsewhere."""
    row = list(values)
    names = {value.metric.name for value in row}
    if len(row) > 1:
        for i, value in enumerate(row):
            for name in RENAMES:
                slow = METRICS[name].family == "curved" and (frame.p is None or frame.q is None)
                if name not in names and not slow and _may_be(value, METRICS[name]):
                    renamed = value._replace(metric=METRICS[name])
                    yield "rename", f"{value.metric.name} is {name}", [*row[:i], renamed, *row[i + 1 :]], frame
    for i, j in combinations(range(len(row)), 2):
        a, b = row[i], row[j]
        if a.metric != b.metric and _may_be(a, b.metric) and _may_be(b, a.metric):
            edited = row.copy()
            edited[i], edited[j] = a._replace(metric=b.metric), b._replace(metric=a.metric)
            yield "exchange", f"{a.metric.name} and {b.metric.name} are exchanged", edited, frame
    if frame.p != frame.q:
        turned = Frame(frame.smallest, frame.largest, frame.q, frame.p)
        yield "classes", "the positive class is the other one", row, turned
    for label, n in other_n.items():
        if isinstance(n, tuple):
            yield "n", f"N is {sum(n)} ({label}), with {n[0]} positives", row, Frame.of(n_pos=n[0], n_neg=n[1])
        else:
            yield "n", f"N is {n} ({label}), with any number of positives", row, Frame.of(n)
    if len(row) > 1:
        for i, value in enumerate(row):
            yield "drop", f"{value.metric.name} '{value.text}' is left out", [*row[:i], *row[i + 1 :]], frame


def _may_be(value: Printed, metric: Metric) -> bool:
    """Return whether a metric can have a printed value."""
    if metric.highest is None:
        return value.digits >= 0 and not value.percent
    return metric.lowest * value.scale <= value.digits <= value.scale


def _fits(row: Sequence[Printed], frame: Frame, mode: Mode) -> Found | None:
    """Return the matrices of a row, None where it has none; where N is unknown, a row that is not proven impossible fits."""
    if not frame.largest:
        return Found(0, False, []) if prove_impossible(row, mode) is None else None
    found = search(row, frame, mode, limit=1)
    return found if found.total else None


def _diagnosis(kind: Kind, edit: str, found: Found) -> Diagnosis:
    known = bool(found.matrices)
    return Diagnosis(kind, edit, found.total if known else None, found.exact, found.matrices[0] if known else None)


def _kept_ratio(
    values: Sequence[Printed],
    frame: Frame,
    mode: Mode,
    other_n: Mapping[str, int | tuple[int, int]],
    found: list[Diagnosis],
) -> list[Diagnosis]:
    """Return what fits another N with the same ratio of the classes, and take the line with any ratio out of ``found``."""
    result: list[Diagnosis] = []
    if frame.p is None or frame.q is None:
        return result
    for label, n in other_n.items():
        if isinstance(n, tuple) or (n * frame.p) % frame.largest:
            continue
        p = n * frame.p // frame.largest
        fitting = search(values, Frame.of(n, p), mode, limit=1)
        if fitting.total:
            found[:] = [d for d in found if d.edit != f"N is {n} ({label}), with any number of positives"]
            result.append(_diagnosis("n", f"N is {n} ({label}), with {p} positives", fitting))
    return result


def _splits(values: Sequence[Printed], frame: Frame, mode: Mode) -> list[Diagnosis]:
    """Return the other numbers of positives of the same N that fit; not looked for where all metrics are curved (too slow)."""
    if frame.p is None or frame.q is None or all(value.metric.family == "curved" for value in values):
        return []
    n = frame.largest
    every = search(values, Frame.of(n), mode, limit=1000)
    by_p: dict[int, list[Matrix]] = {}
    for matrix in every.matrices:
        by_p.setdefault(matrix.tp + matrix.fn, []).append(matrix)
    if len(by_p) > SPLITS or every.total > len(every.matrices):
        text = f"another number of positives of {n} than {frame.p}, for instance {min(by_p)}"
        return [_diagnosis("split", text, every)]
    near = sorted(by_p, key=lambda p: (abs(p - (frame.p or 0)), p))
    return [
        _diagnosis("split", f"{p} of {n} are positive, not {frame.p}", Found(len(by_p[p]), True, by_p[p])) for p in near
    ]
