"""``dlrrc build``."""

from __future__ import annotations

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
