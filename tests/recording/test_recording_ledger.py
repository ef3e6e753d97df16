"""The ledger of answers, from git histories made for the tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import dlrrc
from recordkit import commit, git, small_checkout

from dlrrc_core import paperpages, repository
from dlrrc_core.problems import UsageError
from dlrrc_core.recording import ratings
from dlrrc_core.recording.ledger import kept, ledger

PAPER = "zuo2021"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a checkout in git whose raters start after the first commit."""
    folder = small_checkout(tmp_path / "checkout")
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "Start", when="2024-01-01T10:00:00+01:00")
    return folder


def answer(folder: Path, item: int, value: str | None, rater: str = "jane") -> None:
    """Change one answer in the file of a rater, as a person would."""
    checklist = ratings.instrument(folder)
    rating = ratings.read_rating(folder, PAPER, rater)
    changed = rating.answers[item].model_copy(update={"answer": value})
    rating = rating.model_copy(update={"answers": rating.answers | {item: changed}})
    ratings.save(folder, rating, checklist, questions=True, replace=True)


def short(folder: Path, first: bool = False) -> list[tuple[str, int, str | None, str | None, str]]:
    """Return rater, item, before, after and reason of every change."""
    return [(c.rater, c.item, c.before, c.after, c.reason) for c in ledger(folder, PAPER, first)]


def test_changes_with_date_reason_and_author(root: Path) -> None:
    ratings.new_rating(root, PAPER, "jane", "human")
    answer(root, 5, "yes")
    commit(root, "Rating of zuo2021 by jane", who="Jane Rater", when="2024-02-01T10:00:00+01:00")
    answer(root, 5, "no")
    answer(root, 6, "yes")
    commit(
        root,
        'Table 1: classes differ | more than "twofold"\n\nLong body.',
        who="Jörg Ö'Neil",
        when="2024-03-05T23:30:00-05:00",
    )
    answer(root, 6, None)
    commit(root, "Item 6 is open again", when="2024-04-01T00:00:00+00:00")
    assert ledger(root, "afzal2023") == []
    changes = ledger(root, PAPER)
    assert [(c.rater, c.item, c.before, c.after) for c in changes] == [
        ("jane", 5, "yes", "no"),
        ("jane", 6, "yes", None),
    ]
    assert changes[0].reason == 'Table 1: classes differ | more than "twofold"'
    assert (changes[0].who, changes[0].date) == ("Jörg Ö'Neil", "2024-03-05T23:30:00-05:00")
    assert changes[1].commit == git(root, "rev-parse", "HEAD").strip()
    with_first = [change for change in short(root, first=True) if change[0] == "jane"]
    assert with_first[0] == ("jane", 5, None, "yes", "Rating of zuo2021 by jane")
    assert with_first[1:3] == [("jane", 5, "yes", "no", changes[0].reason), ("jane", 6, None, "yes", changes[0].reason)]
    shown = json.loads(dlrrc("ledger", PAPER, "--format", "json", cwd=root).stdout)
    assert [change["item"] for change in shown["changes"]] == [5, 6]
    line = dlrrc("ledger", PAPER, cwd=root).stdout.splitlines()[0].split("\t")
    assert line == ["2024-03-05", "jane", "item 5", "yes -> no", changes[0].reason, "Jörg Ö'Neil"]


def test_merges_count_only_where_they_differ_from_all_sides(root: Path) -> None:
    ratings.new_rating(root, PAPER, "jane", "human")
    for item in (5, 9):
        answer(root, item, "yes")
    commit(root, "Rating")
    git(root, "checkout", "-q", "-b", "side")
    answer(root, 5, "no")
    commit(root, "Side")
    git(root, "checkout", "-q", "main")
    answer(root, 9, "no")
    commit(root, "Main")
    git(root, "merge", "-q", "--no-edit", "side")
    assert sorted(short(root)) == [("jane", 5, "yes", "no", "Side"), ("jane", 9, "yes", "no", "Main")]
    git(root, "checkout", "-q", "-b", "other")
    answer(root, 5, "unclear")
    commit(root, "Other")
    git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "--no-commit", "--no-ff", "other")
    answer(root, 5, "not-applicable")
    commit(root, "Decided in the merge")
    assert ("jane", 5, "no", "not-applicable", "Decided in the merge") in short(root)


