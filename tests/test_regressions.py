"""Faults that a review found, one test each, so that none comes back."""

from __future__ import annotations

import math
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT

from dlrrc_core import checklist as checklists
from dlrrc_core import execution, fieldstats, pages, paperpages, repository, scoring, stats, strict_yaml
from dlrrc_core.execution import Job
from dlrrc_core.problems import DataError, PageError, UsageError

ZUO = "data/papers/zuo2021"
RATING = f"{ZUO}/ratings/machine-a.yaml"
PUBLISHED = "data/fields/rcc/published.yaml"
CHECKLIST = "data/checklist/dlrrc-1.0.yaml"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a checkout with one paper and no pages."""
    for name in ("checklist", "fields"):
        shutil.copytree(ROOT / "data" / name, tmp_path / "data" / name)
    shutil.copytree(ROOT / ZUO, tmp_path / ZUO)
    for name in ("raters.yaml", "journals.csv"):
        shutil.copy(ROOT / "data" / name, tmp_path / "data" / name)
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def edit(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def template(root: Path, text: str, parameters: tuple[str, ...] = ()) -> None:
    """Write one template, and one page of it for each value of its parameter ``part``."""
    (root / "notebooks/t.py").write_text(text, encoding="utf-8")
    entries: list[dict] = [
        {"template": "t", "output": f"book/t{part}", "reads": "checklist", "parameters": {"part": part}}
        for part in parameters
    ]
    entries = entries or [{"template": "t", "output": "book/t", "reads": "checklist"}]
    (root / "notebooks/pages.yaml").write_text(yaml.safe_dump({"pages": entries}), encoding="utf-8")


# 1 (high) pages._run: a Dask worker with more than one thread mixes pages, without an error
def test_worker_with_two_threads_makes_the_same_pages(small: Path) -> None:
    from distributed import LocalCluster

    text = '# %% tags=["parameters"]\npart = "I"\n\n# %%\nimport time\n\nfor _ in range(5):\n    time.sleep(0.1)\n    print(part)\n'
    template(small, text, ("I", "II", "III"))
    repo = repository.load(small)
    pages.build_all(repo)
    good = {path.name: path.read_bytes() for path in (small / "book").iterdir()}
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
        pages.build_all(repo, scheduler=cluster.scheduler_address, force=True)
    assert {path.name: path.read_bytes() for path in (small / "book").iterdir()} == good


# 2 (medium) freshness.library_sources: a template with a syntax error ends in a traceback that does not name it
def test_template_with_a_syntax_error_is_a_page_error_that_names_it(small: Path) -> None:
    template(small, "# %%\nx = (\n")
    with pytest.raises(PageError, match=r"notebooks/t\.py"):
        pages.build_all(repository.load(small))


# 3 (medium) freshness: the same for a template that is not there
def test_template_that_is_missing_is_named(small: Path) -> None:
    template(small, "1\n")
    (small / "notebooks/t.py").unlink()
    with pytest.raises((DataError, UsageError, PageError), match=r"notebooks/t\.py"):
        pages.build_all(repository.load(small))


# 4 (medium) freshness.fingerprint: execution.py shapes every page (normalised, fill_words, engine) but is in no fingerprint
def test_a_change_of_the_engine_makes_pages_stale() -> None:
    from dlrrc_core import freshness

    assert "execution" in {path.stem for path in freshness.library_sources(ROOT / "notebooks/overview.py")}


# 5 (medium) execution.InProcessEngine: order of what is printed and shown differs from a kernel
def test_printed_and_shown_keep_their_order(small: Path) -> None:
    template(small, '# %%\nfrom IPython.display import display\n\nprint("one")\ndisplay(1)\nprint("two")\n')
    job = Job(str(small), "notebooks/t.py", "book/t.ipynb", {})
    assert pages.in_fresh_process(job).notebook == execution.run(job, engine="nbclient").notebook


# 6 (low) execution._ResultHook: ``_`` is not set, as it is in a kernel
def test_underscore_is_the_last_value(small: Path) -> None:
    template(small, "# %%\n3\n\n# %%\nprint(_)\n")
    assert '"3\\n"' in pages.in_fresh_process(Job(str(small), "notebooks/t.py", "book/t.ipynb", {})).notebook


# 7 (medium) a warning in a page is published as stderr text, and its text differs between engine and kernel
def test_page_that_warns_fails(small: Path) -> None:
    template(small, '# %%\nimport warnings\n\nwarnings.warn("old interface")\n')
    with pytest.raises(PageError, match="old interface"):
        pages.build_all(repository.load(small))


# 8 (medium) published.yaml is not checked against the checklist nor against what is possible
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("item: 31", "item: 45"),
        ("item: 4\n", "item: 31\n"),
        ("percent: '4.5'", "percent: '450'"),
        ("count: 16", "count: 160"),
        ("r: '0.402'", "r: '1.402'"),
        ("p: '0.064'", "p: '1.640'"),
        ("    n: 22", "    n: 2"),
    ],
)
def test_impossible_printed_numbers_are_refused_with_their_line(small: Path, old: str, new: str) -> None:
    edit(small, PUBLISHED, old, new)
    with pytest.raises(DataError, match=PUBLISHED):
        repository.load(small)


# 9 (low) published.yaml of a folder without field.yaml is read and ignored
def test_published_numbers_without_a_field(small: Path) -> None:
    (small / "data/fields/lung").mkdir()
    shutil.copy(small / PUBLISHED, small / "data/fields/lung/published.yaml")
    with pytest.raises(DataError, match="data/fields/lung"):
        repository.load(small)


# 10 (medium) repository._journals: a row with too many or too few cells shifts or loses values silently
@pytest.mark.parametrize(
    "row", ["Medical Physics, Part B,0094-2405,JIF percentile,2023,x,1,2,50,source", "Medical Physics", ",,,,,,,50,x"]
)
def test_journal_rows_have_one_cell_per_column_and_a_name(small: Path, row: str) -> None:
    path = small / "data/journals.csv"
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"data/journals\.csv:\d+"):
        repository.load(small)


# 11 (medium) consensus.yaml may carry the name of a rater; the page of the paper then shows the consensus as that rater's score
def test_consensus_cannot_carry_the_name_of_a_rater(small: Path) -> None:
    text = (small / RATING).read_text(encoding="utf-8").replace("kind: machine", "kind: consensus")
    (small / ZUO / "consensus.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"consensus\.yaml:\d+"):
        repository.load(small)


# 12 (medium) paperpages._score_table: with a consensus the agreement is taken between it and one rater, not between the raters
def test_agreement_is_between_the_raters(small: Path) -> None:
    text = (
        (small / RATING)
        .read_text(encoding="utf-8")
        .replace("kind: machine", "kind: consensus")
        .replace("rater: machine-a", "rater: consensus")
    )
    (small / ZUO / "consensus.yaml").write_text(text, encoding="utf-8")
    page = BeautifulSoup(paperpages.body(repository.load(small), "zuo2021"), "html.parser").get_text(" ")
    assert "machine-a and machine-b give the same answer" in page


# 13 (low) paperpages: an item that neither rater answered counts as the same answer
def test_two_items_without_an_answer_are_not_the_same_answer(small: Path) -> None:
    for rater in ("machine-a", "machine-b"):
        path = small / ZUO / f"ratings/{rater}.yaml"
        rating = yaml.safe_load(path.read_text(encoding="utf-8")) | {"status": "draft"}
        for answer in rating["answers"].values():
            answer["answer"] = None
        path.write_text(yaml.safe_dump(rating, sort_keys=False), encoding="utf-8")
    page = BeautifulSoup(paperpages.body(repository.load(small), "zuo2021"), "html.parser").get_text(" ")
    assert "give the same answer to 31 of 31 items" not in page


# 14 (medium) fieldstats: a complete rating with a not applicable item has points, but is left out of the field's total
def test_paper_with_a_not_applicable_item_counts_in_the_total_of_its_field(small: Path) -> None:
    edit(small, RATING, "answer: 'no'", "answer: not-applicable")
    repo = repository.load(small)
    assert scoring.score_papers(repo, ["zuo2021"])["points"].notna().all()
    found = fieldstats.field_statistics(repo, "rcc")
    assert found["groups"]["machine-a"]["total"]["n"] == 1


# 15 (low) scoring.score_table takes units that an item cannot have (its docstring says it refuses them)
def test_units_between_two_options_are_refused() -> None:
    instrument = checklists.load(ROOT / CHECKLIST, ROOT)
    units = np.zeros((1, 31), dtype=int)
    units[0, 28] = 1  # item 29 gives 0, 2, 3 or 4 units
    with pytest.raises(UsageError):
        scoring.score_table(units, instrument)


# 16 (medium) stats.pearson: numbers that differ only by rounding are not seen as constant; three raters' means make them
def test_nearly_constant_variable_has_no_correlation() -> None:
    constant = [0.1 + 0.2, 0.3, 0.3, 0.3]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(stats.pearson(constant, [1, 2, 3, 5]).r)
        assert math.isnan(stats.partial_correlation([1, 2, 3, 5], [2, 1, 4, 4], constant).r)


# 17 (medium) strict_yaml: octal and base-60 whole numbers are read as other numbers (0150 patients become 104)
@pytest.mark.parametrize("written", ["0150", "1:30", "0x10", "0b11", "1_000"])
def test_whole_numbers_mean_what_is_written(small: Path, written: str) -> None:
    edit(small, f"{ZUO}/paper.yaml", "n_patients: null", f"n_patients: {written}")
    with pytest.raises(DataError, match=r"study\.n_patients is '"):
        repository.load(small)


# 18 (low) strict_yaml._plain: 1 and 1.0 are one key for Python, so the second replaces the first unseen
def test_one_and_one_point_zero_are_the_same_key() -> None:
    with pytest.raises(DataError, match="second time"):
        strict_yaml.parse("1: a\n1.0: b\n", "f.yaml")


# 19 (medium) checklist: a checklist with two open items instead of three loads, and then score() ends in an IndexError
def test_checklist_needs_three_open_items(small: Path) -> None:
    edit(small, CHECKLIST, "    open_code: accessible\n", "")
    with pytest.raises(DataError, match="open_code"):
        checklists.load(small / CHECKLIST, small)


# 20 (low) checklist: a line of acceptable reproducibility that no paper can reach is accepted
@pytest.mark.parametrize("points", ["500", ".inf"])
def test_acceptable_points_can_be_reached(small: Path, points: str) -> None:
    edit(small, CHECKLIST, "acceptable_points: 50", f"acceptable_points: {points}")
    with pytest.raises(DataError, match="acceptable_points"):
        checklists.load(small / CHECKLIST, small)


# 21 (medium) repository: one broken raters.yaml or field.yaml gives a misleading problem for each rating and paper
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("data/raters.yaml", "kind: machine", "kind: oracle"), ("data/fields/rcc/field.yaml", "question:", "questoin:")],
)
def test_no_problems_that_follow_from_another(small: Path, file: str, old: str, new: str) -> None:
    edit(small, file, old, new)
    with pytest.raises(DataError) as caught:
        repository.load(small)
    assert {problem.file for problem in caught.value.problems} == {file}


# 22 (medium) repository: a file with a wrong name or place is ignored without a word, and so is the work in it
@pytest.mark.parametrize(
    "name", [f"{ZUO}/ratings/machine-b.yml", f"{ZUO}/machine-b.yaml", f"{ZUO}/Paper.yml", "data/papers/xi2020.yaml"]
)
def test_files_that_would_be_ignored_are_named(small: Path, name: str) -> None:
    shutil.copy(small / RATING, small / name)
    with pytest.raises(DataError, match=name):
        repository.load(small)


# 23 (low) pages.build_all: the failed notebook is kept after the page was mended
def test_failed_notebook_goes_when_the_page_is_good_again(small: Path) -> None:
    template(small, "# %%\n1 / 0\n")
    with pytest.raises(PageError):
        pages.build_all(repository.load(small))
    template(small, "# %%\n1\n")
    assert pages.build_all(repository.load(small)) == ["book/t.ipynb"]
    assert list((small / pages.FAILED).iterdir()) == []


# 24 (low) tables.format_number: a small negative number is shown as -0.0
def test_no_negative_zero() -> None:
    from dlrrc_core import tables

    assert tables.format_number(-0.0004, ".3f") == "0.000"
    assert tables.format_number(-0.4, ".3f") == "-0.400"


def test_link_in_place_of_a_record_is_refused_and_its_target_not_shown(small: Path) -> None:
    secret = small / "secret.txt"
    secret.write_text("do not show", encoding="utf-8")
    (small / ZUO / "ratings/other.yaml").symlink_to(secret)
    with pytest.raises(DataError, match=r"ratings/other\.yaml: a link; allowed: a file of its own") as caught:
        repository.load(small)
    assert "do not show" not in str(caught.value)


def test_field_without_any_paper_or_rating_has_chapters(small: Path) -> None:
    shutil.copytree(ROOT / "notebooks", small / "notebooks", dirs_exist_ok=True)
    text = (small / "data/fields/brain-tumour-mri/field.yaml").read_text(encoding="utf-8")
    (small / "data/fields/lung").mkdir()
    (small / "data/fields/lung/field.yaml").write_text(
        text.replace("id: brain-tumour-mri", "id: lung"), encoding="utf-8"
    )
    made = pages.build_all(repository.load(small), fields=["lung"])
    chapters = (
        "agreement",
        "audit",
        "items",
        "overview",
        "papers",
        "uncertainty",
    )  # no reconstruction without a printed review
    assert sorted(made) == [f"book/fields/lung/{name}.ipynb" for name in chapters]
    assert "has been rated yet" in (small / "book/fields/lung/overview.ipynb").read_text(encoding="utf-8")
