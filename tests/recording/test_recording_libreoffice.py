"""The workbook's formulas, computed by LibreOffice, against the library's scores."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from openpyxl import load_workbook
from recordkit import random_rating, recalculated

from dlrrc_core.recording import workbook, workbook_read
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score

RATINGS = 200


@pytest.mark.slow
def test_200_ratings_keep_answers_and_totals_through_libreoffice(tmp_path: Path, repo: Repository) -> None:
    # Peer: LibreOffice Calc computes the formulas. All parts agree exactly, totals and bounds within 5e-14 points, which is
    # rounding of quotients where items are not applicable (LibreOffice 7.4.7.2; 83 of the 200 ratings are complete).
    checklist = repo.checklist
    ratings = [random_rating(seed, checklist) for seed in range(RATINGS)]
    files = [tmp_path / f"rating-{i}.xlsx" for i in range(RATINGS)]
    for file, rating in zip(files, ratings, strict=True):
        file.write_bytes(workbook.workbook(rating, checklist, "Zuo - 2021"))
    out = tmp_path / "out"
    out.mkdir()
    complete, worst = 0, 0.0
    for file, rating in zip(recalculated(files, out), ratings, strict=True):
        answers, evidence = workbook_read.answers(file, checklist)
        assert evidence
        assert answers == rating.answers
        expected = score({number: answer.answer for number, answer in rating.answers.items()}, checklist)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LibreOffice writes decorations that openpyxl does not keep
            sheet = load_workbook(file, data_only=True)["DLRRC"]
        parts = [sheet[f"C{row}"].value for row in range(40, 45)]
        assert parts == [workbook.OPEN_TEXT if value is None else value for value in expected.parts.values()]
        if expected.points is None:
            assert sheet["C45"].value == workbook.OPEN_TEXT
        else:
            complete += 1
            worst = max(worst, abs(sheet["C45"].value - expected.points))
        worst = max(worst, *(abs(sheet[f"{c}45"].value - e) for c, e in zip("DE", expected.interval, strict=True)))
    assert worst < 1e-12
    assert complete > RATINGS / 5  # the draw holds many complete ratings, and many with open items
    assert complete < RATINGS
