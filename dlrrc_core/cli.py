"""The command line ``dlrrc``: text on stdout, messages on stderr, exit status 0 (good), 1 (bad data or a failed page) or 2 (usage)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from dlrrc_core import agreement as agreements
from dlrrc_core import repository, resampling
from dlrrc_core import uncertainty as uncertainties
from dlrrc_core.checklist import Checklist
from dlrrc_core.chunks import Checkpoint
from dlrrc_core.fieldstats import field_statistics, without_nan
from dlrrc_core.problems import DataError, PageError, UsageError
from dlrrc_core.scoring import score_papers

app = typer.Typer(
    help="Scores, statistics and pages of the DLRRC living review.", no_args_is_help=True, add_completion=False
)

FieldOption = Annotated[str | None, typer.Option("--field", help="Only papers of this field.")]
PaperOption = Annotated[str | None, typer.Option("--paper", help="Only this paper.")]
BasisOption = Annotated[
    str, typer.Option("--basis", help="best (consensus, else human, else machine), consensus, human or machine.")
]
DrawsOption = Annotated[
    int, typer.Option("--draws", help="Bootstrap samples, at least 100; for `agreement` 0 means none.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of everything random; the same seed gives the same numbers.")
]
CheckpointOption = Annotated[
    Path | None,
    typer.Option("--checkpoint", help="Folder for finished pieces: a run that was stopped goes on from there."),
]


class ScoreFormat(StrEnum):
    """Formats of ``dlrrc score``."""

    table = "table"
    json = "json"
    csv = "csv"


class Format(StrEnum):
    """Formats of the commands that print nested statistics."""

    table = "table"
    json = "json"


@contextmanager
def messages() -> Iterator[None]:
    """Turn the library's errors into messages on stderr and an exit status, without a traceback."""
    try:
        yield
    except UsageError as error:
        typer.echo(f"dlrrc: {error}", err=True)
        raise typer.Exit(2) from error
    except DataError as error:
        typer.echo(str(error), err=True)
        typer.echo(f"dlrrc: {len(error.problems)} problem(s); nothing was changed", err=True)
        raise typer.Exit(1) from error
    except PageError as error:
        typer.echo(f"dlrrc: {error}", err=True)
        raise typer.Exit(1) from error


def as_json(value: Any) -> str:
    """Return a value as indented JSON; NaN becomes null."""
    return json.dumps(without_nan(value), indent=2, ensure_ascii=False)


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


@app.command()
def stats(
    field: Annotated[str, typer.Option("--field", help="Field to describe.")],
    basis: BasisOption = "best",
    format: Format = Format.table,
) -> None:
    """Every number on the overview page of a field."""
    with messages():
        statistics = field_statistics(repository.here(), field, basis)
    _show(statistics, format)


@app.command()
def agreement(
    field: FieldOption = None,
    kind: Annotated[str, typer.Option("--kind", help="Ratings to compare: any, human or machine.")] = "any",
    draws: DrawsOption = resampling.DRAWS,
    seed: SeedOption = 1,
    checkpoint: CheckpointOption = None,
    format: Format = Format.table,
) -> None:
    """Agreement of the raters of every paper with two or more ratings, with bootstrap intervals over papers."""
    with messages():
        repo = repository.here()
        ratings = agreements.double_ratings(repo, repo.select(field), kind)
        found = agreements.agreement(ratings, repo.checklist, draws, seed, _keep(checkpoint))
    _show(found, format)


@app.command()
def uncertainty(
    field: Annotated[str, typer.Option("--field", help="Field to describe.")],
    basis: BasisOption = "best",
    draws: DrawsOption = resampling.DRAWS,
    seed: SeedOption = 1,
    checkpoint: CheckpointOption = None,
    format: Format = Format.table,
) -> None:
    """Every number on the page about the uncertainty of a field's statements."""
    with messages():
        found = uncertainties.uncertainty(
            repository.here(), field, basis, draws=draws, seed=seed, checkpoint=_keep(checkpoint)
        )
    _show(found, format)


@app.command()
def reconstruct(
    field: Annotated[str, typer.Option("--field", help="Field whose printed review is reconstructed.")],
    draws: Annotated[int, typer.Option("--draws", min=1, help="Answer matrices to draw.")] = 200,
    seed: SeedOption = 1,
    checkpoint: CheckpointOption = None,
    format: Format = Format.table,
) -> None:
    """Show what the printed aggregates of a review imply: exact bounds, and answer matrices that agree with all of them."""
    from dlrrc_core.reconstruct.report import reconstruct as report  # integer programs are only needed here

    with messages():
        found = report(repository.here(), field, draws, seed, _keep(checkpoint))
    if format is Format.table:
        found = {key: value for key, value in found.items() if key not in ("draws", "percentiles")}
    _show(found, format)


def _keep(folder: Path | None) -> Checkpoint | None:
    """Return where finished pieces are kept, if anywhere."""
    return None if folder is None else Checkpoint(folder)


def _show(found: dict[str, Any], format: Format) -> None:
    """Print nested statistics as JSON, or one number a line with its path."""
    if format is Format.json:
        typer.echo(as_json(found))
        return
    for path, value in _flatten(found):
        typer.echo(f"{path}\t{'' if value is None else value}")


def _flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted paths and values of nested statistics."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _flatten(item, f"{path}.{i}")
    else:
        yield path, value


@app.command()
def build(
    field: Annotated[
        list[str] | None, typer.Option("--field", help="Only the chapters of this field; may be repeated.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Pages made at the same time; by default one per processor.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler whose workers see the same checkout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run pages that are not stale too.")] = False,
) -> None:
    """Run the notebooks whose inputs changed (what `jb build .` does first)."""
    from dlrrc_core import pages  # papermill and jupytext are slow to import, and only needed here

    with messages():
        run = pages.build_all(repository.here(), field, jobs, scheduler, force)
    typer.echo("\n".join(run) if run else "every page is up to date")


@app.command()
def check(
    root: Annotated[
        Path | None, typer.Argument(help="Checkout to read; by default the one around the working directory.")
    ] = None,
) -> None:
    """Read every record and report all problems at once."""
    with messages():
        repo = repository.load(repository.find_root(root))
    typer.echo(f"{len(repo.papers)} papers, {len(repo.ratings)} ratings, {len(repo.fields)} fields: no problem")


if __name__ == "__main__":
    sys.exit(app())
