"""What the rating form of the book needs: checklist, scores of the fields, workbook and practice set, as data for its scripts.

Nothing is written twice: points and words come from the checklist file, the cells and formulas of the workbook from
:mod:`dlrrc_core.recording.workbook`, limits from the models of the records. The scripts ``book/_static/rating-*.js`` do the rest.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import yaml
from openpyxl import load_workbook

from dlrrc_core.checklist import SPECIAL_CODES, Checklist
from dlrrc_core.recording import ratings, workbook
from dlrrc_core.records import Identifier, Rating, Text
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score_papers
from dlrrc_core.tables import Html, inert
from dlrrc_core.unittables import MEAN, points_percent, unit_tables

SCRIPTS = (
    "rating-data",
    "rating-score",
    "rating-yaml",
    "rating-xlsx",
    "rating-store",
    "rating-head",
    "rating-panel",
    "rating-home",
    "rating-take",
    "rating-form",
)  # each needs those before it
HEADING = "C2"  # of the workbook: author and year of the paper
LINK_BYTES = 8000  # GitHub answers "URI too long" a little above
CONFIDENCES = ("high", "medium", "low")
GITHUB = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
MEANINGS = {
    "unclear": "the paper leaves it open, or you cannot decide",
    "not-applicable": "the question makes no sense for this paper",
}


def form_data(repo: Repository) -> dict[str, Any]:
    """Return everything that the scripts of the form share with the library.

    Parameters
    ----------
    repo : Repository
        All records.

    Returns
    -------
    dict
        ``checklist`` (parts with items and options), ``special`` (answers of every item), ``head`` (allowed values and notes of a
        rating's other keys), ``limits``, ``papers``, ``fields`` (distribution of the scores), ``workbook``, ``practice`` (stored
        ratings of the practice papers) and ``repository`` (address and branch, or None).
    """
    return {
        "checklist": checklist_data(repo),
        "special": [
            {"code": code, "label": repo.checklist.label(1, code), "meaning": MEANINGS[code]} for code in SPECIAL_CODES
        ],
        "head": {"kinds": ratings.KINDS, "read": ratings.READ, "confidences": CONFIDENCES, "notes": ratings.HEAD_NOTES},
        "limits": {
            "id": get_args(Identifier)[1].pattern,
            "text": get_args(Text)[1].max_length,
            "link": LINK_BYTES,
        },
        "papers": [
            {
                "id": name,
                "heading": f"{paper.first_author} - {paper.year if paper.year is not None else 'no date'}",
                "label": f"{paper.first_author} {paper.year or ''}".strip() + f": {paper.title}",
                "fields": paper.fields,
                "practice": paper.practice,
            }
            for name, paper in repo.papers.items()
        ],
        "fields": [
            {"id": name, "title": info.short_title, **distribution(repo, name)} for name, info in repo.fields.items()
        ],
        "workbook": workbook_data(repo.checklist),
        "practice": {
            name: [_stored(rating, repo) for rating in repo.ratings_of[name] if rating.status == "complete"]
            for name, paper in repo.papers.items()
            if paper.practice
        },
        "repository": address(repo.root),
    }


def checklist_data(repo: Repository) -> dict[str, Any]:
    """Return the checklist in JSON's types: each item with its options, their units, and what its guidance leaves open."""
    checklist = repo.checklist

    def item(number: int) -> dict[str, Any]:
        question = repo.questions.get(number)
        facts = checklist.items[number].model_dump(mode="json")
        words = {key: " ".join(str(facts[key]).split()) for key in ("title", "asks", "guidance")}
        options = [
            {"code": option.code, "label": option.label, "units": checklist.units[number][option.code]}
            for option in checklist.scale(number).options
        ]
        return {"id": number, **words, "open": question.text if question else None, "options": options}

    return {
        **checklist.model_dump(
            mode="json", include={"id", "title", "unit_points", "total_points", "acceptable_points"}
        ),
        **checklist.model_dump(mode="json", include={"accessibility_part", "accessibility_pass_percent"}),
        "open_items": list(checklist.open_items.items()),
        "parts": [
            {"id": part.id, "title": part.title, "points": part.points, "items": [item(i.id) for i in part.items]}
            for part in checklist.parts
        ],
    }


