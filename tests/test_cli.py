"""The command line in processes of its own: documented shapes, formats that agree with each other, no NaN, any folder of the checkout."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, dlrrc

from dlrrc_core.repository import Repository


def no_constant(name: str) -> None:
    """Fail on NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} in JSON")


@pytest.fixture(scope="module")
def scores() -> list[dict]:
    """Return the ratings of ``dlrrc score --format json``."""
    result = dlrrc("score", "--basis", "machine", "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_constant=no_constant)["ratings"]


# design of the command line: keys and types that outside checks rely on; more keys are welcome
SHAPE = {
    "paper": str,
    "rater": str,
    "kind": str,
    "status": str,
    "units": int,
    "points": float,
    "interval": list,
    "parts": dict,
}


def test_every_rating_has_the_documented_shape(scores: list[dict]) -> None:
    assert len(scores) >= 62
    for rating in scores:
        assert {key: type(rating[key]) for key in SHAPE} == SHAPE
        assert list(rating["parts"]) == ["I", "II", "III", "IV", "V"]
        assert rating["interval"] == [rating["points"]] * 2
        assert rating["points"] == rating["units"] * 2.5 == sum(rating["parts"].values())
        assert sum(rating["item_units"].values()) == rating["units"]


def test_csv_and_json_agree(scores: list[dict]) -> None:
    rows = list(csv.DictReader(io.StringIO(dlrrc("score", "--basis", "machine", "--format", "csv").stdout)))
    assert [(row["paper"], row["rater"]) for row in rows] == [(rating["paper"], rating["rater"]) for rating in scores]
    for row, rating in zip(rows, scores, strict=True):
        assert (int(row["units"]), float(row["points"]), float(row["part_V"])) == (
            rating["units"],
            rating["points"],
            rating["parts"]["V"],
        )
        assert [int(row[f"item_{n}"]) for n in range(1, 32)] == list(rating["item_units"].values())


def test_one_paper_from_a_folder_below_the_root() -> None:
    # hand count: 62.5 points by both raters
    result = dlrrc("score", "--paper", "zuo2021", cwd=ROOT / "data/papers/zuo2021")
    assert (result.returncode, result.stderr) == (0, "")
    assert [line.split()[:5] for line in result.stdout.splitlines()[1:]] == [
        ["zuo2021", "machine-a", "machine", "complete", "62.5"],
        ["zuo2021", "machine-b", "machine", "complete", "62.5"],
    ]


@pytest.mark.parametrize("field", ["rcc", "brain-tumour-mri"])
def test_statistics_are_json_without_nan_and_the_table_holds_the_same(field: str, repo: Repository) -> None:
    found = json.loads(dlrrc("stats", "--field", field, "--format", "json").stdout, parse_constant=no_constant)
    assert (found["field"], found["papers"]) == (field, len(repo.select(field=field)))
    if field == "rcc":
        return
    table = dict(line.split("\t") for line in dlrrc("stats", "--field", field).stdout.splitlines())
    assert float(table["groups.mean.total.mean"]) == found["groups"]["mean"]["total"]["mean"]
    assert table["groups.mean.correlations.year.n"] == str(found["groups"]["mean"]["correlations"]["year"]["n"])


def test_basis_without_any_rating_is_empty_not_an_error(checkout: Path) -> None:
    for path in (checkout / "data/papers").glob("*/ratings/*.yaml"):
        path.unlink()
    result = dlrrc("score", "--format", "json", cwd=checkout)
    assert (result.returncode, json.loads(result.stdout)["ratings"]) == (0, [])


def test_draft_has_an_interval_and_no_points(checkout: Path) -> None:
    # zuo2021, machine-a: 62.5 points; item 1 answered yes (2.5 points) is taken out, so 60 to 62.5 are left
    path = checkout / "data/papers/zuo2021/ratings/machine-a.yaml"
    text = (
        path.read_text(encoding="utf-8")
        .replace("status: complete", "status: draft", 1)
        .replace("answer: 'yes'", "answer: null", 1)
    )
    path.write_text(text, encoding="utf-8")
    rating = json.loads(dlrrc("score", "--paper", "zuo2021", "--format", "json", cwd=checkout).stdout)["ratings"][0]
    assert (rating["status"], rating["units"], rating["points"], rating["interval"]) == (
        "draft",
        None,
        None,
        [60.0, 62.5],
    )
    assert (rating["parts"]["I"], rating["item_units"]["1"], rating["n_open"], rating["acceptable"]) == (
        None,
        None,
        1,
        True,
    )


def test_validate_counts_the_records_of_a_named_checkout(tmp_path: Path) -> None:
    result = dlrrc("validate", str(ROOT), cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    papers, ratings, fields = (int(number) for number in re.findall(r"\d+", result.stdout.splitlines()[-1])[:3])
    assert papers == len(list((ROOT / "data/papers").glob("*/paper.yaml")))
    assert ratings == len(
        list((ROOT / "data/papers").glob("*/ratings/*.yaml")) + list((ROOT / "data/papers").glob("*/consensus.yaml"))
    )
    assert fields == len(list((ROOT / "data/fields").glob("*/field.yaml")))


@pytest.mark.parametrize("words", [("stats",), ("score", "--format", "xml")])
def test_wrong_words_have_status_2_and_write_nothing_to_stdout(words: tuple[str, ...]) -> None:
    result = dlrrc(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert result.stderr
