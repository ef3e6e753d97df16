"""The files that readers can take hold every answer and every printed value, in the columns of the data dictionary."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from dlrrc_core import downloads, strict_yaml
from dlrrc_core.fieldstats import field_statistics
from dlrrc_core.repository import Repository


@pytest.fixture(scope="module")
def files(repo: Repository) -> dict[str, str]:
    """Return all files by name."""
    return dict(downloads.files(repo))


@pytest.mark.parametrize("table", ["papers", "ratings", "results"])
def test_columns_are_those_of_the_dictionary(repo: Repository, files: dict[str, str], table: str) -> None:
    dictionary = strict_yaml.load(repo.root / f"data/dictionary/{table}.yaml", repo.root).data
    frame = pd.read_csv(io.StringIO(files[f"{table}.csv"]), dtype=str)
    assert list(frame.columns) == [entry["column"] for entry in dictionary]
    assert all(entry["long_name"] for entry in dictionary)


def test_ratings_hold_every_answer(repo: Repository, files: dict[str, str]) -> None:
    frame = pd.read_csv(io.StringIO(files["ratings.csv"]), dtype={"answer": str}, keep_default_na=False)
    assert len(frame) == sum(len(rating.answers) for rating in repo.ratings)
    assert frame[(frame["paper"] == "zuo2021") & (frame["rater"] == "machine-a")]["points"].astype(float).sum() == 62.5


def test_results_hold_every_printed_value(repo: Repository, files: dict[str, str]) -> None:
    frame = pd.read_csv(io.StringIO(files["results.csv"]), dtype=str, keep_default_na=False)
    wanted = [value for record in repo.papers.values() for row in record.results for value in row.values.values()]
    assert list(frame["value"]) == wanted


def test_statistics_are_those_of_the_command_line(repo: Repository, files: dict[str, str]) -> None:
    for field in repo.fields:
        assert json.loads(files[f"{field}-statistics.json"]) == field_statistics(repo, field)