def distribution(repo: Repository, field: str) -> dict[str, Any]:
    """Return how the scores of a field are spread, to show a score beside.

    Parameters
    ----------
    repo : Repository
        All records.
    field : str
        Id of the field.

    Returns
    -------
    dict
        ``n`` (papers), ``kinds`` of the ratings, and ``percent``: by part, and ``total``, the lowest value, the three quartiles and the
        highest value of the percentage of points, each paper with the mean of its raters. ``percent`` has no entry where no paper is
        without open items.

    Notes
    -----
    Quartiles are numpy's default (linear interpolation between order statistics, type 7 of Hyndman and Fan 1996).
    """
    scores = score_papers(repo, repo.select(field=field))
    table = unit_tables(scores, repo.checklist)[MEAN]
    best = pd.Series(repo.checklist.max_units)
    groups: dict[str, list[int]] = {"total": list(repo.checklist.items)}
    groups |= {part.id: [item.id for item in part.items] for part in repo.checklist.parts}
    percent = {}
    for name, numbers in groups.items():
        values = points_percent(table.units[numbers], ~table.outside[numbers], best[numbers]).dropna().to_numpy(float)
        if values.size:
            percent[name] = [round(float(x), 4) for x in np.quantile(values, (0, 0.25, 0.5, 0.75, 1))]
    return {"n": len(table.units), "kinds": sorted(scores["kind"].unique()), "percent": percent}


def workbook_data(checklist: Checklist) -> dict[str, Any]:
    """Return the authors' workbook without answers: what stands in which cell, taken from the workbook that the library writes.

    Parameters
    ----------
    checklist : Checklist
        The instrument.

    Returns
    -------
    dict
        ``sheets`` (name, widths of the columns, ``cells`` as reference, kind ``s``, ``n`` or ``f`` and value, bold or not, and the choices
        offered in cells), ``heading`` (cell for author and year), ``rows`` by item, and ``words`` of the answer codes by item.
    """
    empty = ratings.empty_rating("practice", "nobody", "human", checklist, ratings.READ[0], True)
    book = load_workbook(io.BytesIO(workbook.workbook(empty, checklist, "Author - year")))
    sheets = [
        {
            "name": sheet.title,
            "widths": [sheet.column_dimensions[column].width for column in workbook.WIDTHS] if i == 0 else [],
            "frozen": sheet.freeze_panes,
            "cells": [
                [cell.coordinate, cell.data_type, cell.value, int(bool(cell.font.b))]
                for row in sheet.iter_rows()
                for cell in row
                if cell.value is not None and cell.coordinate != HEADING
            ],
            "choices": [
                [str(choice.sqref), choice.formula1, choice.error] for choice in sheet.data_validations.dataValidation
            ],
        }
        for i, sheet in enumerate(book.worksheets)
    ]
    return {
        "sheets": sheets,
        "heading": HEADING,
        "rows": workbook.rows(checklist)[0],
        "words": {number: workbook.words(checklist, number) for number in checklist.items},
    }


def _stored(rating: Rating, repo: Repository) -> dict[str, Any]:
    """Return a stored rating of a practice paper."""
    name = repo.raters[rating.rater].name if rating.rater in repo.raters else rating.rater
    answers = {number: answer.model_dump(mode="json") for number, answer in rating.answers.items()}
    return {"rater": rating.rater, "name": name, "kind": rating.kind, "answers": answers}


def address(root: Path) -> dict[str, str] | None:
    """Return address and branch of the repository from ``_config.yml``, None where it names none on GitHub.

    Parameters
    ----------
    root : Path
        Root of the checkout.

    Returns
    -------
    dict or None
        ``url`` and ``branch`` (default ``main``), from Jupyter Book's keys ``repository.url`` and ``repository.branch``.
    """
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    named = config.get("repository") if isinstance(config, Mapping) else None
    url = str(named.get("url", "")).rstrip("/").removesuffix(".git") if isinstance(named, Mapping) else ""
    if not isinstance(named, Mapping) or not GITHUB.fullmatch(url):
        return None
    return {"url": url, "branch": str(named.get("branch") or "main")}


def form(repo: Repository) -> Html:
    """Return the place of the form, its data and its scripts.

    Parameters
    ----------
    repo : Repository
        All records.

    Returns
    -------
    Html
        Without JavaScript, a sentence that names the command that does the same.
    """
    scripts = "".join(f'<script defer src="../_static/{name}.js"></script>' for name in SCRIPTS)
    return Html(
        '<div class="dlrrc-rating" id="dlrrc-rating"><p>The form needs JavaScript. Without it, the command '
        "<code>dlrrc new-rating</code> starts the same file for your editor.</p></div>"
        f"{inert(form_data(repo), 'dlrrc-rating-data')}{scripts}"
    )
