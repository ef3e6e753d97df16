"""``dlrrc stats``, ``agreement``, ``uncertainty`` and ``reconstruct``: the numbers of a field's chapters."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrrc_core import agreement as agreements
from dlrrc_core import repository, resampling
from dlrrc_core import uncertainty as uncertainties
from dlrrc_core.commands.common import (
    BasisOption,
    CheckpointOption,
    DrawsOption,
    FieldOption,
    Format,
    SeedOption,
    keep,
    messages,
    show,
)
from dlrrc_core.fieldstats import field_statistics

app = typer.Typer()


@app.command()
def stats(
    field: Annotated[str, typer.Option("--field", help="Field to describe.")],
    basis: BasisOption = "best",
    format: Format = Format.table,
) -> None:
    """Every number on the overview page of a field."""
    with messages():
        statistics = field_statistics(repository.here(), field, basis)
    show(statistics, format)


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
        found = agreements.agreement(ratings, repo.checklist, draws, seed, keep(checkpoint))
    show(found, format)


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
            repository.here(), field, basis, draws=draws, seed=seed, checkpoint=keep(checkpoint)
        )
    show(found, format)


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
        found = report(repository.here(), field, draws, seed, keep(checkpoint))
    if format is Format.table:
        found = {key: value for key, value in found.items() if key not in ("draws", "percentiles")}
    show(found, format)
