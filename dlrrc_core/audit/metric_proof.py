"""Inequalities between linear forms, and proofs that some of them exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from dlrrc_core.audit.forms import Form
from dlrrc_core.audit.printed import Mode


class Inequality(NamedTuple):
    """A linear form that is at least 0, or above 0.

    Attributes
    ----------
    form : tuple of int
        Coefficients of (N, P, TP, TN), or of (1, -, TP/P, TN/Q).
    strict : bool
        Above 0 rather than at least 0.
    support : int
        Bit i is set if it is a sum in which the first inequality number i takes part.
    label : str
        What it says; empty for a sum of others.
    parents : tuple or None
        For a sum: (a, x, b, y, divisor), so that it is (x a + y b) / divisor.
    """

    form: Form
    strict: bool
    support: int
    label: str = ""
    parents: tuple[Inequality, int, Inequality, int, int] | None = None

    def weights(self) -> dict[int, Fraction]:
        """Return the positive multipliers of the first inequalities of which it is the sum, by their number."""
        if self.parents is None:
            return {self.support.bit_length() - 1: Fraction(1)}
        a, x, b, y, divisor = self.parents
        found = {i: weight * x / divisor for i, weight in a.weights().items()}
        for i, weight in b.weights().items():
            found[i] = found.get(i, Fraction(0)) + weight * y / divisor
        return found


@dataclass(frozen=True)
class Certificate:
    """A proof that printed values exclude each other: positive multiples of inequalities whose sum is impossible.

    Attributes
    ----------
    family : {"counts", "rates"}
        Whether the forms are in (N, P, TP, TN) or in (1, -, TP/P, TN/Q).
    mode : str
        Mode of rounding of the inequalities.
    terms : tuple of tuple
        Whole multiplier and :class:`Inequality`.
    total : int
        The sum is ``total`` times N (or 1), with no other term.
    """

    family: str
    mode: Mode
    terms: tuple[tuple[int, Inequality], ...]
    total: int

    def sentences(self) -> list[str]:
        """Return the proof, one line for each inequality and one for the sum."""
        names = ("N", "P", "TP", "TN") if self.family == "counts" else ("", "", "TP / P", "TN / (N - P)")
        lines = [
            f"{weight} times [{term.label}]: {weight} x ({_words(term.form, names)}) {'>' if term.strict else '>='} 0"
            for weight, term in self.terms
        ]
        strict = any(term.strict for _, term in self.terms)
        left = f"{self.total} {names[0]}".strip() if self.total else "0"
        return [*lines, f"Their sum is {left} {'>' if strict else '>='} 0, which no table satisfies."]


def _words(form: Form, names: tuple[str, ...]) -> str:
    """Return a form as text."""
    text = ""
    for factor, name in zip(form, names, strict=True):
        if factor:
            size = f"{abs(factor)} {name}".strip() if abs(factor) != 1 or not name else name
            text += (" - " if factor < 0 else " + ") + size if text else ("-" if factor < 0 else "") + size
    return text
