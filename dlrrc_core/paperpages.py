"""One page per paper: facts, every item with every rater's answer, evidence and place, printed results, citation.

The pages are plain HTML made from the records, without parsing, so that a thousand of them build in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import combinations

from dlrrc_core import paperfacts, tables
from dlrrc_core.audit import kept
from dlrrc_core.findingtables import findings_table
from dlrrc_core.recording import ledger
from dlrrc_core.records import Answer, Paper, Rating
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import Score, score
from dlrrc_core.tables import Cell, Column, Row

REPLY = (
    "Is something here wrong, or are you an author of this paper? Please say so: corrections and replies are published on this page. "
    "How to do it stands in the contributing guide of the repository."
)
AUDIT = (
    "Each check says what follows from the printed values under the assumptions beside it, never why. The values come from converted texts: "
    "check the publisher's copy. Authors: a correction or a reply is published on this page."
)


def pages(repo: Repository) -> Iterator[tuple[str, str, str]]:
    """Yield name, title and HTML body of the page of every paper.

    Parameters
    ----------
    repo : Repository
        All records.

    Yields
    ------
    tuple of str
        Page name (``book/papers/<id>``), title as plain text, and the body as HTML with everything from the records escaped.
    """
    for paper in repo.papers:
        yield f"book/papers/{paper}", title(repo.papers[paper]), body(repo, paper)


def title(record: Paper) -> str:
    """Return the short title of a paper's page: first author, year and the beginning of the title."""
    year = record.year if record.year is not None else "n.d."
    return f"{record.first_author} {year}: {record.title}"


def body(repo: Repository, paper: str) -> str:
    """Return the body of a paper's page."""
    record, ratings = repo.papers[paper], repo.ratings_of[paper]
    scores = {
        rating.rater: score({n: a.answer for n, a in rating.answers.items()}, repo.checklist) for rating in ratings
    }
    parts = [
        f'<h1 class="dlrrc-paper-title">{escape(title(record))}</h1>',
        f"<p>{citation(record)}</p>",
        _where_it_counts(repo, record),
    ]
    if any(rating.kind == "machine" for rating in ratings):
        parts.append(tables.machine_notice().html)
    if ratings:
        parts += ['<h2 id="score">Score</h2>', _score_table(repo, ratings, scores)]
        parts += ['<h2 id="items">Items and evidence</h2>', _items_table(repo, ratings)]
        parts += ['<h2 id="raise">What would raise this score</h2>', _raise_table(repo, ratings)]
    else:
        parts += ['<h2 id="score">Score</h2>', "<p>This paper has not been rated yet.</p>"]
    parts += [
        '<h2 id="facts">Study facts</h2>',
        paperfacts.facts(record),
        '<h2 id="artefacts">Code, data and weights</h2>',
        paperfacts.artefacts(record),
    ]
    if record.results:
        parts += ['<h2 id="results">Results as printed</h2>', paperfacts.results(record)]
    if findings := kept.audit(repo, [paper]):
        found = findings_table(
            findings, "audit", "Checks of the printed numbers, those that cannot be or differ first"
        ).html
        parts += ['<h2 id="can-this-be">Can the printed numbers be right?</h2>', f"<p>{AUDIT}</p>", found]
    parts += ['<h2 id="sources">Where the facts were seen</h2>', paperfacts.sources(record)]
    if changes := ledger.kept(repo.root).get(paper):
        parts += ['<h2 id="changes">Changes of answers</h2>', _changes(changes)]
    parts += ['<h2 id="wrong">Is this wrong?</h2>', f"<p>{REPLY}</p>"]
    return "\n".join(parts)


def citation(record: Paper) -> str:
    """Return the reference of a paper as HTML."""
    authors = ", ".join(record.authors) + ("" if record.authors_complete else " et al.")
    where = " ".join(part for part in (record.journal, record.volume) if part)
    where += f"({record.issue})" if record.issue else ""
    where += f":{record.pages}" if record.pages else ""
    year = record.year if record.year is not None else "year not known"
    link = f"https://doi.org/{record.doi}" if record.doi else record.url
    text = f"{escape(authors)}. {escape(record.title)}. <em>{escape(where)}</em>, {year}."
    return f'{text} <a href="{escape(link)}">{escape(link)}</a>' if link and tables.safe_link(link) else text


def _where_it_counts(repo: Repository, record: Paper) -> str:
    """Return the fields of a paper and its place in the seed review."""
    fields = [
        f'<a href="../fields/{name}/overview.html">{escape(repo.fields[name].short_title)}</a>'
        for name in record.fields
    ]
    words = [f"Field: {', '.join(fields)}." if fields else "This paper counts in no field."]
    if record.practice:
        words.append("It belongs to the practice set.")
    if record.seed_review is not None and record.seed_review.included:
        words.append(
            f"The seed review scored it (its reference {record.seed_review.reference}); that score was never published."
        )
    words += [escape(notice) for notice in record.notices]
    return f"<p>{' '.join(words)}</p>"


