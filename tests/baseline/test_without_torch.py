"""The book and the command line do without torch and the other packages of the experiments; only experiments ask for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from dlrrc_core.baseline import store

# none of these is among the dependencies that every installation has
ABSENT = ("torch", "sklearn", "pydicom", "idc_index_data", "duckdb", "onnx", "onnxruntime", "onnxscript", "joblib")
PAGES = [
    each for each in yaml.safe_load((ROOT / "notebooks/pages.yaml").read_text())["pages"] if each["reads"] == "baseline"
]
CHAPTERS = [f"baseline_{page['template']}" for page in PAGES]
BLOCK = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def without(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code where the packages cannot be imported."""
    return subprocess.run([sys.executable, "-c", BLOCK + code], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize(
    "chapter", [pytest.param(each, marks=pytest.mark.slow if each == "baseline_ensemble" else ()) for each in CHAPTERS]
)
def test_chapter_opens(chapter: str) -> None:
    done = without(f"from dlrrc_core.chapters import {chapter} as c\nprint(type(c.open_chapter().notice()).__name__)")
    assert (done.stdout.strip(), done.stderr) == ("Html", "")


def test_every_baseline_page_is_a_chapter_with_a_stored_run() -> None:
    assert len(PAGES) == len(store.experiments(ROOT))
    for page in PAGES:
        assert (ROOT / f"notebooks/{page['template']}.py").is_file()
        assert page["output"] == f"book/baseline/{page['template'].removeprefix('baseline_').replace('_', '-')}"


def test_command_line_says_what_is_missing(tmp_path: Path) -> None:
    code = f"sys.argv = ['dlrrc', 'baseline', 'run', 'leakage', '--scale', 'tiny', '--into', {str(tmp_path)!r}]\n"
    done = without(code + "from dlrrc_core.cli import app\napp()")
    assert done.returncode == 2
    assert done.stderr.strip() == "dlrrc: experiments need torch, which is not installed; run: make torch"
    listed = without("sys.argv = ['dlrrc', 'baseline', 'list']\nfrom dlrrc_core.cli import app\napp()")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "leakage" in listed.stdout
