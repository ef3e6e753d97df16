"""The chapter on how the audit works: worked examples from the records, and how often a slip is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlrrc_core import repository, tables
from dlrrc_core.audit import kept
from dlrrc_core.audit.findings import CHECKS, VERDICTS, Finding
from dlrrc_core.audit.forms import METRICS
from dlrrc_core.audit.metric_power import KINDS, detection_power
from dlrrc_core.audit.report import audit_statistics
from dlrrc_core.findingtables import findings_table
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row

SLIPS = {
    "exchange": "the values of two metrics are exchanged",
    "rename": "a value stands under another metric's name",
    "last-digit": "the last digit of a value is wrong",
    "transposition": "two neighbouring digits of a value are exchanged",
    "wrong-n": "the numbers of cases are up to a tenth too large or too small",
    "classes": "positives and negatives are exchanged",
    "none": "no slip: false alarms",
}
SIZES = (30, 112)
DECIMALS = 1


@dataclass(frozen=True)
class Method:
    """Findings that serve as examples, and the measured power.

    Attributes
    ----------
    findings : tuple of Finding
        Of all papers.
    n : Numbers
        Counts of the findings, and the power by kind of slip, number of cases and whether P is known.
    """

    findings: tuple[Finding, ...]
    n: Numbers

    def example(self, paper: str, check: str, verdict: str) -> Html:
        """Return the first finding of a paper with a verdict, with its sums unfolded.

        Parameters
        ----------
        paper, check, verdict : str
            Which finding.
        """
        chosen = [f for f in self.findings if (f.paper, f.check, f.verdict) == (paper, check, verdict)][:1]
        if not chosen:
            return Html(f"<p>{paper} has no finding '{verdict}' of the check '{check}' any more.</p>")
        table = findings_table(
            chosen, f"example-{paper}-{check.replace(' ', '-')}", f"Example: {CHECKS[check]}", "./papers"
        )
        return Html(table.html.replace("<details>", "<details open>"))

    def metrics_table(self) -> Html:
        """Return the metrics that the audit knows, with their formulas."""
        rows: list[Row] = [[m.name, ", ".join(m.aliases) or tables.NOTHING, m.formula] for m in METRICS.values()]
        return tables.table(
            [Column("Metric"), Column("Other names"), Column("Formula")],
            rows,
            "Metrics of one confusion matrix",
            "metrics",
            filters=True,
        )

    def verdicts_table(self) -> Html:
        """Return how often each verdict was given in this review."""
        rows: list[Row] = [[verdict, self.n.cell(f"verdicts.{verdict}")] for verdict in VERDICTS]
        return tables.table([Column("Verdict"), Column("Findings in this review", True)], rows, "Verdicts", "verdicts")

    def power_table(self) -> Html:
        """Return how often each kind of slip is noticed."""
        columns = [Column("Slip")]
        columns += [Column(f"N = {n}, {known}, %", True) for n in SIZES for known in ("P known", "only N known")]
        rows: list[Row] = []
        for kind, words in SLIPS.items():
            cells: Row = [words]
            for n in SIZES:
                for known in ("split", "only-n"):
                    at = f"power.{kind}.{n}.{known}"
                    low, high = self.n.value(f"{at}.ci")
                    share = self.n.value(f"{at}.percent")
                    cells.append(
                        Cell(f"{share:.0f} ({low:.0f} to {high:.0f})", sort=share, stat=f"{at}.percent", fmt=".0f")
                    )
            rows.append(cells)
        return tables.table(
            columns, rows, "Share of spoilt rows that the audit calls impossible, with 95 % interval", "power"
        )


def open_chapter(draws: int, seed: int) -> Method:
    """Load the records, audit every paper and measure the power."""
    repo = repository.here()
    findings = kept.audit(repo, repo.papers)
    return Method(
        findings, Numbers({**audit_statistics(findings), "draws": draws, "seed": seed, "power": power(draws, seed)})
    )


def power(draws: int, seed: int) -> dict[str, Any]:
    """Return the measured power by kind of slip, number of cases, and whether P is known.

    Parameters
    ----------
    draws : int
        Random rows for each.
    seed : int
        Seed of the random numbers.
    """
    found: dict[str, Any] = {}
    for kind in KINDS:
        found[kind] = {}
        for n in SIZES:
            found[kind][str(n)] = {}
            for known, split in {"split": True, "only-n": False}.items():
                shares = detection_power(kind, n, DECIMALS, draws=draws, seed=seed, split_known=split).detected
                found[kind][str(n)][known] = {"percent": shares.percent, "ci": list(shares.ci), "of": shares.of}
    return found
