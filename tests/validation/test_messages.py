"""Messages about hostile values: one line, bounded, and the same order whatever the value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrrc_core.problems import MAX_CHARACTERS, DataError, Problem, visible
from dlrrc_core.text_files import is_linked, read_text
from dlrrc_core.validation import Finding, Report

LINE_ENDS = {*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u200b"}


@given(st.text(st.characters(codec=None), max_size=50) | st.text(sorted(LINE_ENDS), max_size=9))
def test_every_text_is_shown_as_one_line_that_any_log_can_hold(text: str) -> None:
    shown = visible(text)
    assert not LINE_ENDS & set(shown)
    assert len(f"x{shown}y".splitlines()) == 1
    shown.encode("utf-8")  # no lone surrogate
    plain = [sign for sign in text if sign.isprintable()]
    assert all(sign in shown for sign in plain)


def test_long_values_are_cut() -> None:
    problem = Problem("f.yaml", 1, 1, "x" * 10**6, "y", "", "DLRRC-ITEM-003", "z" * 10**6)
    assert len(str(problem)) < MAX_CHARACTERS + 100
    assert str(problem).endswith("... (1000000 characters); allowed: y")
    assert len(json.dumps(Finding(problem).as_data())) < MAX_CHARACTERS + 600


def test_value_is_no_part_of_what_makes_two_problems_the_same() -> None:
    one, other = (Problem("f", 1, 1, "a", "b", "", "R", value) for value in (None, "x"))
    assert one == other
    assert len({one, other}) == 1
    assert sorted([other, one]) == [one, other]
    assert str(DataError([one])) == "f:1:1: a; allowed: b"  # rule and value are for programs


def test_counts_of_a_report() -> None:
    rules = ("DLRRC-ITEM-003", "DLRRC-ITEM-003", "DLRRC-PAPER-004", "DLRRC-DATE-004")
    report = Report(
        tuple(Finding(Problem("f", i, 1, "a", "b", "", rule)) for i, rule in enumerate(rules)), {"papers": 4}
    )
    assert (report.errors, report.count("warning"), report.count("info")) == (2, 1, 1)
    assert report.by_rule == {"DLRRC-PAPER-004": 1, "DLRRC-DATE-004": 1, "DLRRC-ITEM-003": 2}
    assert [finding.problem.line for finding in report.at_least("warning")] == [0, 1, 2]
    assert report.summary() == "4 papers: 2 errors, 1 warning, 1 note"
    assert Report((), {"papers": 1}).summary() == "1 papers: no problem"


def test_link_in_any_folder_above_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.yaml").write_text("secret", encoding="utf-8")
    (tmp_path / "root/in").mkdir(parents=True)
    (tmp_path / "root/in/linked").symlink_to(tmp_path / "real")
    (tmp_path / "root/in/a.yaml").symlink_to("../../real/a.yaml")
    for name in ("in/linked/a.yaml", "in/a.yaml"):
        assert is_linked(tmp_path / "root" / name, tmp_path / "root")
        with pytest.raises(DataError, match="a link; allowed: a file of its own") as caught:
            read_text(tmp_path / "root" / name, tmp_path / "root")
        assert "secret" not in str(caught.value)
    # a link above the root is the business of whoever made the checkout
    (tmp_path / "way").symlink_to(tmp_path / "real")
    assert read_text(tmp_path / "way/a.yaml", tmp_path / "way") == "secret"
