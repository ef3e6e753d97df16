"""The data of the rating form: complete, taken from the records, and harmless inside a page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from dlrrc_core import rating_form_data, scoring
from dlrrc_core.recording import workbook
from dlrrc_core.repository import Repository

ROOT = Path(__file__).parents[1]


def test_every_item_has_its_options_guidance_and_units(repo: Repository) -> None:
    parts = rating_form_data.checklist_data(repo)["parts"]
    items = [item for part in parts for item in part["items"]]
    assert [item["id"] for item in items] == list(range(1, 32))  # Zuo et al. (2023), Table 2: 31 items
    assert all(item["asks"] and item["guidance"] and len(item["options"]) >= 2 for item in items)
    best = [max(option["units"] for option in item["options"]) for item in items]
    assert 2.5 * sum(best) == 100  # Table 2: 100 points
    assert [part["points"] for part in parts] == [10, 27.5, 10, 27.5, 25]  # Table 2
    asked = {item["id"] for item in items if item["open"]}
    assert asked == set(repo.questions)


def test_distribution_agrees_with_a_count_by_hand(repo: Repository) -> None:
    # mean points of a paper over its raters, from the function that reads like the checklist; median by sorting
    found = rating_form_data.distribution(repo, "rcc")
    papers = [repo.ratings_of[paper] for paper in repo.select(field="rcc") if repo.ratings_of[paper]]
    means = []
    for ratings in papers:
        scores = [scoring.score({n: a.answer for n, a in r.answers.items()}, repo.checklist).points for r in ratings]
        assert None not in scores
        means.append(sum(float(s or 0) for s in scores) / len(scores))
    means.sort()
    middle = (means[(len(means) - 1) // 2] + means[len(means) // 2]) / 2
    lowest, _, median, _, highest = found["percent"]["total"]
    assert (lowest, median, highest) == pytest.approx((means[0], middle, means[-1]), abs=1e-3)  # rounded to 4 places
    assert found["n"] == len(papers)


def test_a_field_without_ratings_has_no_distribution(repo: Repository) -> None:
    found = rating_form_data.distribution(replace(repo, ratings=()), "rcc")
    assert (found["n"], found["percent"]) == (0, {})


def test_workbook_has_formulas_and_no_answer(repo: Repository) -> None:
    found = rating_form_data.workbook_data(repo.checklist)
    first = {reference: (kind, value) for reference, kind, value, _ in found["sheets"][0]["cells"]}
    items, _, totals = workbook.rows(repo.checklist)
    assert not [reference for reference in first if reference[0] in "CDEF" and int(reference[1:]) in items.values()]
    assert all(first[f"C{totals + i}"][0] == "f" for i in range(6))  # five parts and the total
    assert found["heading"] not in first
    assert len(found["sheets"][0]["choices"]) == 31
    assert found["rows"] == items


def test_stored_ratings_are_only_those_of_practice_papers(repo: Repository) -> None:
    found = rating_form_data.form_data(repo)["practice"]
    assert {"milecki2023", "singla2022"} <= set(found)
    assert all(repo.papers[paper].practice for paper in found)
    for paper, stored in found.items():
        assert {one["rater"] for one in stored} == {rating.rater for rating in repo.ratings_of[paper]}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("title: a\n", None),
        ("repository: {url: 'https://example.org/a/b'}\n", None),
        ("repository: {url: 'javascript:alert(1)'}\n", None),
        ("repository: {url: 'https://github.com/a/b/../../c'}\n", None),
        ("repository: {url: 'https://github.com/a/b.git'}\n", {"url": "https://github.com/a/b", "branch": "main"}),
        (
            "repository: {url: 'https://github.com/a/b/', branch: trunk}\n",
            {"url": "https://github.com/a/b", "branch": "trunk"},
        ),
        ("- a list\n", None),
    ],
)
def test_only_an_address_on_github_makes_a_link(tmp_path: Path, config: str, expected: dict[str, str] | None) -> None:
    (tmp_path / "_config.yml").write_text(config, encoding="utf-8")
    assert rating_form_data.address(tmp_path) == expected


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>"])
def test_hostile_records_stay_data(repo: Repository, text: str) -> None:
    paper = repo.papers["singla2022"].model_copy(update={"title": text, "authors": (text,)})
    changed = replace(repo, papers={**repo.papers, "singla2022": paper})
    soup = BeautifulSoup(rating_form_data.form(changed).html, "html.parser")
    scripts = soup.find_all("script")
    assert [script.get("src") is None for script in scripts] == [True] + [False] * len(rating_form_data.SCRIPTS)
    assert soup.find("img") is None
    data = json.loads(scripts[0].string)
    assert text in next(one["label"] for one in data["papers"] if one["id"] == "singla2022")


def test_every_script_is_there() -> None:
    for name in rating_form_data.SCRIPTS:
        script = (ROOT / "book/_static" / f"{name}.js").read_text(encoding="utf-8")
        assert not [way for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(") if way in script]
