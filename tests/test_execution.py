"""One template run in this project's engine: the outputs a kernel keeps, in a notebook that is the same text every time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dlrrc_core import execution, pages
from dlrrc_core.execution import Job, Outcome
from dlrrc_core.problems import UsageError

# what a chapter may do in a cell: print, show, end in a value, end in nothing, hide the value, hold no code
OUTPUTS = """# %% [markdown]
# # {{title}}: {{part}}

# %% tags=["parameters"]
part = "I"

# %%
print(part)

# %%
from IPython.display import HTML, Markdown, display

display(HTML("<b>shown</b>"))
display(Markdown("*words*"))
"last"

# %%
5;

# %%
x = 1

# %%

# %%
print("é", end="")
{"a": [1.5, None]}

# %%
import pandas as pd

pd.DataFrame({"a": [1, 2]})
"""


def job_of(tmp_path: Path, text: str, parameters: dict[str, str] | None = None) -> Job:
    """Return a job for a template with this text."""
    (tmp_path / "notebooks").mkdir(exist_ok=True)
    (tmp_path / "notebooks/t.py").write_text(text, encoding="utf-8")
    return Job(str(tmp_path), "notebooks/t.py", "book/t.ipynb", parameters or {}, {"title": "T"})


def run(tmp_path: Path, text: str, parameters: dict[str, str] | None = None) -> Outcome:
    """Run a template in a fresh process."""
    return pages.in_fresh_process(job_of(tmp_path, text, parameters))


def test_outputs_equal_those_of_a_kernel_byte_for_byte(tmp_path: Path) -> None:
    mine = run(tmp_path, OUTPUTS, {"part": "II"})
    assert mine.error is None
    assert mine.notebook == execution.run(mine.job, engine="nbclient").notebook
    assert mine.notebook == run(tmp_path, OUTPUTS, {"part": "II"}).notebook
    cells = json.loads(mine.notebook)["cells"]
    assert "".join(cells[0]["source"]) == "# T: II"
    kinds = [
        [output["output_type"] for output in cell.get("outputs", [])] for cell in cells if cell["cell_type"] == "code"
    ]
    # defaults, injected parameters, print, shown and value, hidden value, statement, empty cell, print and value, table
    assert kinds == [
        [],
        [],
        ["stream"],
        ["display_data", "display_data", "execute_result"],
        [],
        [],
        [],
        ["stream", "execute_result"],
        ["execute_result"],
    ]


def test_notebook_holds_nothing_of_the_run(tmp_path: Path) -> None:
    text = run(tmp_path, OUTPUTS, {"part": "II"}).notebook
    assert [word for word in (str(tmp_path), "papermill", "start_time", "duration") if word in text] == []
    notebook = json.loads(text)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert [cell["id"] for cell in notebook["cells"]] == [f"cell-{i:03d}" for i in range(len(notebook["cells"]))]
    assert all("remove-input" in cell["metadata"]["tags"] for cell in notebook["cells"] if cell["cell_type"] == "code")


def test_defaults_hold_when_no_parameter_is_given(tmp_path: Path) -> None:
    assert '"I\\n"' in run(tmp_path, OUTPUTS.replace(": {{part}}", "")).notebook


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("x = (", "SyntaxError: "),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise KeyError('é<b>')", "KeyError: 'é<b>'"),
    ],
)
def test_failure_names_template_cell_and_exception_and_keeps_what_ran(tmp_path: Path, last: str, message: str) -> None:
    outcome = run(
        tmp_path, f"# %%\nprint('before')\n\n# %%\n# the cell's first line\n{last}\n\n# %%\nprint('af' + 'ter')\n"
    )
    assert outcome.error is not None
    assert outcome.error.startswith("notebooks/t.py(): cell 1 (# the cell's first line): ")
    assert message in outcome.error
    assert "before\\n" in outcome.notebook
    assert '"after' not in outcome.notebook


def test_pages_do_not_see_each_other(tmp_path: Path) -> None:
    first = run(tmp_path, "# %%\nimport builtins\n\nbuiltins.leak = 1\nx = 2\n")
    second = run(tmp_path, "# %%\nimport builtins\n\nprint(hasattr(builtins, 'leak'), 'x' in dir())\n")
    assert (first.error, second.error) == (None, None)
    assert "False False" in second.notebook


@pytest.mark.parametrize(
    ("text", "parameters", "message"),
    [
        (OUTPUTS, {"prat": "I"}, "unknown parameter of notebooks/t.py 'prat'; allowed: part; did you mean 'part'"),
        ("# %%\nx = 1\n", {"x": "2"}, "unknown parameter of notebooks/t.py 'x'; allowed: "),
        (
            "# %% [markdown]\n# {{titel}}\n",
            {},
            "unknown word of notebooks/t.py 'titel'; allowed: title; did you mean 'title'",
        ),
    ],
)
def test_unknown_names_are_refused_before_anything_runs(
    tmp_path: Path, text: str, parameters: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        execution.run(job_of(tmp_path, text, parameters))
    assert message in str(caught.value)
