"""The metrics of a two by two table as formulas in whole numbers.

A table is (N, P, TP, TN): all cases, positive cases, true positives and true negatives; Q = N - P, FN = P - TP, FP = Q - TN. A tuple
of coefficients stands for a linear form. Three families are ratios of linear forms:

* ``counts``: forms in (N, P, TP, TN), whatever N and P are;
* ``rates``: forms in (1, -, TP/P, TN/Q), linear in TP and TN once multiplied by P Q;
* ``kappa``: linear in TP and TN for given P and Q.

The others (``curved``) are not, but for given P, Q and TP they never fall when TN grows. A metric whose denominator is 0 is
undefined, and a table with an undefined metric does not have a printed value of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from dlrrc_core.problems import one_of

Form = tuple[Any, ...]  # coefficients: whole numbers, or arrays of them


class Matrix(NamedTuple):
    """A confusion matrix."""

    tp: int
    fn: int
    fp: int
    tn: int


@dataclass(frozen=True)
class Metric:
    """A metric and its formula.

    Attributes
    ----------
    name : str
        Name in the records.
    family : {"counts", "rates", "kappa", "curved"}
        See the module.
    numerator, denominator : tuple of int
        Forms of the families ``counts`` and ``rates``.
    formula : str
        For a reader.
    aliases : tuple of str
        Other names.
    lowest : {0, -1}
        Smallest possible value.
    highest : 1 or None
        Largest possible value, None if there is none.
    """

    name: str
    family: Literal["counts", "rates", "kappa", "curved"]
    numerator: Form
    denominator: Form
    formula: str
    aliases: tuple[str, ...] = ()
    lowest: int = 0
    highest: int | None = 1

    def at(self, p: Any, q: Any) -> tuple[Form, Form]:
        """Return numerator and denominator as forms in (1, TP, TN) for given numbers of positives and negatives.

        Parameters
        ----------
        p, q : int or array of int
            Numbers of positives and of negatives.

        Returns
        -------
        tuple of tuple
            Not for the family ``curved``.
        """
        if self.family == "kappa":  # (TP + FP) Q + (FN + TN) P in the denominator
            return (-2 * p * q, 2 * q, 2 * p), (p * p + q * q, q - p, p - q)
        if self.family == "rates":
            a, b = self.numerator, self.denominator
            return (a[0] * p * q, a[2] * q, a[3] * p), (b[0] * p * q, b[2] * q, b[3] * p)
        (a, b, c, d), (e, f, g, h) = self.numerator, self.denominator
        return ((a + b) * p + a * q, c, d), ((e + f) * p + e * q, g, h)

    @property
    def power(self) -> int:
        """Return 2 if :meth:`curve` gives the square (with the sign kept), otherwise 1."""
        return 2 if self.name in ("mcc", "g_mean", "fowlkes_mallows") else 1

    @property
    def degree(self) -> int:
        """Return how a form grows: at most 16 N to this power."""
        return {"counts": 1, "rates": 2, "kappa": 2, "curved": 4 if self.name == "mcc" else 2}[self.family]

    def curve(self, p: Any, q: Any, tp: Any, tn: Any) -> tuple[Any, Any]:
        """Return numerator and denominator of a curved metric, squared (with the sign kept) where :attr:`power` is 2."""
        called = tp + q - tn  # TP + FP
        excess = q * tp + p * tn - p * q  # TP TN - FP FN
        if self.name == "mcc":
            return excess * abs(excess), p * q * called * (p + q - called)
        if self.name == "markedness":
            return excess, called * (p + q - called)
        if self.name == "dor":
            return tp * tn, (q - tn) * (p - tp)
        if self.name == "g_mean":
            return tp * tn, p * q
        return tp * tp, p * called  # Fowlkes-Mallows

    def domain(self, p: Any, q: Any) -> list[Form]:
        """Return the forms in (1, TP, TN) that are above 0 where a curved metric is defined."""
        called, rest = (q, 1, -1), (p, -1, 1)
        positives, negatives = (p, 0, 0), (q, 0, 0)
        return {
            "mcc": [called, rest, positives, negatives],
            "markedness": [called, rest],
            "dor": [(q, 0, -1), (p, -1, 0)],
            "g_mean": [positives, negatives],
            "fowlkes_mallows": [called, positives],
        }[self.name]

    def value(self, matrix: Matrix) -> Fraction | None:
        """Return the exact value (of :attr:`power` 2: its square with the sign kept), None where it is undefined."""
        tp, fn, fp, tn = matrix
        p, q = tp + fn, fp + tn
        if self.family == "curved":
            if any(c + a * tp + b * tn <= 0 for c, a, b in self.domain(p, q)):
                return None
            above, below = self.curve(p, q, tp, tn)
        else:
            above, below = (c + a * tp + b * tn for c, a, b in self.at(p, q))
        return Fraction(above, below) if below else None


N_FORM, P_FORM, Q_FORM = (1, 0, 0, 0), (0, 1, 0, 0), (1, -1, 0, 0)
CALLED, REST = (1, -1, 1, -1), (0, 1, -1, 1)  # TP + FP and FN + TN
_METRICS = [
    Metric("accuracy", "counts", (0, 0, 1, 1), N_FORM, "(TP + TN) / N", ("acc",)),
    Metric("error_rate", "counts", (1, 0, -1, -1), N_FORM, "(FP + FN) / N"),
    Metric("sensitivity", "counts", (0, 0, 1, 0), P_FORM, "TP / P", ("recall", "tpr", "sens")),
    Metric("fnr", "counts", (0, 1, -1, 0), P_FORM, "FN / P", ("miss_rate",)),
    Metric("specificity", "counts", (0, 0, 0, 1), Q_FORM, "TN / (N - P)", ("tnr", "spec")),
    Metric("fpr", "counts", (1, -1, 0, -1), Q_FORM, "FP / (N - P)"),
    Metric("ppv", "counts", (0, 0, 1, 0), CALLED, "TP / (TP + FP)", ("precision",)),
    Metric("fdr", "counts", (1, -1, 0, -1), CALLED, "FP / (TP + FP)"),
    Metric("npv", "counts", (0, 0, 0, 1), REST, "TN / (TN + FN)"),
    Metric("false_omission_rate", "counts", (0, 1, -1, 0), REST, "FN / (TN + FN)"),
    Metric("f1", "counts", (0, 0, 2, 0), (1, 0, 1, -1), "2 TP / (2 TP + FP + FN)", ("dice", "f1_score", "dsc")),
    Metric("f2", "counts", (0, 0, 5, 0), (1, 3, 1, -1), "5 TP / (5 TP + 4 FN + FP)"),
    Metric("f05", "counts", (0, 0, 5, 0), (4, -3, 4, -4), "5 TP / (5 TP + FN + 4 FP)", ("f0.5",)),
    Metric("jaccard", "counts", (0, 0, 1, 0), (1, 0, 0, -1), "TP / (TP + FP + FN)", ("iou",)),
    Metric("prevalence", "counts", P_FORM, N_FORM, "P / N"),
    Metric("balanced_accuracy", "rates", (0, 0, 1, 1), (2, 0, 0, 0), "(TP / P + TN / Q) / 2", ("bacc",)),
    Metric("youden", "rates", (-1, 0, 1, 1), N_FORM, "TP / P + TN / Q - 1", ("informedness",), -1),
    Metric("lr_positive", "rates", (0, 0, 1, 0), (1, 0, 0, -1), "(TP / P) / (FP / Q)", ("lr+", "plr"), 0, None),
    Metric("lr_negative", "rates", (1, 0, -1, 0), (0, 0, 0, 1), "(FN / P) / (TN / Q)", ("lr-", "nlr"), 0, None),
    Metric("kappa", "kappa", (), (), "2 (TP TN - FP FN) / ((TP + FP) Q + (FN + TN) P)", ("cohen_kappa",), -1),
    Metric("mcc", "curved", (), (), "(TP TN - FP FN) / sqrt((TP + FP) (FN + TN) P Q)", ("phi",), -1),
    Metric("markedness", "curved", (), (), "PPV + NPV - 1", (), -1),
    Metric("dor", "curved", (), (), "TP TN / (FP FN)", ("diagnostic_odds_ratio",), 0, None),
    Metric("g_mean", "curved", (), (), "sqrt(TP / P x TN / Q)", ("gmean",)),
    Metric("fowlkes_mallows", "curved", (), (), "TP / sqrt(P (TP + FP))"),
]
METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
NAMES: dict[str, Metric] = METRICS | {alias: metric for metric in _METRICS for alias in metric.aliases}
RATES: dict[str, tuple[Form, Form]] = {  # metrics of the family counts that are rates as well
    "sensitivity": ((0, 0, 1, 0), N_FORM),
    "fnr": ((1, 0, -1, 0), N_FORM),
    "specificity": ((0, 0, 0, 1), N_FORM),
    "fpr": ((1, 0, 0, -1), N_FORM),
} | {metric.name: (metric.numerator, metric.denominator) for metric in _METRICS if metric.family == "rates"}


def normal_name(name: str) -> str:
    """Return a name in lower case with underscores."""
    return name.strip().lower().replace(" ", "_").replace("-", "_") if name.strip() not in ("lr-", "LR-") else "lr-"


def find_metric(name: str) -> Metric:
    """Return the metric of a name.

    Parameters
    ----------
    name : str
        Name or alias; case, spaces and hyphens do not matter.

    Returns
    -------
    Metric

    Raises
    ------
    UsageError
        With the nearest name when it is unknown.
    """
    found = NAMES.get(name)
    return found if found is not None else NAMES[one_of(normal_name(name), NAMES, "metric")]


def between(numerator: Form, denominator: Form, within: tuple[int, int, int, bool, bool]) -> list[tuple[Form, bool]]:
    """Return the inequalities that put a ratio of forms into an interval.

    Parameters
    ----------
    numerator, denominator : tuple
        Coefficients.
    within : Interval
        ``low / scale`` to ``high / scale``, with whether each end is open.

    Returns
    -------
    list of tuple
        Form and whether it has to be above 0 (True) or at least 0: lower end, upper end, and the denominator above 0.
    """
    low, high, scale, low_open, high_open = within
    above = tuple([scale * x - low * y for x, y in zip(numerator, denominator, strict=True)])
    below = tuple([high * y - scale * x for x, y in zip(numerator, denominator, strict=True)])
    return [(above, low_open), (below, high_open), (denominator, True)]
