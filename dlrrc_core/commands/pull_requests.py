"""``dlrrc pr-report`` and ``dlrrc check-links``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dlrrc_core import files, repository
from dlrrc_core.commands.common import as_json, messages

app = typer.Typer()


class ReportFormat(StrEnum):
    """Formats of reports."""

    markdown = "markdown"
    json = "json"


@app.command("pr-report")
def pr_report(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Before: folder of a checkout, or a revision of git.")],
    head: Annotated[str, typer.Argument(metavar="[HEAD]", help="After; by default the checkout itself.")] = "",
    format: Annotated[ReportFormat, typer.Option("--format", help="Markdown or JSON.")] = ReportFormat.markdown,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder for report.md and report.json, instead of stdout.")
    ] = None,
) -> None:
    """Say what a change does to scores, answers and statistics; exit status 1 when its records have errors."""
    from dlrrc_core import prreport
    from dlrrc_core.pr_markdown import as_markdown

    with messages():
        root = Path(head) if head and Path(head).is_dir() else repository.find_root()
        report = prreport.pr_report(base, head or str(root), root)
    texts = {"report.md": as_markdown(report), "report.json": as_json(report)}
    if output is None:
        typer.echo(texts["report.md" if format is ReportFormat.markdown else "report.json"])
    else:
        for name, text in texts.items():
            files.write(output / name, text.encode("utf-8", "backslashreplace"))
            typer.echo(output / name)
    if report["errors"]:
        typer.echo(f"dlrrc: {report['errors']} error(s) in the changed records; see the report", err=True)
        raise typer.Exit(1)


@app.command("check-links")
def check_links(
    limit: Annotated[float, typer.Option("--limit", min=0, help="Seconds for everything.")] = 1200.0,
    format: Annotated[ReportFormat, typer.Option("--format", help="Markdown or JSON.")] = ReportFormat.markdown,
) -> None:
    """Ask the addresses in the records, and Crossref for retractions; exit status 1 when somebody has to look."""
    from dlrrc_core import linkcheck

    with messages():
        checked = linkcheck.check_links(repository.here(), limit=limit)
    typer.echo(linkcheck.as_markdown(checked) if format is ReportFormat.markdown else as_json(asdict(checked)))
    if checked.news:
        raise typer.Exit(1)