def test_deleted_broken_and_odd_versions(root: Path) -> None:
    ratings.new_rating(root, PAPER, "jane", "human")
    answer(root, 5, "yes")
    commit(root, "Rating")
    path = root / f"data/papers/{PAPER}/ratings/jane.yaml"
    good = path.read_bytes()
    path.write_bytes(b"\xff\xfe not: [yaml")
    commit(root, "Broken")
    path.write_bytes(good)
    answer(root, 5, "no")
    commit(root, "Mended")
    path.unlink()
    commit(root, "Withdrawn by the rater")
    assert short(root) == [("jane", 5, "yes", "no", "Mended"), ("jane", 5, "no", None, "Withdrawn by the rater")]


def test_consensus_is_in_the_ledger(root: Path) -> None:
    path = root / f"data/papers/{PAPER}/consensus.yaml"
    text = (root / f"data/papers/{PAPER}/ratings/machine-a.yaml").read_text(encoding="utf-8")
    text = text.replace("rater: machine-a", "rater: consensus").replace("kind: machine", "kind: consensus")
    path.write_text(text, encoding="utf-8")
    commit(root, "Consensus")
    path.write_text(text.replace("answer: 'yes'", "answer: 'no'", 1), encoding="utf-8")
    commit(root, "Item 1 after the authors' reply")
    assert short(root) == [("consensus", 1, "yes", "no", "Item 1 after the authors' reply")]


def test_a_checkout_below_the_root_of_the_repository(tmp_path: Path) -> None:
    folder = small_checkout(tmp_path / "review")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "Start")
    ratings.new_rating(folder, PAPER, "jane", "human")
    answer(folder, 5, "yes")
    commit(tmp_path, "Rating")
    answer(folder, 5, "no")
    commit(tmp_path, "Change")
    assert short(folder) == [("jane", 5, "yes", "no", "Change")]


def test_no_history_cut_history_and_no_git(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = small_checkout(tmp_path / "empty")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(UsageError, match="git rev-parse failed"):
        ledger(empty, PAPER)
    git(empty, "init", "-q")
    assert ledger(empty, PAPER) == []
    answer_file = root / "note.txt"
    answer_file.write_text("x")
    commit(root, "Second")
    git(tmp_path, "clone", "-q", "--depth", "1", root.as_uri(), "shallow")
    with pytest.raises(UsageError, match="git fetch --unshallow"):
        ledger(tmp_path / "shallow", PAPER)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        ledger(root, PAPER)
    with pytest.raises(UsageError, match="the id of the paper"):
        ledger(root, "../x")


def test_page_of_the_paper_shows_the_changes_escaped(root: Path) -> None:
    ratings.new_rating(root, PAPER, "jane", "human")
    answer(root, 5, "yes")
    commit(root, "Rating", when="2024-02-01T10:00:00+01:00")
    answer(root, 5, "no")
    commit(root, "<script>alert(1)</script> Table 1", who="Jane & Co", when="2024-03-01T10:00:00+01:00")
    kept.cache_clear()
    found = kept(root)
    assert [(c.item, c.before, c.after) for c in found[PAPER]] == [(5, "yes", "no")]
    kept.cache_clear()
    assert kept(root) == found  # from the file in _build
    page = BeautifulSoup(paperpages.body(repository.load(root), PAPER), "html.parser")
    cells = [cell.get_text() for cell in page.select("#changes + .dlrrc-table td, div#changes td")]
    assert cells[-7:] == ["2024-03-01", "5", "jane", "yes", "no", "<script>alert(1)</script> Table 1", "Jane & Co"]
    assert page.find("script") is None
    answer(root, 6, "yes")
    commit(root, "One more answer", when="2024-04-01T10:00:00+01:00")
    answer(root, 6, "no")
    commit(root, "Item 6", when="2024-05-01T10:00:00+01:00")
    kept.cache_clear()
    assert [c.item for c in kept(root)[PAPER]] == [5, 6]


def test_without_git_a_page_has_no_changes(tmp_path: Path) -> None:
    folder = small_checkout(tmp_path / "download")
    assert kept(folder) == {}
    assert "Changes of answers" not in paperpages.body(repository.load(folder), PAPER)
