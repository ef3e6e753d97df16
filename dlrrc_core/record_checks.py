"""What the schema alone cannot say: whether records agree with the checklist, with their place and with each other."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

import pandas as pd

from dlrrc_core import strict_yaml
from dlrrc_core.checklist import SPECIAL_CODES, Checklist, Questions
from dlrrc_core.fields import Published, Rater
from dlrrc_core.problems import DataError, Problem, nearest, relative
from dlrrc_core.records import Paper, Rating
from dlrrc_core.text_files import read_text

JOURNAL_COLUMNS = ("journal", "issn", "metric", "metric_year", "category", "rank", "of", "percentile", "source")
CORRELATIONS = ("journal", "journal-partial", "year", "year-partial")  # the four of the seed review


def same(
    document: strict_yaml.Document,
    at: strict_yaml.Location,
    found: str,
    wanted: str,
    what: str,
    rule: str = "DLRRC-ID-002",
) -> list[Problem]:
    """Return a problem when an id differs from the name it has to carry."""
    if found == wanted:
        return []
    return [document.problem(at, f"{at[-1]} is '{found}'", f"'{wanted}' ({what})", rule=rule)]


def unknown_fields(paper: Paper, document: strict_yaml.Document, fields: list[str]) -> list[Problem]:
    """Return a problem for each field of a paper that has no folder."""
    allowed = f"one of {', '.join(fields)}"
    return [
        document.problem(("fields", i), f"the field '{field}'", allowed, nearest(field, fields), "DLRRC-FIELD-001")
        for i, field in enumerate(paper.fields)
        if field not in fields
    ]


def published_problems(printed: Published, document: strict_yaml.Document, instrument: Checklist) -> list[Problem]:
    """Return a problem for each printed number that does not exist, stands twice or cannot be right."""
    problems: list[Problem] = []

    def require(good: bool, at: strict_yaml.Location, value: object, allowed: str, rule: str) -> None:
        if not good:
            found = f"{'.'.join(map(str, at))} is {value!r}"
            problems.append(document.problem(at, found, allowed, rule=f"DLRRC-PUB-{rule}"))

    lists: tuple[tuple[str, str, list[object], list[object]], ...] = (
        ("items", "item", [entry.item for entry in printed.items], list(instrument.items)),
        ("parts", "part", [entry.part for entry in printed.parts], [part.id for part in instrument.parts]),
        ("correlations", "id", [entry.id for entry in printed.correlations], list(CORRELATIONS)),
    )
    for key, name, found, allowed in lists:
        for i, value in enumerate(found):
            again = " for the second time" if value in allowed and value in found[:i] else ""
            what = f"{key}.{i}.{name} is {value!r}{again}"
            if again or value not in allowed:
                once = f"each of {', '.join(map(str, allowed))} once"
                problems.append(document.problem((key, i, name), what, once, rule="DLRRC-PUB-001"))
    percents = [(("items", i, "percent"), entry.percent) for i, entry in enumerate(printed.items)]
    percents += [(("parts", i, "percent"), entry.percent) for i, entry in enumerate(printed.parts)]
    percents += [(("total", 0, "percent"), printed.total.percent)] if printed.total else []
    for at, percent in percents:
        require(0 <= float(percent) <= 100, at, percent, "a percentage from 0 to 100", "002")
    if printed.acceptable:
        counts = printed.acceptable
        require(counts.count <= counts.of, ("acceptable", "count"), counts.count, f"at most {counts.of}", "003")
    for i, c in enumerate(printed.correlations):
        require(abs(float(c.r)) <= 1, ("correlations", i, "r"), c.r, "a correlation from -1 to 1", "004")
        require(0 <= float(c.p) <= 1, ("correlations", i, "p"), c.p, "a probability from 0 to 1", "004")
        require(c.n >= 4, ("correlations", i, "n"), c.n, "at least 4 papers", "004")
    return problems


def question_problems(asked: Questions, document: strict_yaml.Document, instrument: Checklist) -> list[Problem]:
    """Return a problem for each question about an unknown item."""
    force = "the checklist in force"
    problems = same(document, ("checklist",), asked.checklist, instrument.id, force, "DLRRC-RATE-001")
    allowed = f"items 1 to {len(instrument.items)}"
    for number in asked.questions:
        if number not in instrument.items:
            at = ("questions", number)
            problems.append(document.problem(at, f"unknown item {number}", allowed, rule="DLRRC-QUES-001"))
    return problems


def rating_problems(
    rating: Rating, document: strict_yaml.Document, path: Path, instrument: Checklist, raters: dict[str, Rater] | None
) -> list[Problem]:
    """Return everything in a rating that the checklist or its place in the folder does not allow."""
    consensus = path.name == "consensus.yaml"
    folder = path.parent if consensus else path.parent.parent
    problems = same(document, ("paper",), rating.paper, folder.name, "the folder's name")

    def add(at: strict_yaml.Location, found: str, allowed: str, fix: str, rule: str) -> None:
        problems.append(document.problem(at, found, allowed, fix, f"DLRRC-{rule}"))

    kind = f"kind is '{rating.kind}'"
    if consensus != (rating.kind == "consensus"):
        add(("kind",), kind, "'consensus' in consensus.yaml, and only there", "", "RATE-002")
    if consensus:
        problems += same(document, ("rater",), rating.rater, "consensus", "the name of every consensus")
    else:
        problems += same(document, ("rater",), rating.rater, path.stem, "the file's name")
        if raters is None:
            pass
        elif rating.rater not in raters:
            fix = "add data/raters/<id>.yaml, or start with `dlrrc new-rating`"
            add(("rater",), f"the rater '{rating.rater}'", f"one of {', '.join(raters)}", fix, "RATE-003")
        elif raters[rating.rater].kind != rating.kind:
            add(("kind",), kind, f"'{raters[rating.rater].kind}', as in data/raters.yaml", "", "RATE-004")
    force = "the checklist in force"
    problems += same(document, ("checklist",), rating.checklist, instrument.id, force, "DLRRC-RATE-001")
    for number, answer in rating.answers.items():
        if number not in instrument.items:
            add(("answers", number), f"unknown item {number}", f"items 1 to {len(instrument.items)}", "", "ITEM-001")
            continue
        allowed = [*instrument.units[number], *SPECIAL_CODES]
        if answer.answer is not None and answer.answer not in allowed:
            found = f"item {number} ({instrument.items[number].title}) has the answer '{answer.answer}'"
            hint = nearest(answer.answer, allowed)
            add(("answers", number, "answer"), found, f"{', '.join(allowed)} or null", hint, "ITEM-003")
    missing = [number for number in instrument.items if number not in rating.answers]
    unanswered = missing + [number for number, answer in rating.answers.items() if answer.answer is None]
    if rating.status == "complete" and unanswered:
        found = (
            f"status is complete, but items {', '.join(str(number) for number in sorted(unanswered))} are not answered"
        )
        add(("status",), found, "31 answers", "answer them, write 'unclear', or set 'status: draft'", "ITEM-002")
    return problems


def journals(path: Path, root: Path, problems: list[Problem]) -> pd.DataFrame:
    """Read ``journals.csv``; add a problem for a wrong header, a repeated journal or a percentile that is none."""
    file, rows = relative(path, root), []
    seen: dict[str, int] = {}

    def add(line: int, found: str, allowed: str, fix: str, rule: str) -> None:
        problems.append(Problem(file, line, 1, found, allowed, fix, f"DLRRC-JOUR-{rule}"))

    try:
        reader = csv.DictReader(io.StringIO(read_text(path, root).removeprefix("\ufeff"), newline=""))
        if tuple(reader.fieldnames or ()) != JOURNAL_COLUMNS:
            add(1, f"the columns {reader.fieldnames}", ", ".join(JOURNAL_COLUMNS), "", "001")
            return pd.DataFrame()
        for row in reader:
            line, name = reader.line_num, row["journal"]
            if None in row or None in row.values() or not name:
                found = "a row with too many or too few cells, or without a journal"
                add(line, found, f"{len(JOURNAL_COLUMNS)} cells", "put a name with a comma in quotes", "002")
                continue
            if name in seen:
                found = f"the journal '{name}' again (first in line {seen[name]})"
                add(line, found, "each journal once", "", "003")
            seen.setdefault(name, line)
            percentile = _percentile(row["percentile"])
            if percentile is None:
                found, percentile = f"the percentile '{row['percentile']}'", float("nan")
                add(line, found, "a number from 0 to 100, or an empty cell", "", "004")
            rows.append({**row, "percentile": percentile})
    except DataError as error:
        problems.extend(error.problems)
    except csv.Error as error:
        problems.append(Problem(file, 0, 0, f"cannot be read ({error})", "a CSV file in UTF-8", rule="DLRRC-FILE-001"))
    return pd.DataFrame(rows, columns=list(JOURNAL_COLUMNS)).set_index("journal")


def _percentile(text: str | None) -> float | None:
    """Return a percentile, NaN for an empty cell, None for anything outside 0-100."""
    if not text:
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 100 else None


def links(data: Path, root: Path) -> list[Problem]:
    """Return a problem for each link below a folder: it could lead out of the repository."""
    return [
        Problem(relative(path, root), 0, 0, "a link", f"a {what} of its own", rule="DLRRC-FILE-002")
        for folder, folders, files in os.walk(data)  # does not follow links
        for what, names in (("folder", folders), ("file", files))
        for path in sorted(Path(folder, name) for name in names)
        if path.is_symlink()
    ]


def stray_files(data: Path, root: Path) -> list[Problem]:
    """Return a problem for each file below ``papers`` and ``fields`` that nothing reads; the work in it would be lost."""
    problems = []
    allowed = {
        "papers": "papers/<id>/paper.yaml, papers/<id>/ratings/<rater>.yaml or papers/<id>/consensus.yaml",
        "fields": "fields/<field>/field.yaml, and published.yaml beside it",
    }
    pattern = re.compile(r"papers/[^/]+/(paper|consensus|ratings/[^/]+)\.yaml|fields/[^/]+/(field|published)\.yaml")
    for kind, names in allowed.items():
        for path in sorted((data / kind).rglob("*")):
            name = path.relative_to(data).as_posix()
            if path.is_dir() or any(part.startswith(".") for part in path.relative_to(data).parts):
                continue
            orphan = path.name == "published.yaml" and not path.with_name("field.yaml").exists()
            if orphan or not pattern.fullmatch(name):
                found, place = "a file that nothing reads", relative(path, root)
                problems.append(Problem(place, 0, 0, found, f"data/{names}", "rename it", "DLRRC-FILE-005"))
    return problems
