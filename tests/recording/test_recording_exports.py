"""Exports of a field: every paper once per rating, and no cell that a spreadsheet computes."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from conftest import dlrrc
from hypothesis import given, settings
from hypothesis import strategies as st
from pybtex.database import parse_string

from dlrrc_core.problems import UsageError
from dlrrc_core.recording import exports
from dlrrc_core.repository import Repository


def test_csv_holds_every_paper_of_the_field(repo: Repository) -> None:
    result = dlrrc("export", "--field", "rcc")
    assert (result.returncode, result.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(dict.fromkeys(row["paper"] for row in rows)) == repo.select("rcc")
    for row in rows:
        paper = repo.papers[row["paper"]]
        assert row["title"].removeprefix("'") == paper.title
        assert row["doi"] == (paper.doi or "")
    # hand count: 62.5 points by both raters
    points = [row["points"] for row in rows if row["paper"] == "zuo2021" and row["kind"] == "machine"]
    assert set(points) <= {"62.5"}


def test_bibtex_and_ris_hold_the_same_papers(repo: Repository) -> None:
    entries = parse_string(dlrrc("export", "--field", "rcc", "--format", "bibtex").stdout, "bibtex").entries
    ris = dlrrc("export", "--field", "rcc", "--format", "ris").stdout
    ids = [line.removeprefix("ID  - ") for line in ris.splitlines() if line.startswith("ID  - ")]
    assert list(entries) == ids == repo.select("rcc")


def test_unknown_field_and_format(repo: Repository) -> None:
    result = dlrrc("export", "--field", "rc")
    assert (result.returncode, result.stdout) == (2, "")
    assert "unknown field 'rc'" in result.stderr
    with pytest.raises(UsageError, match="unknown format 'xls'"):
        exports.export(repo, "rcc", "xls")


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.text(max_size=12) | st.integers(-5, 5) | st.none(), max_size=5))
def test_no_text_cell_begins_like_a_formula(cells: list[object]) -> None:
    # characters of the OWASP page on CSV injection
    table = exports.guarded(pd.DataFrame({"cell": pd.Series(cells, dtype=object)}))
    for before, after in zip(cells, table["cell"], strict=True):
        if isinstance(before, str) and before[:1] in {"=", "+", "-", "@", "\t", "\r"}:
            assert after == "'" + before
        elif before is not None:
            assert after == before


def test_numbers_stay_numbers() -> None:
    table = exports.guarded(pd.DataFrame({"n": [-1.5, 2.0], "text": ["-1.5", "2"]}))
    assert table.to_csv(index=False).splitlines() == ["n,text", "-1.5,'-1.5", "2.0,2"]
