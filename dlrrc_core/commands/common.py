"""What all commands share: options, formats, messages and exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from dlrrc_core.chunks import Checkpoint
from dlrrc_core.problems import DataError, PageError, UsageError

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
    from dlrrc_core.fieldstats import without_nan  # slow to import: scipy

    return json.dumps(without_nan(value), indent=2, ensure_ascii=False)


def keep(folder: Path | None) -> Checkpoint | None:
    """Return where finished pieces are kept, if anywhere."""
    return None if folder is None else Checkpoint(folder)


def show(found: dict[str, Any], format: Format) -> None:
    """Print nested statistics as JSON, or one number a line with its path."""
    if format is Format.json:
        typer.echo(as_json(found))
        return
    for path, value in flatten(found):
        typer.echo(f"{path}\t{'' if value is None else value}")


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted paths and values of nested statistics."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from flatten(item, f"{path}.{i}")
    else:
        yield path, value
