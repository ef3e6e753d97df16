"""The page of the rules that every record is checked against."""

from __future__ import annotations

import re
from html import escape

from dlrrc_core import tables
from dlrrc_core.rules import rules
from dlrrc_core.tables import Cell, Column, Html, Row

BADGES = {"error": "machine", "warning": "published", "info": "unknown"}


def rules_list() -> Html:
    """Return every rule with why it is there and how to mend what breaks it; the id is the anchor."""
    parts = []
    group = ""
    for rule in rules().values():
        if rule.group != group:
            group = rule.group
            parts.append(f'<h2 id="group-{escape(group.lower())}">{escape(group)}</h2>')
        parts.append(
            f'<section class="dlrrc-rule" id="{escape(rule.id.lower())}"><h3>{escape(rule.id)} '
            f"{tables.badge(rule.severity, BADGES[rule.severity])}</h3><p>{_words(rule.says)}</p>"
            f"<p><strong>Why:</strong> {_words(rule.why)} <strong>How to mend it:</strong> {_words(rule.fix)}</p></section>"
        )
    return Html("".join(parts))


def _words(text: str) -> str:
    """Return a sentence of a rule as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def counts_table() -> Html:
    """Return how many rules there are of each severity."""
    columns = [Column("Severity"), Column("In the rule"), Column("Rules", True), Column("Effect")]
    effects = {
        "error": ("MUST", "`dlrrc validate` fails"),
        "warning": ("SHOULD", "is reported"),
        "info": ("MAY", "is reported when asked for"),
    }
    rows: list[Row] = []
    for severity, (word, effect) in effects.items():
        number = sum(rule.severity == severity for rule in rules().values())
        rows.append([Cell(severity, badge=BADGES[severity]), word, tables.number_cell(number), effect.replace("`", "")])
    return tables.table(columns, rows, "Severities", "rule-severities")
