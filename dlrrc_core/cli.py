"""The command line ``dlrrc``: text on stdout, messages on stderr, exit status 0 (good), 1 (bad data or a failed page) or 2 (usage)."""

from __future__ import annotations

import sys

import typer

from dlrrc_core.commands import (
    audit,
    baseline,
    book,
    cohort,
    pull_requests,
    records,
    records_validate,
    scores,
    statistics,
)

app = typer.Typer(
    help="Scores, statistics and pages of the DLRRC living review.", no_args_is_help=True, add_completion=False
)
for part in (scores, statistics, audit, book, cohort, records, records_validate, pull_requests):
    app.add_typer(part.app)
app.add_typer(baseline.parent)

if __name__ == "__main__":
    sys.exit(app())
