"""``dlrrc score``."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pandas as pd
import typer

from dlrrc_core import repository
from dlrrc_core.checklist import Checklist
from dlrrc_core.commands.common import BasisOption, FieldOption, PaperOption, as_json, messages
from dlrrc_core.problems import UsageError
from dlrrc_core.scoring import score_papers

app = typer.Typer()


class ScoreFormat(StrEnum):
    """Formats of ``dlrrc score``."""

    table = "table"
    json = "json"
    csv = "csv"


@app.command()
def score(
    field: FieldOption = None,
    paper: PaperOption = None,
    basis: BasisOption = "best",
    format: ScoreFormat = ScoreFormat.table,
) -> None:
    """Total, interval and parts of every rated paper, one line per rating."""
    with messages():
        repo = repository.here()
        table = score_papers(repo, repo.select(field, paper), basis)
        if paper is not None and table.empty:
            raise UsageError(f"'{paper}' has no rating on the basis '{basis}'")
    if format is ScoreFormat.json:
        typer.echo(
            as_json(
                {
                    "checklist": repo.checklist.id,
                    "ratings": [_rating(row, repo.checklist) for _, row in table.iterrows()],
                }
            )
        )
    elif format is ScoreFormat.csv:
        typer.echo(table.to_csv(index=False), nl=False)
    else:
        columns = [
            "paper",
            "rater",
            "kind",
            "status",
            "points",
            "low",
            "high",
            *(f"part_{p.id}" for p in repo.checklist.parts),
        ]
        typer.echo(table[columns].to_string(index=False))


def _rating(row: pd.Series, checklist: Checklist) -> dict[str, Any]:
    """Return one rating in the documented shape of ``dlrrc score --format json``."""
    head = {key: row[key] for key in ("paper", "rater", "kind", "status", "units", "points")}
    return {
        **head,
        "interval": [row["low"], row["high"]],
        "parts": {part.id: row[f"part_{part.id}"] for part in checklist.parts},
        **{
            key: row[key]
            for key in ("acceptable", "accessible", "open_code", "open_data", "open_weights", "n_open", "n_outside")
        },
        "item_units": {
            str(number): row[f"item_{number}"] if row[f"item_{number}"] >= 0 else None for number in checklist.items
        },
    }
