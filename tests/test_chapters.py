"""The chapters on agreement, uncertainty, reconstruction and audit with records that are empty, contradict each other or attack the reader."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup

from dlrrc_core.chapters import agreement, audit, audit_method, reconstruction, reconstruction_figures, uncertainty
from dlrrc_core.tables import Html

HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)> [x](javascript:alert(1))'


def show_all(chapter: Any) -> str:
    """Return everything that a chapter shows when its methods without arguments are called."""
    shown = []
    for name, method in inspect.getmembers(chapter, inspect.ismethod):
        free = [p for p in inspect.signature(method).parameters.values() if p.default is inspect.Parameter.empty]
        if not name.startswith("_") and not free:
            found = method()
            shown.append(found.html if isinstance(found, Html) else str(getattr(found, "data", found)))
    return "\n".join(shown)


def edit(path: Path, change: Any) -> None:
    """Change a YAML file."""
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(yaml.safe_dump(record, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_chapters_without_any_rating(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in checkout.glob("data/papers/*/ratings/*.yaml"):
        path.unlink()
    monkeypatch.chdir(checkout)
    assert "no paper of this field has two ratings" in show_all(agreement.open_chapter("rcc", "any", 100, 1)).lower()
    words = show_all(uncertainty.open_chapter("rcc", "best", 100, 20, 1))
    assert "No paper has a total score yet" in words
    assert "nan" not in words.replace("Pedersen", "").lower().split()


def test_evidence_stays_text(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(record: dict[str, Any]) -> None:
        for number, answer in record["answers"].items():
            answer["evidence"] = HOSTILE
            if number == 1:
                answer["answer"] = "no" if answer["answer"] == "yes" else "yes"

    for path in checkout.glob("data/papers/*/ratings/machine-a.yaml"):
        edit(path, spoil)
    edit(
        checkout / "data/papers/zuo2021/paper.yaml",
        lambda record: record["results"][0].update(where=HOSTILE, model=HOSTILE, values={"accuracy": HOSTILE[:100]}),
    )
    monkeypatch.chdir(checkout)
    for html in (show_all(agreement.open_chapter("rcc", "any", 100, 1)), show_all(audit.open_chapter("rcc"))):
        soup = BeautifulSoup(html, "html.parser")
        assert soup.find("img") is None
        assert {tag.get("type") for tag in soup.find_all("script")} <= {"application/json"}
        assert not [a for a in soup.find_all("a") if "javascript" in a.get("href", "")]
        assert "alert(1)" in soup.get_text()


def test_disputed_items_show_both_evidences_and_what_the_guidance_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    chapter = agreement.open_chapter("rcc", "any", 100, 1)
    soup = BeautifulSoup(chapter.disputed_items().html, "html.parser")
    blocks = soup.select("details.dlrrc-disputed")
    assert len(blocks) == agreement.SHOWN
    for number, block in zip(chapter.disputed(), blocks, strict=True):
        assert chapter.repo.checklist.items[number].guidance in block.get_text()
        assert chapter.repo.questions[number].text in block.get_text()
        for row in block.select("tbody tr"):
            paper, *answers = (cell.get_text() for cell in row.find_all("td"))
            ratings = {r.rater: r.answers[number] for r in chapter.repo.ratings_of[paper]}
            assert answers == [f"{a.answer}: {a.evidence}" for _, a in sorted(ratings.items())]
            assert len({a.answer for a in ratings.values()}) > 1


def test_papers_named_by_a_question_are_ones_whose_raters_differ(repo: Any) -> None:
    for number, question in repo.questions.items():
        for paper in question.seen_in:
            assert len({rating.answers[number].answer for rating in repo.ratings_of[paper]}) > 1, (number, paper)


def test_reconstruction_of_numbers_that_contradict_each_other(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """14 of the 15 printed items and three parts leave at most 82 % for the total, so 95 % cannot be."""
    edit(checkout / "data/fields/rcc/published.yaml", lambda record: record["total"].update(percent="95.0"))
    monkeypatch.chdir(checkout)
    chapter = reconstruction.open_chapter("rcc", 8, 1)
    assert not chapter.possible
    assert "cannot all be right together" in chapter.conflict_sentence().data
    assert "total" in chapter.conflict_sentence().data
    for figure in (
        reconstruction_figures.journal,
        reconstruction_figures.year,
        reconstruction_figures.parts,
        reconstruction_figures.items,
    ):
        assert "contradict" in figure(chapter).html
    assert "contradict" in show_all_but_tables(chapter)


def show_all_but_tables(chapter: Any) -> str:
    """Return the cells of the template that are not figures."""
    found = [chapter.banner(), chapter.conflict_sentence(), chapter.journal_year_sentence(), chapter.window_table()]
    found += [
        chapter.open_sentence(),
        chapter.determined_table(),
        chapter.accessible_sentence(),
        chapter.diagnostics_sentence(),
    ]
    return "\n".join(entry.html if isinstance(entry, Html) else entry.data for entry in found)


def test_power_of_the_method_chapter() -> None:
    """No slip is never noticed; exchanged values with the class counts known nearly always."""
    found = audit_method.power(40, 2)
    for n in audit_method.SIZES:
        assert [found["none"][str(n)][known]["percent"] for known in ("split", "only-n")] == [0, 0]
        assert found["exchange"][str(n)]["split"]["percent"] > 80
    assert set(found) == set(audit_method.SLIPS)
