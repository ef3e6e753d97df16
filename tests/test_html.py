"""Tables, figures and paper pages: nothing from a record reaches a page unescaped, and output is the same every time."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup

from dlrrc_core import figures, paperpages, tables
from dlrrc_core.records import Answer, Artefact, Artefacts, Modality, Paper, PrintedResult, Rating, Source, Study
from dlrrc_core.repository import Repository
from dlrrc_core.tables import Cell, Column, Html, Numbers

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "[x](javascript:alert(1))",
    "```{raw} html\n<b>",
]


def test_cells_and_captions_are_escaped() -> None:
    for text in HOSTILE:
        html = tables.table([Column(text)], [[Cell(text, sort=text, badge="own")]], text, "t").html
        soup = BeautifulSoup(html, "html.parser")
        assert soup.find(["script", "img"]) is None
        assert soup.select_one("td").get_text() == text
        assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x", "JAVASCRIPT:alert(1)", " javascript:x"],
)
def test_links_that_could_run_are_not_written(href: str) -> None:
    assert "<a " not in Cell("x", href=href).html()


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="a row has 2 cells; allowed: 1"):
        tables.table([Column("a")], [["1", "2"]], "c", "t")


def test_numbers_carry_path_and_format() -> None:
    n = Numbers({"a": {"b": [1.25, None]}})
    assert n("a.b.0", ".1f") == '<span data-stat="a.b.0" data-format=".1f">1.2</span>'
    assert tables.NOTHING in n("a.b.1")
    assert n.interval_cell("a.b").text == tables.NOTHING


def _bars() -> Html:
    figure, axes = figures.canvas()
    axes.bar([1, 2], [3, 4], label="x")
    figures.legend(axes)
    return figures.static(figure, "f1", 'Alt with "quotes" & <signs>', "Caption", Html("<table></table>"))


def test_static_figure_is_the_same_twice_and_follows_the_page() -> None:
    html = _bars().html
    assert html == _bars().html
    svg = BeautifulSoup(html, "html.parser").find("svg")
    assert svg["aria-label"] == 'Alt with "quotes" & <signs>'
    assert svg["role"] == "img"
    assert "currentColor" in html
    assert figures.INK not in html
    assert all(found.startswith("f1") for found in re.findall(r'\bid="([^"]+)"', html))
    assert all(found.startswith("f1-") for found in re.findall(r"url\(#([^)]+)\)", html))


def test_interactive_figure_is_inert_data() -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[2], text=["</script><script>alert(1)</script>"]))
    html = figures.interactive(figure, "f2", "Alt", "Caption", Html("<table></table>")).html
    scripts = BeautifulSoup(html, "html.parser").find_all("script")
    assert [script["type"] for script in scripts] == ["application/json"]
    assert json.loads(scripts[0].string)["data"][0]["text"] == ["</script><script>alert(1)</script>"]


def hostile_repository(repo: Repository, text: str) -> Repository:
    """Return the records with one paper that holds a text in every free field."""
    study = Study(
        task="other", task_detail=text, target=text, modality=Modality(type=text, phases=text), cohort_note=text, centres=text,
        class_counts={text: text}, split=text, cross_validation=text, models=(text,), datasets=(text,),
    )  # fmt: skip
    artefact = Artefact(status="open", url=None, version=text, licence=text, note=text)
    record = Paper(
        id="hostile", title=text, authors=(text,), authors_complete=False, year=2020, journal=text, volume=text, issue=text, pages=text,
        evidence_level=text, study=study, notices=(text,), doubts=(text,), sources=(Source(where=text, gave=text),),
        results=(PrintedResult(split=text, data=text, model=text, level=text, subset=text, where=text, note=text, values={text: text}),),
        compute={text: text}, software={text: {text: text}}, hyperparameters={text: text},
        artefacts=Artefacts(code=artefact, data=artefact, weights=artefact),
    )  # fmt: skip
    answer = Answer(answer="no", evidence=text, where=text, confidence="low")
    rating = Rating(
        paper="hostile", rater="machine-a", kind="machine", checklist="dlrrc-1.0", read="full text", blinded=True, status="complete",
        answers={number: answer for number in repo.checklist.items if "no" in repo.checklist.units[number]},
    )  # fmt: skip
    return replace(repo, papers={"hostile": record}, ratings=(rating,), published={})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_of_a_record_stays_text(repo: Repository, text: str) -> None:
    changed = hostile_repository(repo, text)
    soup = BeautifulSoup(paperpages.body(changed, "hostile"), "html.parser")
    assert soup.find(["script", "img", "b"]) is None
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert [tag["href"] for tag in soup.select("a[href]")] == []
    assert text in soup.get_text()


def test_page_of_every_paper_holds_every_answer_and_every_printed_value(repo: Repository) -> None:
    for paper, record in repo.papers.items():
        soup = BeautifulSoup(paperpages.body(repo, paper), "html.parser")
        if repo.ratings_of[paper]:
            rows = soup.select("#items-table tbody tr")
            assert len(rows) == len(repo.checklist.items)
        else:
            assert "has not been rated yet" in soup.get_text()
        shown = {cell.get_text() for cell in soup.select("#results-table td")}
        assert {value for row in record.results for value in row.values.values()} <= shown
