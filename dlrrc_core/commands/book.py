"""``dlrrc build`` and ``dlrrc check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrrc_core import repository
from dlrrc_core.commands.common import messages

app = typer.Typer()


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
