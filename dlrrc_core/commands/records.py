"""``dlrrc new``, ``new-rating``, ``export-xlsx``, ``import-xlsx``, ``adjudicate``, ``export`` and ``ledger``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dlrrc_core import repository
from dlrrc_core.commands.common import Format, as_json, messages
from dlrrc_core.problems import UsageError, relative

# What pybtex and openpyxl need is imported inside the commands: the others start faster without them.

app = typer.Typer()

PaperArgument = Annotated[str, typer.Argument(metavar="PAPER", help="Id of the paper.")]
OnePaper = Annotated[str, typer.Option("--paper", help="Id of the paper.")]
OneRater = Annotated[str, typer.Option("--rater", help="Id of the rater.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace what is there already.")]


class Kind(StrEnum):
    """Kinds of raters."""

    human = "human"
    machine = "machine"


class ExportFormat(StrEnum):
    """Formats of ``dlrrc export``."""

    csv = "csv"
    bibtex = "bibtex"
    ris = "ris"


@app.command()
def new(
    paper: Annotated[str, typer.Argument(metavar="ID", help="Id of the new paper, for instance zuo2021.")],
    field: Annotated[str, typer.Option("--field", help="Field of the paper.")],
    doi: Annotated[str | None, typer.Option("--doi", help="Take the reference from Crossref.")] = None,
    bibtex: Annotated[Path | None, typer.Option("--bibtex", help="Take the reference from a BibTeX entry.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title, where there is neither.")] = None,
    year: Annotated[int | None, typer.Option("--year", help="Year of a paper given by its title.")] = None,
) -> None:
    """Add a paper: a folder with a record of all keys, null where nothing was seen."""
    with messages():
        from dlrrc_core.recording import crossref, papers, references

        by_title = title is not None or year is not None
        if sum((doi is not None, bibtex is not None, by_title)) != 1 or (by_title and None in (title, year)):
            raise UsageError("say one of: --doi D, --bibtex FILE, or --title T with --year Y")
        root = repository.find_root()
        papers.free(root, paper, field, None if doi is None else crossref.normal(doi))
        if doi is not None:
            facts = crossref.facts(root, doi)
        elif bibtex is not None:
            facts = references.facts(bibtex, paper)
        else:
            facts = {"title": " ".join((title or "").split()), "year": year}
        path = papers.new_paper(root, paper, field, facts)
    _written(root, [path])
    typer.echo("read the paper and fill in what is null; `dlrrc validate` reports problems", err=True)


@app.command("new-rating")
def new_rating(
    paper: PaperArgument,
    rater: OneRater,
    kind: Annotated[Kind, typer.Option("--kind", help="Who rates.")],
    name: Annotated[str | None, typer.Option("--name", help="Name of a new rater for readers.")] = None,
    read: Annotated[
        str, typer.Option("--read", help="What is read: full text, full text and code, or abstract.")
    ] = "full text",
    blinded: Annotated[
        bool, typer.Option("--blinded/--not-blinded", help="Whether no other rating of the paper is seen.")
    ] = True,
) -> None:
    """Start a rating: every item with its question, nothing answered, nothing of other raters shown."""
    with messages():
        from dlrrc_core.recording import ratings

        root = repository.find_root()
        paths = ratings.new_rating(root, paper, rater, kind.value, name, read, blinded)
    _written(root, paths)


@app.command("export-xlsx")
def export_xlsx(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to write.")],
    paper: OnePaper,
    rater: OneRater,
    replace: Replace = False,
) -> None:
    """Write a rating into a workbook of the checklist authors' layout."""
    with messages():
        from dlrrc_core.recording import exchange

        exchange.export_xlsx(repository.find_root(), paper, rater, file, replace)
    typer.echo(file)


@app.command("import-xlsx")
def import_xlsx(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to read.")],
    paper: OnePaper,
    rater: OneRater,
    kind: Annotated[Kind, typer.Option("--kind", help="Kind of a rater who is new to this paper.")] = Kind.human,
    replace: Replace = False,
) -> None:
    """Read a rating from a workbook of the checklist authors' layout; an empty cell is "not answered"."""
    with messages():
        from dlrrc_core.recording import exchange

        root = repository.find_root()
        chosen: Literal["human", "machine"] = "human" if kind is Kind.human else "machine"
        paths = exchange.import_xlsx(root, file, paper, rater, chosen, replace)
    _written(root, paths)


@app.command()
def adjudicate(
    paper: PaperArgument,
    decisions: Annotated[
        Path | None,
        typer.Option("--decisions", help="YAML file: item -> answer, reason, who. Writes the consensus."),
    ] = None,
    replace: Replace = False,
    format: Format = Format.table,
) -> None:
    """List the items on which the raters of a paper differ, or write the consensus from decisions."""
    with messages():
        from dlrrc_core.recording import adjudicate as work
        from dlrrc_core.recording import ratings

        root = repository.find_root()
        if decisions is not None:
            paths = [work.adjudicate(root, paper, decisions, replace)]
        else:
            listed = work.disagreements(work.raters_of(root, paper), ratings.instrument(root))
    if decisions is not None:
        _written(root, paths)
    elif format is Format.json:
        typer.echo(as_json({"paper": paper, "disagreements": work.as_dicts(listed)}))
    else:
        typer.echo(work.as_text(paper, listed))


@app.command()
def export(
    field: Annotated[str, typer.Option("--field", help="Field to write out.")],
    format: Annotated[ExportFormat, typer.Option("--format", help="Format of the text on stdout.")] = ExportFormat.csv,
) -> None:
    """Print the papers of a field: CSV (text that a spreadsheet would compute gets an apostrophe), BibTeX or RIS."""
    with messages():
        from dlrrc_core.recording import exports

        text = exports.export(repository.here(), field, format.value)
    typer.echo(text, nl=False)


@app.command()
def ledger(
    paper: PaperArgument,
    first: Annotated[bool, typer.Option("--first", help="List answers given for the first time, too.")] = False,
    format: Format = Format.table,
) -> None:
    """List every change of an answer to a paper, from the git history: when, what, why and who."""
    with messages():
        from dlrrc_core.recording import ledger as history
        from dlrrc_core.recording.yaml_text import paper_folder

        root = repository.find_root()
        paper_folder(root, paper)
        changes: list[dict[str, Any]] = [asdict(change) for change in history.ledger(root, paper, first)]
    if format is Format.json:
        typer.echo(as_json({"paper": paper, "changes": changes}))
        return
    for change in changes:
        before, after = change["before"] or "not answered", change["after"] or "not answered"
        line = (change["date"][:10], change["rater"], f"item {change['item']}", f"{before} -> {after}")
        typer.echo("\t".join((*line, change["reason"], change["who"])))
    if not changes:
        typer.echo(f"{paper}: no answer was changed")


def _written(root: Path, paths: list[Path]) -> None:
    """Print the files that were written, one a line."""
    for path in paths:
        typer.echo(relative(path, root))
