"""Checks of printed P values: what a printed one stands for, and whether a test computed again gives it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dlrrc_core.audit.sidecheck import CONSISTENT, COPY, INCONSISTENT, NOT_REPRODUCED, SideCheck, window
from dlrrc_core.problems import UsageError

_NOT_SIGNIFICANT = ("ns", "n.s", "n. s", "not significant", "non-significant", "nonsignificant")
GUARD = 1e-9
"""Two numbers this near to each other are taken for equal: the tests run in floating point."""


@dataclass(frozen=True)
class Recomputed:
    """P value of one form of a test, with the range that the rounding of printed inputs leaves.

    Attributes
    ----------
    form : str
        Which form of the test.
    p : tuple of float
        Smallest and largest P value.
    statistic : tuple of float or None
        Smallest and largest test statistic, where the test has one.
    """

    form: str
    p: tuple[float, float]
    statistic: tuple[float, float] | None = None


@dataclass(frozen=True)
class PCheck(SideCheck):
    """Whether a printed P value can come from the named test.

    Attributes
    ----------
    recomputed : tuple of Recomputed
        Every form of the test that was tried.
    agreeing : tuple of str
        The forms that give the printed P value (and the printed statistic, where one was given).
    """

    recomputed: tuple[Recomputed, ...]
    agreeing: tuple[str, ...]


def p_window(printed: str, alpha: float = 0.05) -> tuple[float, float]:
    """Return the P values that a printed one stands for.

    Parameters
    ----------
    printed : str
        For instance ``0.012``, ``P = .012``, ``p<0.001``, ``less than 0.001``, ``> 0.05``, ``NS`` or ``not significant``.
    alpha : float, default 0.05
        Level behind ``NS``.

    Returns
    -------
    tuple of float
        Closed interval: the rounding range of a number, 0 to the bound of ``<``, the bound of ``>`` to 1, alpha to 1.

    Raises
    ------
    UsageError
        Where the text is none of these.
    """
    text = re.sub(r"^p(?:[- ]?values?)?\s*(?=[=<>≤≥.\d\s])", "", " ".join(printed.lower().split())).strip()
    if text.rstrip(".") in _NOT_SIGNIFICANT:
        return alpha, 1.0
    found = re.fullmatch(r"(less than|greater than|more than|[<>≤≥=]|<=|>=)?\s*(\d*\.?\d+)", text)
    if not found:
        allowed = "a number, '<' or '>' or 'less than' with a number, or 'NS'"
        raise UsageError(f"the P value '{printed}' cannot be read; allowed: {allowed}")
    sign, number = found.group(1) or "=", found.group(2)
    if float(number) > 1:
        raise UsageError(f"the P value '{printed}' is above 1; allowed: a number from 0 to 1")
    if sign[0] in "<≤l":
        return 0.0, float(number)
    if sign[0] in ">≥gm":
        return float(number), 1.0
    low, high = ends(number)
    return max(0.0, low), min(1.0, high)


def check_p(
    printed: str,
    recomputed: Sequence[Recomputed],
    *,
    statistic: str | None = None,
    alpha: float = 0.05,
    named: bool = True,
) -> PCheck:
    """Compare a printed P value with the values of a test computed again.

    Parameters
    ----------
    printed : str
        P value as printed: ``0.012``, ``P = 0.012``, ``<0.001``, ``less than 0.001``, ``>0.05`` or ``NS``.
    recomputed : sequence of Recomputed
        The forms of the test, for instance from :func:`dlrrc_core.audit.tests_of_counts.contingency`.
    statistic : str, optional
        Test statistic as printed; compared with the forms that have one, without regard to its sign.
    alpha : float, default 0.05
        Level behind ``NS``.
    named : bool, default True
        Whether the paper names the test; if it does not, a difference is ``not reproduced``, not ``inconsistent``.

    Returns
    -------
    PCheck
        ``consistent`` when a form agrees.
    """
    if not recomputed:
        raise UsageError("no test was computed; give at least one form of a test")
    wanted = p_window(printed, alpha)
    agreeing, derivation = [], []
    for form in recomputed:
        fits = _meet(form.p, wanted)
        shown = f"{form.form}: P = {_shown(form.p)}"
        if form.statistic is not None:
            shown += f", statistic {_shown(form.statistic)}"
            if statistic is not None:
                fits = fits and _statistic_fits(form.statistic, statistic)
        derivation.append(f"{shown}; printed {printed}{f' and {statistic}' if statistic else ''}.")
        if fits:
            agreeing.append(form.form)
    assumptions: tuple[str, ...] = ("the counts and sizes are those that were tested", COPY)
    what = f"P {printed}" if statistic is None else f"P {printed} with the statistic {statistic}"
    if agreeing:
        message = f"The printed {what} agrees with {'; '.join(agreeing)}."
        return PCheck(CONSISTENT, message, assumptions, tuple(derivation), tuple(recomputed), tuple(agreeing))
    if not named:
        assumptions = (*assumptions, "the paper may have used another test")
    message = f"The printed {what} does not agree with {derivation[0].split(';')[0]}" + (
        f", nor with the other {len(recomputed) - 1} forms tried." if len(recomputed) > 1 else "."
    )
    verdict = INCONSISTENT if named else NOT_REPRODUCED
    return PCheck(verdict, message, assumptions, tuple(derivation), tuple(recomputed), ())


def _meet(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] <= b[1] + GUARD and b[0] <= a[1] + GUARD


def _statistic_fits(found: tuple[float, float], printed: str) -> bool:
    low, high = ends(printed)
    return _meet(found, (low, high)) or _meet(found, (-high, -low))


def _shown(values: tuple[float, float]) -> str:
    low, high = (f"{value:.4g}" for value in values)
    return low if low == high else f"{low} to {high}"


def ends(printed: str) -> tuple[float, float]:
    """Return the ends of the rounding range of a printed number, any size and sign."""
    low, high, _ = window(printed)
    return float(low), float(high)