def _score_table(repo: Repository, ratings: tuple[Rating, ...], scores: dict[str, Score]) -> str:
    """Return totals, parts, verdicts and openness per rater, and the raw agreement of two raters."""
    parts = [part.id for part in repo.checklist.parts]
    columns = [
        Column("Rater"),
        Column("Points", True),
        Column("Interval", True),
        Column("Open code"),
        Column("Open data"),
        Column("Open weights"),
    ]
    columns += [
        Column("Acceptable"),
        Column("Part V passes"),
        *(Column(f"Part {p}", True) for p in parts),
        Column("Kind"),
    ]
    rows: list[Row] = []
    for rating in ratings:
        s = scores[rating.rater]
        rows.append(
            [
                rating.rater,
                tables.number_cell(s.points, ".1f"),
                tables.range_cell(*s.interval),
                *(tables.yes_no(v) for v in (s.open_code, s.open_data, s.open_weights, s.acceptable, s.accessible)),
                *(tables.number_cell(s.parts[p], ".1f") for p in parts),
                Cell(rating.kind, badge=rating.kind),
            ]
        )
    html = tables.table(columns, rows, "Score by rater", "score-table").html
    return html + _agreement(repo, [rating for rating in ratings if rating.kind != "consensus"])


def _agreement(repo: Repository, ratings: list[Rating]) -> str:
    """Return in how many items each pair of raters gives the same answer, of those that both answered."""
    lines = []
    for one, other in combinations(ratings, 2):
        pairs = [
            (one.answers[n].answer, other.answers[n].answer)
            for n in repo.checklist.items
            if n in one.answers and n in other.answers
        ]
        both = [(a, b) for a, b in pairs if a is not None and b is not None]
        same = sum(a == b for a, b in both)
        lines.append(
            f"<p>{escape(one.rater)} and {escape(other.rater)} give the same answer to {same} of {len(both)} items that both answered.</p>"
        )
    return "".join(lines)


def _items_table(repo: Repository, ratings: tuple[Rating, ...]) -> str:
    """Return every item with each rater's answer, points, evidence, place and confidence."""
    columns = [Column("Item", True), Column("Part", facet=True), Column("Title"), Column("Raters", facet=True)]
    for rating in ratings:
        columns += [
            Column(f"Answer, {rating.rater}", facet=True),
            Column("Points", True),
            Column(f"Evidence, {rating.rater}", wide=True),
        ]
    rows: list[Row] = []
    for number, item in repo.checklist.items.items():
        given = {rating.answers[number].answer if number in rating.answers else None for rating in ratings}
        agree = "one rater" if len(ratings) == 1 else "agree" if len(given) == 1 else "differ"
        cells: Row = [Cell(str(number), sort=number), repo.checklist.part_of[number], item.title, agree]
        for rating in ratings:
            answer = rating.answers.get(number, Answer(answer=None))
            points = _points(repo, number, answer.answer)
            place = f" [{answer.where}]" if answer.where else ""
            sure = f" Confidence: {answer.confidence}." if answer.confidence else ""
            evidence = f"{answer.evidence or tables.NOTHING}{place}{sure}"
            cells += [repo.checklist.label(number, answer.answer), tables.number_cell(points, ".1f"), evidence]
        rows.append(cells)
    return tables.table(
        columns,
        rows,
        "Answers of every rater, item by item, with the place in the paper in brackets",
        "items-table",
        filters=True,
    ).html


def _points(repo: Repository, number: int, code: str | None) -> float | None:
    """Return the points of an answer, None when it has none."""
    units = repo.checklist.units[number].get(code) if code is not None else None
    return None if units is None else units * repo.checklist.unit_points


def _raise_table(repo: Repository, ratings: tuple[Rating, ...]) -> str:
    """Return the items on which some rater gave less than all points, with the points still to be had."""
    columns = [
        Column("Item", True),
        Column("Title"),
        Column("What counts", wide=True),
        *(Column(f"Still to be had, {r.rater}", True) for r in ratings),
    ]
    rows: list[Row] = []
    for number, item in repo.checklist.items.items():
        missing = []
        for rating in ratings:
            points = _points(repo, number, rating.answers[number].answer) if number in rating.answers else None
            best = repo.checklist.max_units[number] * repo.checklist.unit_points
            missing.append(None if points is None else best - points)
        if any(missing):
            cells = [tables.number_cell(points, ".1f") for points in missing]
            rows.append([Cell(str(number), sort=number), item.title, item.guidance, *cells])
    return tables.table(columns, rows, "Items with points still to be had", "raise-table").html


def _changes(changes: list[ledger.Change]) -> str:
    """Return every answer that was changed after it was first given, with the reason that its commit states."""
    columns = [Column("Day"), Column("Item", True), Column("Rater", facet=True), Column("From"), Column("To")]
    columns += [Column("Reason", wide=True), Column("By")]
    rows: list[Row] = [
        [
            c.date[:10],
            Cell(str(c.item), sort=c.item),
            c.rater,
            c.before or tables.NOTHING,
            c.after or tables.NOTHING,
            c.reason,
            c.who,
        ]
        for c in changes
    ]
    return tables.table(columns, rows, "Changes of answers, oldest first", "changes", filters=len(rows) > 8).html
