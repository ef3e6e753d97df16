"""Whether printed values exclude each other for every number of cases: elimination in whole numbers, with a proof.

Each printed value gives inequalities between linear forms in (N, P, TP, TN). Fourier and Motzkin: where one inequality bounds TN
from below and another from above, a sum of positive multiples of both is free of TN. Doing this for TN, TP and P leaves ``c N``
at least (or above) 0; a c that is too small proves that no table exists, and the multipliers are the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from dlrrc_core.audit.forms import RATES, Form, between
from dlrrc_core.audit.metric_proof import Certificate, Inequality
from dlrrc_core.audit.printed import Mode, Printed

N, P, TP, TN = range(4)
COUNTS_BOX: list[tuple[str, Form, bool]] = [
    ("N > 0", (1, 0, 0, 0), True),
    ("P >= 0", (0, 1, 0, 0), False),
    ("P <= N", (1, -1, 0, 0), False),
    ("TP >= 0", (0, 0, 1, 0), False),
    ("TP <= P", (0, 1, -1, 0), False),
    ("TN >= 0", (0, 0, 0, 1), False),
    ("TN <= N - P", (1, -1, 0, -1), False),
]
RATES_BOX: list[tuple[str, Form, bool]] = [
    ("1 > 0", (1, 0, 0, 0), True),
    ("TP / P >= 0", (0, 0, 1, 0), False),
    ("TP / P <= 1", (1, 0, -1, 0), False),
    ("TN / (N - P) >= 0", (0, 0, 0, 1), False),
    ("TN / (N - P) <= 1", (1, 0, 0, -1), False),
]


def inequalities(values: Sequence[Printed], mode: Mode, family: str = "counts") -> list[Inequality]:
    """Return what printed values say, whatever the number of cases.

    Parameters
    ----------
    values : sequence of Printed
        Metrics that are no ratio of forms of this family are left out.
    mode : str
        Mode of rounding.
    family : {"counts", "rates"}, default "counts"
        See :mod:`dlrrc_core.audit.forms`.

    Returns
    -------
    list of Inequality
        Numbered by their place, no two alike.
    """
    found: dict[tuple[Form, bool], str] = {}
    for value in values:
        metric = value.metric
        if family == "counts" and metric.family == "counts":
            parts = between(metric.numerator, metric.denominator, value.interval(mode))
        elif family == "rates" and metric.name in RATES:
            parts = between(*RATES[metric.name], value.interval(mode))
        else:
            continue
        low, high, scale, low_open, high_open = value.interval(mode)
        ends = (
            f"{metric.name} '{value.text}' is {'above' if low_open else 'at least'} {Fraction(low, scale)}",
            f"{metric.name} '{value.text}' is {'below' if high_open else 'at most'} {Fraction(high, scale)}",
            f"{metric.name} is defined",
        )
        for (form, strict), label in zip(parts, ends, strict=True):
            found.setdefault((_reduced(form), strict), label)
    for label, form, strict in COUNTS_BOX if family == "counts" else RATES_BOX:
        found.setdefault((form, strict), label)
    return [Inequality(form, strict, 1 << i, label) for i, ((form, strict), label) in enumerate(found.items())]


def _reduced(form: Form) -> Form:
    """Return a form divided by the greatest common divisor of its coefficients."""
    divisor = gcd(*form) or 1
    return tuple(x // divisor for x in form)


def eliminate(system: Sequence[Inequality], variable: int, limit: int) -> list[Inequality]:
    """Remove one variable from a system of inequalities.

    Parameters
    ----------
    system : sequence of Inequality
        The system.
    variable : int
        Place in the form.
    limit : int
        Sums of more than this many first inequalities are left out.

    Returns
    -------
    list of Inequality
        Satisfied by exactly those values of the other variables that can be completed.

    Notes
    -----
    After eliminating k variables, sums of more than k + 1 first inequalities follow from the others (Chernikov 1965, USSR Comput
    Math Math Phys 5:1-20), so ``limit`` is k + 1.
    """
    lower = [row for row in system if row.form[variable] > 0]
    upper = [row for row in system if row.form[variable] < 0]
    result = [row for row in system if row.form[variable] == 0]
    for a in lower:
        for b in upper:
            if (a.support | b.support).bit_count() <= limit:
                result.append(_sum(a, b, variable))
    return result


def _sum(a: Inequality, b: Inequality, variable: int) -> Inequality:
    """Return the positive combination of two inequalities that is free of a variable."""
    x, y = -b.form[variable], a.form[variable]
    (c, d, e, f), (g, h, i, j) = a.form, b.form
    form = (x * c + y * g, x * d + y * h, x * e + y * i, x * f + y * j)
    divisor = gcd(*form) or 1
    if divisor > 1:
        form = (form[0] // divisor, form[1] // divisor, form[2] // divisor, form[3] // divisor)
    return Inequality(form, a.strict or b.strict, a.support | b.support, "", (a, x, b, y, divisor))


@dataclass(frozen=True)
class Projection:
    """What is left of a system when TN, and then TP, are eliminated.

    Attributes
    ----------
    base : list of Inequality
        The system.
    without_tn : list of Inequality
        In N, P and TP.
    lowest, highest : Fraction
        Window of P / N.
    """

    base: list[Inequality]
    without_tn: list[Inequality]
    lowest: Fraction
    highest: Fraction


def project(values: Sequence[Printed], mode: Mode, family: str = "counts") -> Projection | Certificate:
    """Find the window of the prevalence P / N that printed values allow, or prove that there is none.

    Parameters
    ----------
    values, mode, family
        As in :func:`inequalities`.

    Returns
    -------
    Projection or Certificate
        A certificate exactly when no table of whole numbers of any size satisfies the system: the system is homogeneous, so a
        fractional solution becomes a table when it is multiplied by its common denominator.
    """
    base = inequalities(values, mode, family)
    without_tn = eliminate(base, TN, 2)
    in_p = eliminate(without_tn, TP, 3)
    lower, upper = [row for row in in_p if row.form[P] > 0], [row for row in in_p if row.form[P] < 0]
    low, high = max(lower, key=_end, default=None), min(upper, key=_end, default=None)
    wrong = [row for row in in_p if row.form[P] == 0 and _impossible(row)]
    if not wrong and low is not None and high is not None and _impossible(_sum(low, high, P)):
        pairs = [(a, b) for a in lower for b in upper if _exclude(a, b)]
        sizes = [(a.support | b.support).bit_count() for a, b in pairs]
        wrong = [_sum(a, b, P) for (a, b), size in zip(pairs, sizes, strict=True) if size == min(sizes)]
    if wrong:
        proofs = [_certificate(row, base, family, mode) for row in wrong]
        return min(proofs, key=lambda proof: (len(proof.terms), max(weight for weight, _ in proof.terms)))
    return Projection(base, without_tn, _end(low)[0] if low else Fraction(0), _end(high)[0] if high else Fraction(1))


def _exclude(a: Inequality, b: Inequality) -> bool:
    """Return whether a lower and an upper bound of P leave no room (the sign of their sum that is free of P)."""
    rest = a.form[P] * b.form[N] - b.form[P] * a.form[N]
    return rest < 0 or (rest == 0 and (a.strict or b.strict))


def _impossible(row: Inequality) -> bool:
    """Return whether an inequality in N alone has no solution above 0."""
    return row.form[N] < 0 or (row.form[N] == 0 and row.strict)


def _end(row: Inequality) -> tuple[Fraction, int]:
    """Return the bound of P / N, such that the sharper of two equal bounds comes first for max (lower) and for min (upper)."""
    return Fraction(-row.form[N], row.form[P]), (1 if row.form[P] > 0 else -1) * row.strict


def _certificate(row: Inequality, base: list[Inequality], family: str, mode: Mode) -> Certificate:
    """Return a sum that is impossible as a certificate with whole multipliers."""
    weights = row.weights()
    common = lcm(*(weight.denominator for weight in weights.values()))
    terms = tuple((int(weight * common), base[i]) for i, weight in sorted(weights.items()))
    return Certificate(family, mode, terms, row.form[N] * common)


def prove_impossible(values: Sequence[Printed], mode: Mode) -> Certificate | None:
    """Return a proof that printed values exclude each other for every number of cases, None if there is none.

    Parameters
    ----------
    values : sequence of Printed
        Of any metrics; ``kappa`` and the curved metrics take no part.
    mode : str
        Mode of rounding.

    Returns
    -------
    Certificate or None
        Of the family ``counts``, or, where that has no proof, of the family ``rates``.
    """
    for family in ("counts", "rates"):
        if any(v.metric.family == family or (family == "rates" and v.metric.name in RATES) for v in values):
            found = project(values, mode, family)
            if isinstance(found, Certificate):
                return found
    return None


def verify_certificate(certificate: Certificate, values: Sequence[Printed]) -> bool:
    """Check a proof from scratch.

    Parameters
    ----------
    certificate : Certificate
        The proof.
    values : sequence of Printed
        The printed values that it is about.

    Returns
    -------
    bool
        True when every multiplier is a whole number above 0, every inequality follows from one printed value or from 0 <= TP <= P,
        0 <= TN <= N - P, N > 0, and their sum has no solution.
    """
    given = {(row.form, row.strict) for row in inequalities(values, certificate.mode, certificate.family)}
    if any(weight <= 0 or (row.form, row.strict) not in given for weight, row in certificate.terms):
        return False
    total = [sum(weight * row.form[i] for weight, row in certificate.terms) for i in range(4)]
    strict = any(row.strict for _, row in certificate.terms)
    return total[P:] == [0, 0, 0] and total[N] == certificate.total and (total[N] < 0 or (total[N] == 0 and strict))
