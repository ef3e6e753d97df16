"""Time builds of this book against a stock Jupyter Book 1.x that executes the same chapters itself.

Run ``python benchmarks/build.py`` in the environment of the project. Both sides work in temporary copies; the checkout is not
touched. The two are timed in turn, so that a drift of the machine's speed hits both.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
from machine import RESULTS, described, machine, write_results

from dlrrc_core import execution, pages, repository

ROOT = Path(__file__).parents[1]
JB = Path(sys.executable).with_name("jb")
RATING = "data/papers/zuo2021/ratings/machine-a.yaml"
OVERVIEW = "_build/html/book/fields/rcc/overview.html"
PACKAGES = ("jupyter-book", "sphinx", "myst-nb", "jupyter-cache", "papermill", "pandas", "numpy", "plotly", "seaborn")


def copy_checkout(target: Path) -> None:
    """Copy what git knows or would take of the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def make_stock(target: Path, mode: str) -> None:
    """Turn a copy into a stock book: the same chapters as plain notebooks that Jupyter Book executes.

    Parameters
    ----------
    target : Path
        Copy of the checkout; changed in place.
    mode : {"cache", "force"}
        ``execute_notebooks``. ``cache`` is what its documentation advises for long notebooks.
    """
    for job, _ in pages.jobs(repository.load(target)):
        notebook = jupytext.read(target / job.template)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                words = {**job.parameters, **job.words}
                cell.source = re.sub(r"\{\{(\w+)\}\}", lambda match, words=words: words[match[1]], cell.source)
            elif "parameters" in cell.metadata.get("tags", []) and job.parameters:
                cell.source = "\n".join(f"{name} = {value!r}" for name, value in job.parameters.items())
            if cell.cell_type == "code":
                cell.metadata["tags"] = ["remove-input"]
        notebook.metadata["kernelspec"] = dict(execution.KERNEL)
        (target / job.output).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target / job.output)
    hooks = target / "book/_ext/dlrrc_book.py"
    source = hooks.read_text(encoding="utf-8")
    assert "    pages.build_all(repo)\n" in source, "the hook that runs the pages has changed"
    hooks.write_text(source.replace("    pages.build_all(repo)\n", ""), encoding="utf-8")
    config = target / "_config.yml"
    config.write_text(
        config.read_text(encoding="utf-8").replace(
            'execute_notebooks: "off"', f"execute_notebooks: {mode}\n  timeout: 300"
        ),
        encoding="utf-8",
    )


def build(root: Path, *options: str) -> float:
    """Build a book and return the seconds it took."""
    start = time.perf_counter()
    result = subprocess.run([JB, "build", ".", "-q", *options], cwd=root, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if result.returncode:
        raise RuntimeError(f"the build in {root} failed:\n{result.stdout}{result.stderr}")
    return seconds


def mean_on_page(root: Path) -> str:
    """Return the mean score that the built overview page of RCC shows."""
    found = re.search(
        r'data-stat="groups\.mean\.total\.mean"[^>]*>([^<]+)<', (root / OVERVIEW).read_text(encoding="utf-8")
    )
    return found[1] if found else "none"


def true_mean(root: Path) -> str:
    """Return the mean score that the page has to show."""
    command = [sys.executable, "-m", "dlrrc_core.cli", "stats", "--field", "rcc", "--format", "json"]
    result = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)
    return format(result["groups"]["mean"]["total"]["mean"], ".1f")


def edit_one_answer(root: Path) -> None:
    """Change the first answer 'no' of one rating."""
    path = root / RATING
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("answer: 'no'", "answer: 'yes'", 1), encoding="utf-8")


def run_side(prepare: Callable[[Path], None], *options: str) -> dict[str, tuple[float, bool]]:
    """Time cold, no-change and one-paper builds of one side; each with whether the page then shows the right number."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_checkout(root)
        prepare(root)
        result = {}
        for case in ("cold", "no change", "one paper"):
            if case == "one paper":
                edit_one_answer(root)
            seconds = build(root, *options)
            result[case] = (seconds, mean_on_page(root) == true_mean(root))
        return result


def report(runs: dict[str, list[dict[str, tuple[float, bool]]]], facts: dict[str, str]) -> str:
    """Return the table of times and ratios as markdown."""
    lines = [
        "# Build times against a stock Jupyter Book",
        "",
        "Seconds as median (minimum to maximum); *right* says whether the overview page then",
        "",
    ]
    lines[-2] += " shows the number that the data give. Ratios are stock over ours, of medians."
    lines += ["| case | side | seconds | right | times ours |", "|---|---|---|---|---|"]
    for case in ("cold", "no change", "one paper"):
        ours = statistics.median(run[case][0] for run in runs["ours"])
        for side, results in runs.items():
            times = [run[case][0] for run in results]
            right = "yes" if all(run[case][1] for run in results) else "**no**"
            middle = statistics.median(times)
            lines.append(
                f"| {case} | {side} | {middle:.1f} ({min(times):.1f} to {max(times):.1f}) | {right} | {middle / ours:.2f} |"
            )
    return "\n".join([*lines, "", described(facts)]) + "\n"


def main() -> None:
    """Run both sides in turn and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for build.json and build.md")
    options = parser.parse_args()
    sides: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
        "ours": (lambda root: None, ()),
        "stock, cache": (lambda root: make_stock(root, "cache"), ()),
        "stock, force": (lambda root: make_stock(root, "force"), ()),
        "stock, force, --all": (lambda root: make_stock(root, "force"), ("--all",)),
    }
    runs: dict[str, list[dict[str, tuple[float, bool]]]] = {side: [] for side in sides}
    for _ in range(options.runs):
        for side, (prepare, words) in sides.items():
            runs[side].append(run_side(prepare, *words))
            print(side, {case: round(seconds, 1) for case, (seconds, _) in runs[side][-1].items()}, file=sys.stderr)
    facts = machine(*PACKAGES)
    write_results("build", json.dumps({"machine": facts, "runs": runs}, indent=1), report(runs, facts), options.out)


if __name__ == "__main__":
    main()
