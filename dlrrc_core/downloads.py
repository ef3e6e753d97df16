"""Files that readers can take from the book: ratings, papers and printed results as CSV, statistics as JSON.

What each column means stands in ``data/dictionary/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from dlrrc_core import strict_yaml
from dlrrc_core.fieldstats import field_statistics
from dlrrc_core.repository import Repository

FOLDER = "_static/downloads"


def files(repo: Repository) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file.

    Parameters
    ----------
    repo : Repository
        All records.

    Yields
    ------
    tuple of str
        ``papers.csv``, ``ratings.csv``, ``results.csv`` for all papers, ``<field>-statistics.json`` per field, the data dictionary, and the
        tables of the stored runs of the baseline below ``baseline/<run>``.
    """
    yield "papers.csv", papers_table(repo).to_csv(index=False, lineterminator="\n")
    yield "ratings.csv", ratings_table(repo).to_csv(index=False, lineterminator="\n")
    yield "results.csv", results_table(repo).to_csv(index=False, lineterminator="\n")
    for field in repo.fields:
        yield f"{field}-statistics.json", json.dumps(field_statistics(repo, field), indent=1, ensure_ascii=False) + "\n"
    for path in sorted((repo.root / "data/dictionary").glob("*.yaml")):
        yield f"dictionary-{path.name}", path.read_text(encoding="utf-8")
    for path in sorted((repo.root / "data/baseline/runs").glob("*/*.*")):
        if path.suffix in (".csv", ".json"):
            yield f"baseline/{path.parent.name}/{path.name}", path.read_text(encoding="utf-8")


def ratings_table(repo: Repository) -> pd.DataFrame:
    """Return one row per paper, rater and item: answer, units, points, evidence, place and confidence."""
    rows: list[dict[str, Any]] = []
    for rating in repo.ratings:
        for number, answer in rating.answers.items():
            units = repo.checklist.units[number].get(answer.answer) if answer.answer is not None else None
            rows.append(
                {
                    "paper": rating.paper,
                    "rater": rating.rater,
                    "kind": rating.kind,
                    "item": number,
                    "answer": answer.answer,
                    "units": units,
                    "points": None if units is None else units * repo.checklist.unit_points,
                    "evidence": answer.evidence,
                    "where": answer.where,
                    "confidence": answer.confidence,
                }
            )
    return pd.DataFrame(rows, columns=columns(repo, "ratings"))


def papers_table(repo: Repository) -> pd.DataFrame:
    """Return one row per paper: citation, study facts and artefacts; lists are joined by ``; ``, nested facts are JSON."""
    rows = []
    for name, record in repo.papers.items():
        facts = record.model_dump(mode="json")
        study, artefacts, seed = facts.pop("study"), facts.pop("artefacts"), facts.pop("seed_review") or {}
        modality = study.pop("modality")
        row = {"paper": name, **facts, "seed_reference": seed.get("reference"), "seed_included": seed.get("included")}
        row |= {**study, "modality": modality["type"], "phases": modality["phases"]}
        row |= {f"{artefact}_{fact}": value for artefact, found in artefacts.items() for fact, value in found.items()}
        rows.append({column: _flat(row[column]) for column in columns(repo, "papers")})
    return pd.DataFrame(rows, columns=columns(repo, "papers"))


def results_table(repo: Repository) -> pd.DataFrame:
    """Return one row per printed value, exactly as printed; ``row`` counts the printed rows of a paper from 1."""
    rows = [
        {"paper": paper, "row": i, **row.model_dump(exclude={"values"}), "measure": measure, "value": value}
        for paper, record in repo.papers.items()
        for i, row in enumerate(record.results, start=1)
        for measure, value in row.values.items()
    ]
    return pd.DataFrame(rows, columns=columns(repo, "results"))


def columns(repo: Repository, table: str) -> list[str]:
    """Return the columns of a table in the order of its data dictionary."""
    found = strict_yaml.load(repo.root / f"data/dictionary/{table}.yaml", repo.root).data
    return [entry["column"] for entry in found]


def _flat(value: Any) -> Any:
    """Return a value that fits a cell."""
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
