"""What the schema alone cannot say: whether records agree with the checklist, with their place and with each other."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd

from dlrrc_core import strict_yaml
from dlrrc_core.checklist import SPECIAL_CODES, Checklist, Questions
from dlrrc_core.fields import Published, Rater
from dlrrc_core.problems import Problem, nearest, relative
from dlrrc_core.records import Paper, Rating

JOURNAL_COLUMNS = ("journal", "issn", "metric", "metric_year", "category", "rank", "of", "percentile", "source")
CORRELATIONS = ("journal", "journal-partial", "year", "year-partial")  # the four of the seed review


def same(document: strict_yaml.Document, at: strict_yaml.Location, found: str, wanted: str, what: str) -> list[Problem]:
    """Return a problem when an id differs from the name it has to carry."""
    return [] if found == wanted else [document.problem(at, f"{at[-1]} is '{found}'", f"'{wanted}' ({what})")]


def unknown_fields(paper: Paper, document: strict_yaml.Document, fields: list[str]) -> list[Problem]:
    """Return a problem for each field of a paper that has no folder."""
    return [
        document.problem(("fields", i), f"the field '{field}'", f"one of {', '.join(fields)}", nearest(field, fields))
        for i, field in enumerate(paper.fields)
        if field not in fields
    ]


def published_problems(printed: Published, document: strict_yaml.Document, instrument: Checklist) -> list[Problem]:
    """Return a problem for each printed number that does not exist, stands twice or cannot be right."""
    problems: list[Problem] = []

    def require(good: bool, at: strict_yaml.Location, value: object, allowed: str) -> None:
        if not good:
            problems.append(document.problem(at, f"{'.'.join(map(str, at))} is {value!r}", allowed))

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
                problems.append(document.problem((key, i, name), what, f"each of {', '.join(map(str, allowed))} once"))
    percents = [(("items", i, "percent"), entry.percent) for i, entry in enumerate(printed.items)]
    percents += [(("parts", i, "percent"), entry.percent) for i, entry in enumerate(printed.parts)]
    percents += [(("total", 0, "percent"), printed.total.percent)] if printed.total else []
    for at, percent in percents:
        require(0 <= float(percent) <= 100, at, percent, "a percentage from 0 to 100")
    if printed.acceptable:
        counts = printed.acceptable
        require(counts.count <= counts.of, ("acceptable", "count"), counts.count, f"at most {counts.of}")
    for i, c in enumerate(printed.correlations):
        require(abs(float(c.r)) <= 1, ("correlations", i, "r"), c.r, "a correlation from -1 to 1")
        require(0 <= float(c.p) <= 1, ("correlations", i, "p"), c.p, "a probability from 0 to 1")
        require(c.n >= 4, ("correlations", i, "n"), c.n, "at least 4 papers")
    return problems


def question_problems(
    asked: Questions, document: strict_yaml.Document, instrument: Checklist, papers: Path
) -> list[Problem]:
    """Return a problem for each question about an unknown item or paper."""
    problems = same(document, ("checklist",), asked.checklist, instrument.id, "the checklist in force")
    known = sorted(folder.name for folder in papers.iterdir()) if papers.is_dir() else []
    for number, question in asked.questions.items():
        at = ("questions", number)
        if number not in instrument.items:
            problems.append(document.problem(at, f"unknown item {number}", f"items 1 to {len(instrument.items)}"))
        for i, paper in enumerate(question.seen_in):
            if paper not in known:
                found = f"the paper '{paper}'"
                problems.append(
                    document.problem((*at, "seen_in", i), found, "a folder of data/papers", nearest(paper, known))
                )
    return problems


def rating_problems(
    rating: Rating, document: strict_yaml.Document, path: Path, instrument: Checklist, raters: dict[str, Rater] | None
) -> list[Problem]:
    """Return everything in a rating that the checklist or its place in the folder does not allow."""
    consensus = path.name == "consensus.yaml"
    folder = path.parent if consensus else path.parent.parent
    problems = same(document, ("paper",), rating.paper, folder.name, "the folder's name")
    if consensus != (rating.kind == "consensus"):
        problems.append(
            document.problem(("kind",), f"kind is '{rating.kind}'", "'consensus' in consensus.yaml, and only there")
        )
    if consensus:
        problems += same(document, ("rater",), rating.rater, "consensus", "the name of every consensus")
    else:
        problems += same(document, ("rater",), rating.rater, path.stem, "the file's name")
        if raters is None:
            pass
        elif rating.rater not in raters:
            fix = "add the rater to data/raters.yaml"
            problems.append(
                document.problem(("rater",), f"the rater '{rating.rater}'", f"one of {', '.join(raters)}", fix)
            )
        elif raters[rating.rater].kind != rating.kind:
            problems.append(
                document.problem(
                    ("kind",), f"kind is '{rating.kind}'", f"'{raters[rating.rater].kind}', as in data/raters.yaml"
                )
            )
    problems += same(document, ("checklist",), rating.checklist, instrument.id, "the checklist in force")
    for number, answer in rating.answers.items():
        if number not in instrument.items:
            at = ("answers", number)
            problems.append(document.problem(at, f"unknown item {number}", f"items 1 to {len(instrument.items)}"))
            continue
        allowed = [*instrument.units[number], *SPECIAL_CODES]
        if answer.answer is not None and answer.answer not in allowed:
            at_answer = ("answers", number, "answer")
            found = f"item {number} ({instrument.items[number].title}) has the answer '{answer.answer}'"
            problems.append(
                document.problem(at_answer, found, f"{', '.join(allowed)} or null", nearest(answer.answer, allowed))
            )
    missing = [number for number in instrument.items if number not in rating.answers]
    unanswered = missing + [number for number, answer in rating.answers.items() if answer.answer is None]
    if rating.status == "complete" and unanswered:
        items = ", ".join(str(number) for number in sorted(unanswered))
        fix = "answer them, write 'unclear', or set 'status: draft'"
        problems.append(
            document.problem(("status",), f"status is complete, but items {items} are not answered", "31 answers", fix)
        )
    return problems


def journals(path: Path, root: Path, problems: list[Problem]) -> pd.DataFrame:
    """Read ``journals.csv``; add a problem for a wrong header, a repeated journal or a percentile that is none."""
    file, rows = relative(path, root), []
    seen: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != JOURNAL_COLUMNS:
                problems.append(Problem(file, 1, 1, f"the columns {reader.fieldnames}", ", ".join(JOURNAL_COLUMNS)))
                return pd.DataFrame()
            for row in reader:
                line, name = reader.line_num, row["journal"]
                if None in row or None in row.values() or not name:
                    found = "a row with too many or too few cells, or without a journal"
                    fix = "put a name with a comma in quotes"
                    problems.append(Problem(file, line, 1, found, f"{len(JOURNAL_COLUMNS)} cells", fix))
                    continue
                if name in seen:
                    problems.append(
                        Problem(
                            file,
                            line,
                            1,
                            f"the journal '{name}' again (first in line {seen[name]})",
                            "each journal once",
                        )
                    )
                seen.setdefault(name, line)
                rows.append({**row, "percentile": _percentile(row["percentile"], file, line, problems)})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(Problem(file, 0, 0, f"cannot be read ({error})", "a CSV file in UTF-8"))
    return pd.DataFrame(rows, columns=list(JOURNAL_COLUMNS)).set_index("journal")


def _percentile(text: str | None, file: str, line: int, problems: list[Problem]) -> float:
    """Return a percentile, NaN for an empty cell; add a problem for anything outside 0-100."""
    if not text:
        return float("nan")
    try:
        value = float(text)
        if 0 <= value <= 100:
            return value
    except ValueError:
        pass
    problems.append(Problem(file, line, 1, f"the percentile '{text}'", "a number from 0 to 100, or an empty cell"))
    return float("nan")


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
                problems.append(
                    Problem(relative(path, root), 0, 0, "a file that nothing reads", f"data/{names}", "rename it")
                )
    return problems
