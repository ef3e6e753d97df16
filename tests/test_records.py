"""The records in this repository are complete and agree with the bibliography."""

from __future__ import annotations

import csv

from conftest import ROOT
from pybtex.database import parse_string

from dlrrc_core.recording.bibliography import bibliography
from dlrrc_core.repository import Repository


def test_numbers_of_records(repo: Repository) -> None:
    assert len(repo.papers) >= 59
    assert sum(len(ratings) >= 2 for ratings in repo.ratings_of.values()) >= 31
    assert sum(p.seed_review is not None and p.seed_review.included for p in repo.papers.values()) == 22
    assert {"milecki2023", "singla2022"} <= {name for name, p in repo.papers.items() if p.practice}
    assert all(not p.fields for p in repo.papers.values() if p.practice)
    assert next(iter(repo.fields)) == "rcc"
    assert "brain-tumour-mri" in repo.fields


def test_seed_papers_are_its_references_29_to_34_and_66_to_81(repo: Repository) -> None:
    references = sorted(
        p.seed_review.reference for p in repo.papers.values() if p.seed_review is not None and p.seed_review.included
    )
    assert references == [*range(29, 35), *range(66, 82)]


def test_every_machine_rating_is_labelled_blinded_and_has_evidence(repo: Repository) -> None:
    for rating in (rating for rating in repo.ratings if rating.kind == "machine"):
        assert (rating.blinded, rating.status) == (True, "complete")
        assert all(answer.evidence and answer.where and answer.confidence for answer in rating.answers.values())


def test_bibliography_has_every_paper_with_the_same_year_and_doi(repo: Repository) -> None:
    entries = parse_string(bibliography(repo), "bibtex").entries
    for name, paper in repo.papers.items():
        fields = entries[name].fields
        assert fields.get("year") == (None if paper.year is None else str(paper.year)), name
        assert fields.get("doi") == paper.doi, name


def test_crosswalk_answers_for_every_item_and_instrument() -> None:
    with (ROOT / "data/checklist/crosswalk.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    pairs = {(int(row["dlrrc_item"]), row["instrument"]) for row in rows}
    assert pairs == {(item, name) for item in range(1, 32) for name in ("CLAIM", "CLEAR", "METRICS", "RQS 2.0")}
    assert {row["relation"] for row in rows} <= {"same", "partly", "none"}
    assert all(row["source"] for row in rows)
    assert all(bool(row["instrument_item"]) == (row["relation"] != "none") for row in rows)


def test_no_record_holds_an_e_mail_address() -> None:
    for path in (ROOT / "data").rglob("*.yaml"):
        assert "@" not in path.read_text(encoding="utf-8"), path
