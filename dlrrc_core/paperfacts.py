"""What the page of a paper shows beside the ratings: study facts, artefacts, printed results and sources."""

from __future__ import annotations

from html import escape

from dlrrc_core import tables
from dlrrc_core.records import Artefact, Paper
from dlrrc_core.tables import Cell, Column, Row


def facts(record: Paper) -> str:
    """Return the study facts as a table of two columns; what was not seen has a dash."""
    study = record.study
    facts: list[tuple[str, object]] = [
        ("Task", study.task), ("Task in detail", study.task_detail), ("Target", study.target),
        ("Modality", study.modality.type), ("Phases or sequences", study.modality.phases),
        ("Patients", study.n_patients), ("Lesions", study.n_lesions), ("Images", study.n_images), ("Cohort", study.cohort_note),
        ("Centres", study.centres), ("Class counts", _flat(study.class_counts)), ("Split", study.split),
        ("Cross-validation", study.cross_validation), ("External test", tables.yes_no(study.external_test)),
        ("Comparison with readers", tables.yes_no(study.reader_comparison)), ("Models", ", ".join(study.models)),
        ("Data sets", ", ".join(study.datasets)), ("Hyper-parameters", _flat(record.hyperparameters)), ("Computing", _flat(record.compute)),
        ("Software", _flat(record.software)), ("How much could be read", record.evidence_level),
    ]  # fmt: skip
    rows = [[name, tables.NOTHING if value in (None, "", ()) else str(value)] for name, value in facts]
    return tables.table(
        [Column("Fact"), Column("As printed")], rows, "Study facts; a dash means not seen", "facts-table"
    ).html


def _flat(value: object) -> str:
    """Return nested counts or settings in one line."""
    if isinstance(value, dict):
        return "; ".join(
            f"{key}: {f'({_flat(item)})' if isinstance(item, dict) else item}" for key, item in value.items()
        )
    return "" if value is None else str(value)


def artefacts(record: Paper) -> str:
    """Return what is said about code, data and weights."""
    columns = [
        Column("Artefact"),
        Column("Status"),
        Column("Address"),
        Column("Version"),
        Column("Licence"),
        Column("Seen on"),
        Column("Note"),
    ]
    found: dict[str, Artefact] = {
        "Code": record.artefacts.code,
        "Data": record.artefacts.data,
        "Trained weights": record.artefacts.weights,
    }
    rows: list[Row] = []
    for name, artefact in found.items():
        address: Cell | str = Cell(artefact.url, href=artefact.url) if artefact.url else tables.NOTHING
        date = artefact.accessed.isoformat() if artefact.accessed else tables.NOTHING
        rest = [
            artefact.version or tables.NOTHING,
            artefact.licence or tables.NOTHING,
            date,
            artefact.note or tables.NOTHING,
        ]
        rows.append([name, artefact.status or tables.NOTHING, address, *rest])
    return tables.table(columns, rows, "Code, data and trained weights", "artefacts-table").html


def results(record: Paper) -> str:
    """Return the printed results, exactly as printed; columns in which nothing stands are left out."""
    about = ("split", "data", "model", "level", "subset", "n", "n_pos", "n_neg")
    names = list(dict.fromkeys(name for row in record.results for name in row.values))
    rows: list[list[object]] = []
    for row in record.results:
        place = "; ".join(part for part in (row.where, row.note) if part)
        facts = [getattr(row, name) for name in about]
        rows.append([*facts, *(row.values.get(name) for name in names), place, "yes" if row.secondary else None])
    heads = [name.replace("_", " ") for name in (*about, *names)] + ["place", "quoted by a review"]
    kept = [i for i in range(len(heads)) if any(row[i] not in (None, "") for row in rows)]
    columns = [Column(heads[i].capitalize() if heads[i] != "n" else "n", wide=heads[i] == "place") for i in kept]
    cells = [[Cell(tables.NOTHING if row[i] in (None, "") else str(row[i])) for i in kept] for row in rows]
    return tables.table(columns, cells, "Results as printed in the paper, to the last digit", "results-table").html


def sources(record: Paper) -> str:
    """Return where each fact was seen, and what is in doubt."""
    rows = [[source.where, source.gave] for source in record.sources]
    html = tables.table(
        [Column("Place"), Column("Gave")], rows, "Places where the facts were seen", "sources-table"
    ).html
    if record.doubts:
        html += "<p>In doubt:</p><ul>" + "".join(f"<li>{escape(doubt)}</li>" for doubt in record.doubts) + "</ul>"
    return html
