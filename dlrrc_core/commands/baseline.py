"""``dlrrc baseline``: the experiments of the baseline, run through their notebooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from dlrrc_core import repository
from dlrrc_core.baseline import store
from dlrrc_core.baseline.findings import find
from dlrrc_core.commands.common import Format, messages, show
from dlrrc_core.files import write
from dlrrc_core.problems import PageError, UsageError, one_of

OPTIONS = ("scale", "processes", "into")
VALUES = "a number, a word or a [list] of them"
app = typer.Typer(no_args_is_help=True)
parent = typer.Typer()
parent.add_typer(app, name="baseline", help="The MobileNetV2 baseline: experiments with known truth, and stored runs.")


@app.command()
def run(
    experiment: Annotated[str, typer.Argument(help="Id of an experiment, see `dlrrc baseline list`.")],
    scale: Annotated[
        str, typer.Option(help="full (a GPU), reduced (a CPU, up to an hour) or tiny (only to try it).")
    ] = "reduced",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="NAME=VALUE of a parameter of the notebook, several times."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; by default as the scale says.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Jobs at the same time.")] = None,
    into: Annotated[Path | None, typer.Option(help="Another root for the stored run.")] = None,
) -> None:
    """Run an experiment through its notebook and store what it found in data/baseline/runs."""
    with messages():
        root = repository.find_root()
        about = store.experiment(root, experiment)
        chosen = {**about.scales[one_of(scale, about.scales, "scale")], **_assigned(parameter or [])}  # type: ignore[index]
        if parameter and into is None:
            raise UsageError(
                f"-p changes what '{scale}' means, and the run would replace the stored one that the chapter reads; add --into FOLDER"
            )
        chosen |= (
            {"scale": scale} | ({"device": device} if device else {}) | ({"processes": processes} if processes else {})
        )
        chosen |= {"into": str(into.absolute())} if into else {}
        print(notebook(root, about.id, chosen))


def notebook(root: Path, name: str, parameters: dict[str, Any], engine: str | None = None) -> Path:
    """Run a notebook of ``notebooks/baseline`` and return where it is kept as it was run.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    name : str
        Name of the notebook.
    parameters : dict
        Its parameters.
    engine : str, optional
        Engine of papermill; by default the one of the book's pages; ``"nbclient"`` starts a kernel.

    Raises
    ------
    UsageError
        When a parameter is not allowed, data are missing or a training failed.
    PageError
        When a cell failed in another way. Either way the notebook with the traceback is kept.
    """
    try:
        from dlrrc_core.baseline.experiments.runner import module_of  # torch is an extra

        module_of(name)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("dlrrc_core"):
            raise UsageError(
                f"the experiment {name} has no module {error.name}; add it, or take the YAML file away"
            ) from error
        raise UsageError(f"experiments need {error.name}, which is not installed; run: make torch") from error
    from dlrrc_core import execution  # slow to import: papermill, IPython

    output = f"_build/dlrrc/baseline/notebooks/{name}-{parameters.get('scale', 'default')}.ipynb"
    job = execution.Job(str(root), f"notebooks/baseline/{name.replace('-', '_')}.py", output, parameters)
    outcome = execution.run(job, engine or execution.ENGINE)
    write(root / output, outcome.notebook.encode())
    for name in ("UsageError", "TrainingError"):  # said for a person already
        if (mark := f": {name}: ") in (outcome.error or ""):
            raise UsageError(str(outcome.error).split(mark, 1)[1])
    if ": KeyboardInterrupt: " in (outcome.error or ""):
        print("dlrrc: stopped; the same command goes on where it was", file=sys.stderr)
        raise typer.Exit(130)
    if outcome.error:
        raise PageError(f"{outcome.error}\n  the failed notebook is {output}")
    return root / output


@app.command("list")
def list_(format: Format = Format.table) -> None:
    """Every experiment with its question and the runs that are stored."""
    with messages():
        root = repository.find_root()
        stored = {each.name: each.record for each in store.runs(root)}
        found = {
            name: {
                "question": about.question,
                "scales": list(about.scales),
                "stored": {
                    each: {"date": record.date, "device": record.device, "seconds": record.seconds}
                    for each, record in stored.items()
                    if record.experiment == name
                },
            }
            for name, about in store.experiments(root).items()
        }
    show(found, format)


@app.command("show")
def show_(
    experiment: Annotated[str, typer.Argument(help="Id of an experiment.")],
    run: Annotated[str, typer.Option("--run", help="Id of a stored run; by default the largest.")] = "best",
    format: Format = Format.table,
) -> None:
    """Every number of an experiment's chapter, from its stored run."""
    with messages():
        _, found = find(repository.find_root(), experiment, run)
    show(found, format)


def _assigned(words: list[str]) -> dict[str, Any]:
    """Return NAME=VALUE words as values; a value is read as YAML, so lists and numbers can be given."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"the parameter '{word}' is not NAME=VALUE; for instance: --parameter seeds=[1,2]")
        if name in found:
            raise UsageError(f"the parameter '{name}' is given twice; allowed: once")
        if name in OPTIONS:
            raise UsageError(f"'{name}' is no parameter of the experiment here; use --{name}")
        try:
            found[name] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UsageError(f"the value of '{word}' cannot be read; allowed: {VALUES}") from error
        held = found[name] if isinstance(found[name], list) else [found[name]]
        if not all(each is None or isinstance(each, bool | int | float | str) for each in held):
            raise UsageError(f"the value of '{word}' is {type(found[name]).__name__}; allowed: {VALUES}")
    return found
