"""The page runner: runs what is stale and nothing else, gives the same bytes as a kernel, and fails without damage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, dlrrc

from dlrrc_core import execution, freshness, pages, repository
from dlrrc_core.execution import Job
from dlrrc_core.problems import PageError, UsageError

TEMPLATE = """# %% [markdown]
# # {{short_title}}

# %% tags=["parameters"]
field = "rcc"

# %%
from dlrrc_core import repository, scoring

repo = repository.here()
print(scoring.score_papers(repo, repo.select(field=field))["points"].sum())
"""
PAGES = {
    "pages": [
        {"template": "small", "output": "book/{field}", "reads": "field", "parameters": {"field": "{field}"}},
        {"template": "all", "output": "book/all", "reads": "everything"},
        {"template": "all", "output": "book/checklist", "reads": "checklist"},
    ]
}
RATING = "data/papers/zuo2021/ratings/machine-a.yaml"


@pytest.fixture
def small(checkout: Path) -> Path:
    """Return a checkout with four small pages."""
    shutil.rmtree(checkout / "notebooks")
    (checkout / "notebooks").mkdir()
    (checkout / "notebooks/small.py").write_text(TEMPLATE)
    (checkout / "notebooks/all.py").write_text("# %% [markdown]\n# # All\n\n# %%\n1 + 1\n")
    (checkout / "notebooks/pages.yaml").write_text(yaml.safe_dump(PAGES))
    return checkout


def build_all(root: Path, **options: Any) -> list[str]:
    """Read the records anew and make the pages."""
    return pages.build_all(repository.load(root), **options)


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first place of a text."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_only_stale_pages_run(small: Path) -> None:
    everything = ["book/all.ipynb", "book/brain-tumour-mri.ipynb", "book/checklist.ipynb", "book/rcc.ipynb"]
    assert build_all(small) == everything
    assert build_all(small) == []
    before = (small / "book/rcc.ipynb").read_text()
    edit(small / RATING, "answer: 'no'", "answer: 'yes'")
    assert build_all(small) == ["book/all.ipynb", "book/rcc.ipynb"]
    assert (small / "book/rcc.ipynb").read_text() != before
    edit(small / "notebooks/small.py", "print", "print  ")
    assert build_all(small) == ["book/brain-tumour-mri.ipynb", "book/rcc.ipynb"]
    edit(small / "data/checklist/dlrrc-1.0.yaml", "title: Meaningful labels", "title: Labels that mean something")
    assert build_all(small) == everything
    (small / "book/rcc.ipynb").unlink()
    (small / "book/all.ipynb").write_text("edited by hand")
    assert build_all(small) == ["book/all.ipynb", "book/rcc.ipynb"]
    assert build_all(small, fields=["rcc"], force=True) == ["book/rcc.ipynb"]


def test_unchanged_output_is_not_written_again(small: Path) -> None:
    build_all(small)
    when = (small / "book/rcc.ipynb").stat().st_mtime_ns
    build_all(small, force=True)
    assert (small / "book/rcc.ipynb").stat().st_mtime_ns == when


def test_failing_page_is_named_kept_and_leaves_the_last_good_one(small: Path) -> None:
    build_all(small)
    good = (small / "book/rcc.ipynb").read_bytes()
    edit(small / "notebooks/small.py", "print(", 'print(1 / 0 if field == "rcc" else ')
    with pytest.raises(PageError) as caught:
        build_all(small)
    message = str(caught.value)
    assert "notebooks/small.py(field=rcc): cell 3 " in message
    assert "ZeroDivisionError: division by zero" in message
    assert (small / "book/rcc.ipynb").read_bytes() == good
    assert "ZeroDivisionError" in (small / "_build/dlrrc/failed/book--rcc.ipynb").read_text()
    # the other field's page was still made, and only the failed one is tried again
    with pytest.raises(PageError):
        build_all(small)
    result = dlrrc("build", cwd=small)
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr


def test_pages_of_a_removed_template_go(small: Path) -> None:
    build_all(small)
    edit(small / "notebooks/pages.yaml", "output: book/all\n", "output: book/everything\n")
    assert build_all(small) == ["book/everything.ipynb"]
    assert not (small / "book/all.ipynb").exists()


def test_what_a_failing_cell_printed_is_kept_with_its_error(small: Path) -> None:
    edit(small / "notebooks/all.py", "1 + 1", "print('before')\n1 / 0")
    with pytest.raises(PageError):
        build_all(small)
    kept = (small / "_build/dlrrc/failed/book--all.ipynb").read_text()
    assert "before" in kept
    assert kept.count('"ename": "ZeroDivisionError"') == 1


def test_process_that_dies_is_reported(small: Path) -> None:
    edit(small / "notebooks/all.py", "1 + 1", "import os\n\nos._exit(7)")
    with pytest.raises(PageError, match="exit status 7"):
        build_all(small)


def test_unknown_parameters_and_words_are_refused(small: Path) -> None:
    job = Job(str(small), "notebooks/small.py", "book/x.ipynb", {"feild": "rcc"}, {"short_title": "x"})
    with pytest.raises(
        UsageError, match=r"unknown parameter of notebooks/small.py 'feild'; allowed: field; did you mean 'field'\?"
    ):
        execution.run(job)
    with pytest.raises(UsageError, match=r"unknown word of notebooks/small.py 'short_title'"):
        execution.run(Job(str(small), "notebooks/small.py", "book/x.ipynb", {"field": "rcc"}))


def test_in_process_engine_and_kernel_give_the_same_bytes() -> None:
    job = next(job for job, _ in pages.jobs(repository.load(ROOT), ["rcc"]) if job.output.endswith("overview.ipynb"))
    mine = pages.in_fresh_process(job)
    assert mine.error is None
    assert mine.notebook == pages.in_fresh_process(job).notebook
    assert mine.notebook == execution.run(job, engine="nbclient").notebook


def test_library_sources_follow_imports() -> None:
    names = {path.stem for path in freshness.library_sources(ROOT / "notebooks/overview.py")}
    assert {"overview", "overview_figures", "fieldstats", "scoring", "stats", "strict_yaml"} <= names
    assert not {"cli", "pages", "narrative", "paperpages"} & names


def test_page_missing_from_the_table_of_contents(small: Path) -> None:
    (small / "_toc.yml").write_text(
        "format: jb-book\nroot: book/all\nchapters:\n  - file: book/rcc\n  - file: book/checklist\n"
    )
    assert pages.missing_from_toc(repository.load(small)) == ["book/brain-tumour-mri.ipynb"]


@pytest.mark.slow
def test_dask_cluster_makes_the_same_pages(small: Path) -> None:
    from distributed import LocalCluster

    build_all(small)
    local = (small / "book/rcc.ipynb").read_bytes()
    (small / "book/rcc.ipynb").unlink()
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert build_all(small, scheduler=cluster.scheduler_address) == ["book/rcc.ipynb"]
    assert (small / "book/rcc.ipynb").read_bytes() == local


def test_scheduler_that_does_not_answer_is_a_usage_error(small: Path) -> None:
    result = dlrrc("build", "--scheduler", "nowhere", cwd=small)
    assert (result.returncode, result.stdout) == (2, "")
    assert "no Dask scheduler answers at 'nowhere'" in result.stderr
    assert "Traceback" not in result.stderr


def test_build_reports_what_it_ran(small: Path) -> None:
    assert dlrrc("build", "--field", "rcc", "--jobs", "1", cwd=small).stdout == "book/rcc.ipynb\n"
    assert dlrrc("build", "--field", "rcc", cwd=small).stdout == "every page is up to date\n"
