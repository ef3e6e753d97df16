"""The form of a finding of the audit, whatever check made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dlrrc_core.audit.sidecheck import COPY, SideCheck

CHECKS = {
    "metrics": "one row of diagnostic metrics",
    "auc": "area under the curve and numbers of cases",
    "interval": "confidence interval of a proportion",
    "same counts": "rows about the same cases",
    "percentage": "percentage of counts",
    "p value": "P value from counts",
    "parameters": "number of parameters of a network",
    "memory": "memory for training",
    "time": "time for training",
    "software": "versions of software",
    "quotation": "a result quoted from another paper",
}
CANNOT_BE = ("impossible-any-n", "impossible", "inconsistent", "too fast for the card", "does not fit memory")
DIFFERS = (
    *("impossible-rounding", "not reproduced", "no such release", "released after the paper", "does not fit"),
    *("slower than expected", "differs from its source", "no network found"),
)
FITS = ("consistent", "ok", "plausible", "same as its source")
OPEN = ("uninformative", "untestable", "not checkable", "unknown", "source not seen")
VERDICTS = (*CANNOT_BE, *DIFFERS, *FITS, *OPEN)


@dataclass(frozen=True)
class Finding:
    """What one check found about one place of a paper.

    Attributes
    ----------
    paper, check, where : str
        Id of the paper, key of :data:`CHECKS`, and the place in the paper.
    verdict : str
        One of :data:`VERDICTS`.
    message : str
        One or two sentences; neutral, and never about why.
    printed : str
        The values as printed.
    assumptions, derivation : tuple of str
        What the verdict rests on, and its sums.
    edits : tuple of str
        Single edits after which the values fit, cheapest first.
    """

    paper: str
    check: str
    where: str
    verdict: str
    message: str
    printed: str = ""
    assumptions: tuple[str, ...] = ()
    derivation: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Return ``cannot be``, ``differs``, ``open`` or ``fits``."""
        groups = {"cannot be": CANNOT_BE, "differs": DIFFERS, "fits": FITS, "open": OPEN}
        return next(name for name, verdicts in groups.items() if self.verdict in verdicts)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding in JSON's types; the derivation is one text with a sentence per line."""
        return {
            "paper": self.paper,
            "check": self.check,
            "where": self.where,
            "verdict": self.verdict,
            "group": self.group,
            "printed": self.printed,
            "message": self.message,
            "assumptions": list(self.assumptions),
            "derivation": "\n".join(self.derivation),
            "edits": list(self.edits),
        }


def from_side_check(paper: str, check: str, where: str, printed: str, found: SideCheck) -> Finding:
    """Return a side check as a finding."""
    return Finding(paper, check, where, found.verdict, found.message, printed, found.assumptions, found.derivation)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by paper, within a paper those that cannot be first."""
    order = {verdict: i for i, verdict in enumerate(VERDICTS)}
    return tuple(sorted(findings, key=lambda f: (f.paper, order[f.verdict], list(CHECKS).index(f.check))))


NOTE = f"{COPY[0].upper()}{COPY[1:]}."
