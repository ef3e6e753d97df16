"""``dlrrc cohort``: the public CT cohorts, their download and their check."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dlrrc_core.commands.common import Format, as_json, messages

app = typer.Typer()
cohort = typer.Typer(help="Public CT cohorts of kidney tumours.", no_args_is_help=True)
app.add_typer(cohort, name="cohort")


class Prefer(StrEnum):
    """What comes first in the choice of a patient's series."""

    mask = "mask"
    phase = "phase"


PreferOption = Annotated[
    Prefer, typer.Option("--prefer", help="Take a series with a mask first, or one of the arterial phase first.")
]


@cohort.command("list")
def list_cohorts(
    name: Annotated[str | None, typer.Argument(help="A cohort, for its patients; all cohorts without.")] = None,
    prefer: PreferOption = Prefer.mask,
    format: Format = Format.table,
) -> None:
    """Cohorts with their numbers, or the patients of one, from the index that is installed; no network is needed."""
    with messages():
        from dlrrc_core.baseline.images import public  # pydicom and the index are an extra

        known = public.catalogue().cohorts
        if name is None:
            rows = [
                {
                    "cohort": each,
                    "class": facts.label,
                    **public.counts(each),
                    "licence": facts.licence,
                    "doi": facts.doi,
                }
                for each, facts in known.items()
            ]
            rows = [{**row, "index": f"idc-index-data {public.index_version()}"} for row in rows]
        else:
            rows = public.patients(name, prefer).to_dict("records")
    if format is Format.json:
        typer.echo(as_json(rows))
        return
    if name is not None:
        shown = (
            "patient",
            "class",
            "phase",
            "link",
            "instances",
            "size_mb",
            "ct_series",
            "masks",
            "description",
            "series",
        )
        rows = [{key: row[key] for key in shown} for row in rows]
    typer.echo("\t".join(rows[0]))
    for row in rows:
        typer.echo(
            "\t".join(
                "" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)
                for value in row.values()
            )
        )


@cohort.command()
def build(
    names: Annotated[list[str], typer.Argument(help="Cohorts, for instance tcga-kirp tcga-kich.")],
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the cohort is written; a stopped build goes on there.")
    ],
    labels: Annotated[
        Path | None, typer.Option("--labels", help="CSV of patient and class, for cohorts of several classes.")
    ] = None,
    prefer: PreferOption = Prefer.mask,
) -> None:
    """Download the chosen series and masks, check every byte, write the table and the licences."""
    with messages():
        from dlrrc_core.baseline.images.download import build as run  # pydicom and the index are an extra

        typer.echo(run(names, folder, labels=labels, prefer=prefer))


@cohort.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of a cohort.")],
    format: Format = Format.table,
) -> None:
    """Compare every file with its checksum, read every series and mask; one row per patient."""
    with messages():
        from dlrrc_core.baseline.images.check import check as run  # pydicom is an extra

        table = run(folder, progress=True)
    if not (folder / "manifest.csv").is_file():
        typer.echo(f"dlrrc: {folder} has no manifest.csv; its files were read, and compared with no checksum", err=True)
    typer.echo(as_json(table.to_dict("records")) if format is Format.json else table.to_string(index=False))
