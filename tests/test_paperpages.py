"""The page of every rated paper shows the points, answers and evidence of the files, counted again without dlrrc_core."""

from __future__ import annotations

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT
from test_scoring import FIRST_31, PARTS, TABLE_2, answers_on_disk

from dlrrc_core import paperpages
from dlrrc_core.repository import Repository

# pages that show the two machine raters and nobody else
RATED = [paper for paper in FIRST_31 if len(list((ROOT / f"data/papers/{paper}").rglob("*.yaml"))) == 3]


def rows(soup: BeautifulSoup, table: str) -> list[dict[str, str]]:
    """Return the rows of a table by head cell; a repeated head gets a number."""
    heads = [th.get_text() for th in soup.select(f"#{table} thead th")]
    names = [head if head not in heads[:i] else f"{head} {heads[:i].count(head) + 1}" for i, head in enumerate(heads)]
    return [
        dict(zip(names, [td.get_text() for td in tr.select("td")], strict=True))
        for tr in soup.select(f"#{table} tbody tr")
    ]


def page(repo: Repository, paper: str) -> BeautifulSoup:
    """Return the parsed page of a paper."""
    return BeautifulSoup(paperpages.body(repo, paper), "html.parser")


@pytest.mark.parametrize("paper", RATED)
def test_points_and_answers_are_those_of_the_files(repo: Repository, paper: str) -> None:
    soup = page(repo, paper)
    by_rater = {row["Rater"]: row for row in rows(soup, "score-table")}
    answers = {rater: given for (name, rater), given in answers_on_disk().items() if name == paper}
    assert list(by_rater) == list(answers)
    for rater, given in answers.items():
        points = {item: TABLE_2[item][code] for item, code in given.items()}
        assert by_rater[rater]["Points"] == f"{sum(points.values()):.1f}"
        for part, items in PARTS.items():
            assert by_rater[rater][f"Part {part}"] == f"{sum(points[i] for i in items):.1f}"
        assert by_rater[rater]["Acceptable"] == ("yes" if sum(points.values()) >= 50 else "no")
        openness = [by_rater[rater][name] for name in ("Open code", "Open data", "Open weights")]
        assert openness == ["yes" if given[i] in ("full", "accessible") else "no" for i in (29, 30, 31)]
    same = sum(len({given[item] for given in answers.values()}) == 1 for item in TABLE_2)
    assert f"give the same answer to {same} of 31 items" in soup.get_text(" ")
    assert sum(row["Raters"] == "agree" for row in rows(soup, "items-table")) == same


@pytest.mark.parametrize("paper", ["zuo2021", "xi2020", "islam2022"])
def test_evidence_and_place_of_every_answer_are_on_the_page(repo: Repository, paper: str) -> None:
    shown = rows(page(repo, paper), "items-table")
    for rater in ("machine-a", "machine-b"):
        text = (ROOT / f"data/papers/{paper}/ratings/{rater}.yaml").read_text(encoding="utf-8")
        for (item, answer), row in zip(yaml.safe_load(text)["answers"].items(), shown, strict=True):
            assert row["Item"] == str(item)
            assert answer["evidence"] in row[f"Evidence, {rater}"]
            assert f"[{answer['where']}] Confidence: {answer['confidence']}." in row[f"Evidence, {rater}"]


def test_what_would_raise_the_score_adds_up(repo: Repository) -> None:
    for paper in RATED[:5]:
        soup = page(repo, paper)
        for row in rows(soup, "score-table"):
            missing = sum(float(line[f"Still to be had, {row['Rater']}"]) for line in rows(soup, "raise-table"))
            assert missing == 100 - float(row["Points"])
