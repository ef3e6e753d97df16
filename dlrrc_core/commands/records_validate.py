"""``dlrrc validate``, ``dlrrc rules`` and ``dlrrc schema``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dlrrc_core import repository
from dlrrc_core.commands.common import as_json, messages

app = typer.Typer()


class ReportFormat(StrEnum):
    """Formats of findings."""

    text = "text"
    json = "json"
    github = "github"


class RulesFormat(StrEnum):
    """Formats of rules."""

    text = "text"
    json = "json"


class Least(StrEnum):
    """Severities, the one that matters most first."""

    error = "error"
    warning = "warning"
    info = "info"


@app.command()
def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH ...]", help="Files or folders: only their findings; by default everything."),
    ] = None,
    format: Annotated[ReportFormat, typer.Option("--format", help="Text, JSON, or annotations for GitHub.")] = (
        ReportFormat.text
    ),
    least: Annotated[Least, typer.Option("--at-least", help="Leave out findings that matter less.")] = (Least.warning),
) -> None:
    """Check every record against every rule; exit status 1 when there is an error."""
    from dlrrc_core.validation import validate as run

    with messages():
        chosen = paths or []
        root = repository.find_root(chosen[0] if chosen else None)
        report = run(root, chosen)
    show = {"text": report.as_text, "json": report.as_json, "github": report.as_github}[format.value]
    typer.echo(show(least.value))
    if report.errors:
        raise typer.Exit(1)


@app.command()
def rules(
    rule: Annotated[str | None, typer.Argument(metavar="[ID]", help="One rule, for instance DLRRC-ITEM-003.")] = None,
    format: Annotated[RulesFormat, typer.Option("--format", help="Text or JSON.")] = RulesFormat.text,
) -> None:
    """Explain one rule, or list all of them."""
    from dlrrc_core import rules as catalogue

    with messages():
        chosen = [catalogue.find_rule(rule)] if rule else list(catalogue.rules().values())
    if format is RulesFormat.json:
        known = {entry["id"]: entry for entry in catalogue.as_data()}
        found = [known[one.id] for one in chosen]
        typer.echo(as_json(found[0] if rule else found))
    elif rule:
        (one,) = chosen
        typer.echo(f"{one.id} ({one.severity})\n\n{one.says}\n\nWhy: {one.why}\nFix: {one.fix}")
    else:
        typer.echo("\n".join(f"{one.id}\t{one.severity}\t{one.says}" for one in chosen))


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="paper, rating, field, published, raters, ...")],
) -> None:
    """Print the JSON Schema of a kind of record, for editors."""
    from dlrrc_core.validation.schemas import json_schema

    with messages():
        found = json_schema(kind, repository.read(repository.find_root()))
    typer.echo(as_json(found))
