"""Tables for the narrative review and for the crosswalk to other instruments."""

from __future__ import annotations

import pandas as pd

from dlrrc_core import repository, tables
from dlrrc_core.chapters.papers import short_citation
from dlrrc_core.records import Paper, PrintedResult
from dlrrc_core.tables import Cell, Column, Html, Row

SHOWN_RESULTS = 3  # rows of printed results in a cell, and values in a row; the page of the paper has all
SHOWN_VALUES = 4


def task_table(task: str, field: str = "rcc") -> Html:
    """Return the papers of a field with one task, and what they printed.

    Parameters
    ----------
    task : str
        A value of ``study.task``.
    field : str, default "rcc"
        Id of the field.
    """
    repo = repository.here()
    papers = sorted(
        (p for p in repo.select(field=field) if repo.papers[p].study.task == task),
        key=lambda p: (repo.papers[p].year or 0, p),
    )
    columns = [
        Column("Paper", wide=True),
        Column("Year", True),
        Column("Target"),
        Column("Modality", facet=True),
        Column("Patients", True),
        Column("Models", wide=True),
        Column("Printed results", wide=True),
    ]
    rows: list[Row] = []
    for paper in papers:
        record = repo.papers[paper]
        study = record.study
        rows.append(
            [
                Cell(short_citation(repo, paper), sort=paper, href=f"./papers/{paper}.html"),
                tables.number_cell(record.year),
                study.target or tables.NOTHING,
                study.modality.type or tables.NOTHING,
                tables.number_cell(study.n_patients),
                ", ".join(study.models) or tables.NOTHING,
                printed_summary(record),
            ]
        )
    if not rows:
        return Html("<p>No paper with this task is recorded yet.</p>")
    return tables.table(columns, rows, f"Papers on {task}: facts and results as printed", f"task-{task}")


def printed_summary(record: Paper) -> str:
    """Return the first printed results of a paper in one line, and how many more there are."""
    tests = [row for row in record.results if row.split and "test" in row.split.lower()] or list(record.results)
    if not tests:
        return tables.NOTHING
    more = len(record.results) - len(tests[:SHOWN_RESULTS])
    text = "; ".join(result_line(row) for row in tests[:SHOWN_RESULTS])
    return f"{text}; {more} more on the paper's page" if more else text


def result_line(row: PrintedResult) -> str:
    """Return the first values of a row of printed results in words, exactly as printed."""
    about = ", ".join(part for part in (row.model, row.split, row.level, row.subset) if part)
    values = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in list(row.values.items())[:SHOWN_VALUES])
    return f"{about}: {values}" if about else values


def crosswalk() -> pd.DataFrame:
    """Return ``data/checklist/crosswalk.csv`` as text, one row per DLRRC item and item of another instrument."""
    root = repository.find_root()
    return pd.read_csv(root / "data/checklist/crosswalk.csv", dtype=str, keep_default_na=False)


def crosswalk_table(instrument: str) -> Html:
    """Return what corresponds to each DLRRC item in another instrument; no match is an answer too."""
    items = repository.here().checklist.items
    columns = [
        Column("DLRRC item", True),
        Column("Title"),
        Column("Item", True),
        Column("Asks there", wide=True),
        Column("Relation", facet=True),
        Column("Note", wide=True),
        Column("Source"),
    ]
    rows: list[Row] = []
    for row in crosswalk().query("instrument == @instrument").itertuples():
        number = int(row.dlrrc_item)
        cells = [Cell(str(number), sort=number), items[number].title, row.instrument_item or tables.NOTHING]
        rows.append([*cells, row.instrument_item_text or tables.NOTHING, row.relation, row.note, row.source])
    return tables.table(
        columns, rows, f"DLRRC beside {instrument}", f"crosswalk-{instrument.split()[0].lower()}", filters=True
    )


def crosswalk_gaps() -> Html:
    """Return how each DLRRC item is covered elsewhere: the best relation per instrument."""
    table, items = crosswalk(), repository.here().checklist.items
    order = ["same", "partly", "none", "not looked up"]
    instruments = list(dict.fromkeys(table["instrument"]))
    columns = [Column("Item", True), Column("Title"), *(Column(name, facet=True) for name in instruments)]
    rows: list[Row] = []
    for number, item in items.items():
        cells: Row = [Cell(str(number), sort=number), item.title]
        for name in instruments:
            found = table[(table["dlrrc_item"] == str(number)) & (table["instrument"] == name)]["relation"]
            cells.append(min(found, key=order.index, default=tables.NOTHING))
        rows.append(cells)
    return tables.table(
        columns, rows, "Best counterpart of each DLRRC item in the other instruments", "crosswalk-gaps", filters=True
    )
