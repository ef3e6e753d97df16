"""The audit chapter of a field: what was checked, what cannot be, and the sums that show it."""

from __future__ import annotations

from dataclasses import dataclass

from IPython.display import Markdown

from dlrrc_core import repository, tables
from dlrrc_core.audit import kept
from dlrrc_core.audit.findings import CHECKS, Finding
from dlrrc_core.audit.report import audit_statistics
from dlrrc_core.findingtables import findings_table
from dlrrc_core.tables import Column, Html, Numbers, Row

PAPERS = "../../papers"


@dataclass(frozen=True)
class Audit:
    """The findings about the papers of a field.

    Attributes
    ----------
    findings : tuple of Finding
    n : Numbers
        The counts of ``dlrrc audit --format json``.
    """

    findings: tuple[Finding, ...]
    n: Numbers

    def summary_sentence(self) -> Markdown:
        """Return how many findings there are of each kind."""
        return Markdown(
            f"{self.n('total')} checks of numbers printed by {self.n('papers')} papers: **{self.n('groups.cannot be')}** found values that "
            f"cannot all be right under the stated assumptions, {self.n('groups.differs')} found a difference that another method or a slip of "
            f"the copy may explain, {self.n('groups.fits')} found nothing against the values, and {self.n('groups.open')} could not decide."
        )

    def checks_table(self) -> Html:
        """Return the counts by check."""
        columns = [Column("Check"), Column("About"), Column("Cannot be", True), Column("Differs", True)]
        columns += [Column("Fits", True), Column("Not decided", True)]
        rows: list[Row] = []
        for check in self.n.value("checks"):
            cells = [self.n.cell(f"checks.{check}.{group}") for group in ("cannot be", "differs", "fits", "open")]
            rows.append([check, CHECKS[check], *cells])
        return tables.table(columns, rows, "What was checked", "audit-checks")

    def notable(self) -> Html:
        """Return the findings that cannot be or differ."""
        chosen = [finding for finding in self.findings if finding.group in ("cannot be", "differs")]
        if not chosen:
            return Html("<p>No check found anything against a printed value.</p>")
        order = {"cannot be": 0, "differs": 1}
        chosen.sort(key=lambda finding: (order[finding.group], finding.paper))
        return findings_table(chosen, "audit-notable", "Printed values that cannot be, or differ", PAPERS)

    def others(self) -> Html:
        """Return all other findings, folded."""
        chosen = [finding for finding in self.findings if finding.group in ("fits", "open")]
        table = findings_table(chosen, "audit-others", "Printed values that fit, or could not be tested", PAPERS)
        return Html(f"<details><summary>{len(chosen)} further checks</summary>{table.html}</details>")


def open_chapter(field: str) -> Audit:
    """Load the records around the working directory and audit the papers of a field."""
    repo = repository.here()
    findings = kept.audit(repo, repo.select(field=field))
    return Audit(findings, Numbers(audit_statistics(findings)))
