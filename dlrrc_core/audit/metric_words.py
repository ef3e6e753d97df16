"""The reasons of a verdict as sentences that a reader can follow with pencil and paper.

The verdict is decided before, by whole numbers; numbers with a decimal point are shown here for reading only.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor, sqrt

from dlrrc_core.audit.feasible import Found, search
from dlrrc_core.audit.forms import Matrix, between
from dlrrc_core.audit.metric_elimination import project
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.metric_proof import Certificate
from dlrrc_core.audit.printed import Mode, Printed

FEW_TABLES = 3000  # so many tables are gone through for the nearest values of one metric
FEW_SPLITS = 4  # so many numbers of positives are explained one by one
MODE_WORDS: dict[str, str] = {
    "rounding": "rounded to the printed digits (halves up, down or to even)",
    "truncation": "cut off after the printed digits",
    "ceiling": "rounded up to the printed digits",
    "any": "printed with an error below one unit of the last digit",
}


def show(value: Printed, matrix: Matrix) -> str:
    """Return the exact value of a metric for a matrix, as a fraction and in the style of the printed value."""
    exact = value.metric.value(matrix)
    if exact is None:
        return f"{value.metric.name} is undefined"
    if value.metric.power == 2:
        root = Fraction(sqrt(abs(exact))) * (1 if exact >= 0 else -1)
        return f"{value.metric.name} would be {value.number(root, 2)} (printed {value.text})"
    return f"{value.metric.name} would be {exact} = {value.number(exact, 2)} (printed {value.text})"


def cells(matrix: Matrix) -> str:
    """Return a matrix as text."""
    return f"TP {matrix.tp}, FN {matrix.fn}, FP {matrix.fp}, TN {matrix.tn}"


def explain_fit(found: Found) -> list[str]:
    """Return what fits a row of values."""
    first = cells(found.matrices[0]) if found.matrices else "not listed"
    if found.total == 1:
        return [f"One matrix fits: {first}."]
    return [f"{found.total} matrices{'' if found.exact else ' or more'} fit, the first {first}."]


def explain_proof(certificate: Certificate) -> list[str]:
    """Return why values exclude each other for every number of cases."""
    named = {term.label.split(" '")[0] for _, term in certificate.terms if "'" in term.label}
    plain = []
    if certificate.family == "counts" and named == {"accuracy", "sensitivity", "specificity"}:
        label = next(term.label for _, term in certificate.terms if term.label.startswith("accuracy '"))
        side = "above" if "above" in label or "at least" in label else "below"
        plain = [
            "Accuracy is the mean of sensitivity and specificity weighted by P and N - P, so it lies between them for every N; "
            f"the printed accuracy lies {side} both."
        ]
    return [*plain, "The printed values give these inequalities, taken so many times each:", *certificate.sentences()]


def explain_conflict(values: Sequence[Printed], frame: Frame, mode: Mode) -> list[str]:
    """Return why no matrix fits, from a smallest set of values that already exclude each other.

    Parameters
    ----------
    values : sequence of Printed
        Values that no matrix fits.
    frame : Frame
        What is known of N and P; N or the largest N is known.
    mode : str
        Mode of rounding.

    Returns
    -------
    list of str
    """
    core = list(values)
    for value in values:  # leave out what is not needed
        rest = [other for other in core if other is not value]
        if rest and not search(rest, frame, mode, 1).total:
            core = rest
    if frame.p is not None and frame.q is not None:
        return _one_split(core, frame.p, frame.q, mode)
    window = project(core, mode)
    listed = " and ".join(f"{value.metric.name} '{value.text}'" for value in core)
    if isinstance(window, Certificate):
        return [f"No table of any size has {listed}.", *explain_proof(window)]
    n = frame.largest
    if len(core) == 1 and core[0].metric.name in ("accuracy", "error_rate") and frame.smallest == n > 1:
        return [_alone(core[0], 1, n - 1, mode)]  # it does not depend on P
    size = f"N = {n}" if frame.smallest == n else f"N from {frame.smallest} to {n}"
    lines = [
        f"No table with {size} has {listed}: P / N has to lie from {float(window.lowest):.6g} to "
        f"{float(window.highest):.6g}, and for no such whole P there are whole TP and TN with these values."
    ]
    splits = range(max(ceil(window.lowest * n), 0), min(floor(window.highest * n), n) + 1)
    if frame.smallest == n and frame.p is None and frame.q is None:
        if not splits:
            return [*lines, "There is no whole P in that range."]
        if len(splits) <= FEW_SPLITS:
            lines += [f"P = {p}: {text}" for p in splits for text in explain_conflict(core, Frame.of(n, p), mode)]
    return lines


def _one_split(core: Sequence[Printed], p: int, q: int, mode: Mode) -> list[str]:
    """Return why no matrix of given P and Q fits a smallest set of values."""
    if len(core) == 1:
        return [_alone(core[0], p, q, mode)]
    frame = Frame(p + q, p + q, p, q)
    left = [([other for other in core if other is not value], value) for value in core]
    options = [(search(rest, frame, mode, 1000), rest, value) for rest, value in left]
    found, rest, value = min(options, key=lambda option: option[0].total)
    listed = " and ".join(f"{other.metric.name} '{other.text}'" for other in rest)
    number = "one matrix" if found.total == 1 else f"{found.total} matrices"
    lines = [f"For P = {p} and N - P = {q}, {listed} leave{'' if len(rest) > 1 else 's'} {number}."]
    defined = [matrix for matrix in found.matrices if value.metric.value(matrix) is not None]
    near = sorted(defined, key=lambda matrix: abs(_plain(value, matrix) - float(value.value)))[:3]
    return lines + [f"{cells(matrix)}: {show(value, matrix)}." for matrix in near]


def _plain(value: Printed, matrix: Matrix) -> float:
    """Return a metric as a float, for ordering what is shown."""
    exact = value.metric.value(matrix) or Fraction(0)
    return float(exact) if value.metric.power == 1 else sqrt(abs(exact)) * (1 if exact > 0 else -1)


def _alone(value: Printed, p: int, q: int, mode: Mode) -> str:
    """Return why a value is impossible by itself for given P and Q."""
    metric = value.metric
    if metric.family == "curved":
        return _nearest(value, p, q)
    forms = [form for form, _ in between(*metric.at(p, q), value.interval(mode))]
    what = {
        (True, False): ("TP", f"of P = {p}"),
        (False, True): ("TN", f"of N - P = {q}"),
        (True, True): ("TP + TN", f"of N = {p + q}"),
    }.get((any(a for _, a, _ in forms), any(b for _, _, b in forms)))
    if what is None or not p or not q or any(a and b and a != b for _, a, b in forms) or not _one_count(forms):
        return _nearest(value, p, q)
    ends = sorted(float(Fraction(-c, a or b)) for c, a, b in forms[:2])
    return f"{metric.name} '{value.text}' {what[1]} would need {what[0]} between {ends[0]:.9g} and {ends[1]:.9g}; no whole number lies there."


def _nearest(value: Printed, p: int, q: int) -> str:
    """Return that a value is impossible by itself, with the nearest values that small tables have."""
    text = f"No table with P = {p} and N - P = {q} has {value.metric.name} '{value.text}', where it is {value.metric.formula}."
    if (p + 1) * (q + 1) > FEW_TABLES:
        return text
    tables = [Matrix(tp, p - tp, q - tn, tn) for tp in range(p + 1) for tn in range(q + 1)]
    known = [
        (_plain(value, table) - float(value.value), table) for table in tables if value.metric.value(table) is not None
    ]
    below = max((pair for pair in known if pair[0] < 0), default=None)
    above = min((pair for pair in known if pair[0] > 0), default=None)
    near = [f"for {cells(pair[1])}, {show(value, pair[1])}" for pair in (below, above) if pair]
    return f"{text} The nearest: {'; '.join(near)}." if near else f"{text} It is undefined for all of them."


def _one_count(forms: list[tuple[int, ...]]) -> bool:
    """Return whether two inequalities bound one count from both sides."""
    return all(a or b for _, a, b in forms[:2]) and not any(a or b for _, a, b in forms[2:])
