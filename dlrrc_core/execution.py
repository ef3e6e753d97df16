"""Runs one template with its parameters and returns the executed notebook as text.

papermill does the work. Its engine here runs the cells in this process instead of starting a kernel, which saves most of the
time of a short notebook; the test suite runs the results again with a real kernel and compares.
"""

from __future__ import annotations

import ast
import io
import os
import re
import tempfile
import threading
import traceback
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from dlrrc_core.problems import one_of

ENGINE = "dlrrc-in-process"
_ONE_AT_A_TIME = threading.Lock()  # working directory, streams and IPython belong to the whole process
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Job:
    """One page to make: a template, its parameters and where the page goes.

    Attributes
    ----------
    root : str
        Root of the checkout.
    template : str
        Path of the py:percent script, relative to the root.
    output : str
        Path of the notebook to write, relative to the root.
    parameters : mapping of str to a plain value
        Parameters of the template; each must be declared in its parameters cell.
    words : mapping of str to str
        Text for ``{{name}}`` in markdown cells.
    """

    root: str
    template: str
    output: str
    parameters: Mapping[str, Any]
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Template and parameters, for messages."""
        values = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.template}({values})"


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the notebook as text, and the error if it failed."""

    job: Job
    notebook: str
    error: str | None = None


def run(job: Job, engine: str = ENGINE) -> Outcome:
    """Execute a template.

    Parameters
    ----------
    job : Job
        What to run.
    engine : str, default "dlrrc-in-process"
        A papermill engine; ``"nbclient"`` starts a kernel.

    Returns
    -------
    Outcome
        ``error`` names template, cell and exception when a cell failed; the notebook then holds the traceback. The text of a
        good notebook depends on template, parameters, data and library only.

    Raises
    ------
    UsageError
        When a parameter is not declared in the template.
    """
    os.environ["MPLBACKEND"] = "agg"
    papermill_engines.register(ENGINE, InProcessEngine)
    root = Path(job.root)
    notebook = jupytext.read(root / job.template)
    _check_parameters(notebook, job)
    _fill_words(notebook, job)
    notebook.metadata["kernelspec"] = dict(KERNEL)
    error = None
    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory() as folder, chdir(root):
        source, target = Path(folder, "in.ipynb"), Path(folder, "out.ipynb")
        nbformat.write(notebook, source)
        try:
            papermill.execute_notebook(
                source,
                target,
                dict(job.parameters),
                engine_name=engine,
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
            )
        except PapermillExecutionError as failure:
            cell = failure.source.strip().splitlines()
            error = (
                f"{job.name}: cell {failure.cell_index} ({cell[0] if cell else ''}): {failure.ename}: {failure.evalue}"
            )
        executed = nbformat.read(target, as_version=4)
    return Outcome(job, normalised(executed), error or _complaint(executed, job.name))


def _check_parameters(notebook: nbformat.NotebookNode, job: Job) -> None:
    """Refuse parameters that the template does not declare; papermill would only log them."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    declared = [
        target.id
        for cell in cells
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    for name in job.parameters:
        one_of(name, declared, f"parameter of {job.template}")


def _fill_words(notebook: nbformat.NotebookNode, job: Job) -> None:
    """Replace ``{{name}}`` in markdown cells, so that each page starts with a real heading; papermill fills code cells only."""
    words = {**{key: str(value) for key, value in job.parameters.items()}, **job.words}

    def word(match: re.Match[str]) -> str:
        return words[one_of(match[1], words, f"word of {job.template}")]

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\{\{(\w+)\}\}", word, cell.source)


def normalised(notebook: nbformat.NotebookNode) -> str:
    """Return a notebook as text without anything that changes from run to run.

    Cell ids are counted, papermill's time stamps and paths are dropped, and code is tagged to be hidden on the page (the
    notebook offered for download holds it).
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": dict(KERNEL),
            "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
        }
    )
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:03d}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict(
            {"tags": sorted({*tags, "remove-input"})} if cell.cell_type == "code" else {}
        )
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("execution", None)
            if "execution_count" in output:
                output["execution_count"] = count
    return str(nbformat.writes(notebook)) + "\n"


class _Stream(io.TextIOBase):
    """Stands for stdout or stderr and keeps what is printed, in its place between the displayed things."""

    def __init__(self, name: str, outputs: list[nbformat.NotebookNode]) -> None:
        self.label, self.outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last.output_type == "stream" and last.name == self.label:
            last.text += text
        elif text:
            self.outputs.append(nbformat.v4.new_output("stream", name=self.label, text=text))
        return len(text)


class _DisplayPublisher(DisplayPublisher):
    """Keeps what a cell displays."""

    outputs: Any = None

    def publish(self, data: Any, metadata: Any = None, source: Any = None, **kwargs: Any) -> None:
        self.outputs.append(nbformat.v4.new_output("display_data", data=data, metadata=metadata or {}))


class _ResultHook(DisplayHook):
    """Keeps the value of the last expression of a cell as a notebook output."""

    shell: Any
    outputs: Any = None

    def __call__(self, result: object = None) -> None:
        self.check_for_underscore()
        if result is not None and not self.quiet():
            data, metadata = self.shell.display_formatter.format(result)
            self.update_user_ns(result)
            count = self.shell.execution_count
            self.outputs.append(
                nbformat.v4.new_output("execute_result", data=data, metadata=metadata, execution_count=count)
            )


class InProcessEngine(Engine):
    """A papermill engine that runs cells with IPython in this process; one notebook at a time."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        """Run all cells in order and stop at the first that raises."""
        shell: Any = InteractiveShell.instance()
        shell.reset()
        shell.display_pub, shell.displayhook = _DisplayPublisher(parent=shell), _ResultHook(shell=shell)
        shell.display_trap.hook = shell.displayhook
        # the traceback goes into the notebook once, as an error output, not into what the cell printed
        shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code":
                continue
            nb_man.cell_start(cell, index)
            outputs: list[nbformat.NotebookNode] = []
            shell.display_pub.outputs = shell.displayhook.outputs = outputs
            with redirect_stdout(_Stream("stdout", outputs)), redirect_stderr(_Stream("stderr", outputs)):
                outcome = shell.run_cell(cell.source, store_history=True)
            cell.outputs = outputs
            failure = outcome.error_before_exec or outcome.error_in_exec
            if failure is not None:
                lines = traceback.format_exception(failure)
                cell.outputs.append(
                    nbformat.v4.new_output("error", ename=type(failure).__name__, evalue=str(failure), traceback=lines)
                )
                nb_man.cell_exception(cell, index, exception=failure)
                break
            nb_man.cell_complete(cell, index)


def _complaint(notebook: nbformat.NotebookNode, name: str) -> str | None:
    """Return the first text that a cell wrote to stderr (a warning, say) as an error; no page is published with one."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                return f"{name}: cell {index}: wrote to stderr: {' '.join(output.text.split())}"
    return None
