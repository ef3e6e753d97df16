"""Findings of the audit as tables: for the chapter of a field and for the page of a paper."""

from __future__ import annotations

from collections.abc import Iterable

from dlrrc_core import tables
from dlrrc_core.audit.findings import Finding
from dlrrc_core.tables import Cell, Column, Html, Row

BADGES = {"cannot be": "closed", "differs": "machine", "fits": "open", "open": "unknown"}
FEW = 8  # rows up to which no filter is offered
WORDS = {
    "impossible-any-n": "impossible, any N",
    "impossible": "impossible",
    "impossible-rounding": "only unrounded",
    "uninformative": "says nothing",
    "untestable": "not testable",
}


def findings_table(findings: Iterable[Finding], name: str, caption: str, papers: str | None = None) -> Html:
    """Return findings as a table with the derivation of each folded below it.

    Parameters
    ----------
    findings : iterable of Finding
        In the order wanted.
    name, caption : str
        Id and caption of the table.
    papers : str, optional
        Path from the page to the folder of the paper pages; without it the paper is not a column.

    Returns
    -------
    Html
    """
    columns = [Column("Paper", facet=True)] if papers else []
    columns += [
        Column("Check", facet=True),
        Column("Verdict", facet=True),
        Column("As printed"),
        Column("Finding", wide=True),
    ]
    rows: list[Row] = []
    for finding in findings:
        paper: Row = [Cell(finding.paper, href=f"{papers}/{finding.paper}.html")] if papers else []
        verdict = Cell(WORDS.get(finding.verdict, finding.verdict), badge=BADGES[finding.group])
        details = (
            ("Where", (finding.where,)),
            ("The sums", finding.derivation),
            ("What it rests on", finding.assumptions),
            ("Edits that would fit", finding.edits),
        )
        found = Cell(finding.message, details=details)
        rows.append([*paper, finding.check, verdict, finding.printed, found])
    return tables.table(columns, rows, caption, name, filters=len(rows) > FEW)
