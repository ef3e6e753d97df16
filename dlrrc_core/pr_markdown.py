"""The report of a change as Markdown for a comment, in which the text of records stays text.

Everything from a record stands in a code span, without the signs that could end the span or make a link, a mention, HTML or a
reference; :func:`dlrrc_core.pr_comment.refusal` checks the whole once more before it is posted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from dlrrc_core.pr_comment import DOI_LINK, MAX_CHARACTERS
from dlrrc_core.problems import visible

SHOWN = 160  # characters of a text of a record
ROWS = 40  # rows of a list or table
LOOKALIKES = str.maketrans(
    {"`": "'", "|": "¦", "<": "‹", ">": "›", "@": "＠", "&": "＆", "#": "＃", "[": "［", "]": "］"}
)
ARROW = "→"


def code(text: object, limit: int = SHOWN) -> str:
    """Return text of a contributor as a code span in which nothing is active.

    Parameters
    ----------
    text : object
        Anything a record may hold; None is "nothing".
    limit : int, default 160
        Longest text in characters; the rest is cut.

    Returns
    -------
    str
        One line. Signs of Markdown and HTML are replaced by others that look alike.
    """
    if text is None:
        return "nothing"
    shown = visible(str(text))
    shown = "".join(sign if sign.isprintable() else " " for sign in shown)
    shown = shown if len(shown) <= limit else f"{shown[:limit]}…"
    shown = re.sub(r"(?i)(www)\.", r"\1 .", shown.translate(LOOKALIKES).replace("://", ": //"))
    shown = re.sub(r"(?i)\b(GH)-(?=\d)", r"\1 -", shown)
    return f"`{shown.strip() or ' '}`"


def doi_link(doi: str | None) -> str:
    """Return a link to a DOI, or an empty string for none and for one with unusual signs."""
    link = f"[DOI](https://doi.org/{quote(doi, safe='/')})" if doi else ""
    return link if DOI_LINK.fullmatch(link) else ""


def as_markdown(report: dict[str, Any]) -> str:
    """Return a report as Markdown.

    Parameters
    ----------
    report : dict
        Result of :func:`dlrrc_core.prreport.compare`.

    Returns
    -------
    str
        At most 60,000 characters; longer lists are cut, and say so.
    """
    lines = ["## What this change does to the records", ""]
    if report["files"]:
        lines += [_summary(report), ""]
        for title, rows in (
            ("Scores", _ratings(report["ratings"])),
            ("Changed answers", _answers(report["ratings"])),
            ("Statistics of the fields", _fields(report["fields"])),
            ("Papers", _papers(report["papers"])),
            ("Missing evidence", _findings(report["evidence"])),
            ("Duplicates", _findings(report["duplicates"])),
        ):
            lines += [f"### {title}", "", *rows, ""]
    else:
        lines += ["No record is changed: every score and every statistic stays as it is.", ""]
    lines += ["### Findings of the validator", "", *_validator(report), ""]
    return _within("\n".join(lines))


def _within(text: str) -> str:
    """Return text that is not too long, cut at the end of a line."""
    note = "\n\nThe rest is cut; run `dlrrc pr-report` for all of it.\n"
    if len(text) <= MAX_CHARACTERS:
        return text
    return text[: text.rfind("\n", 0, MAX_CHARACTERS - len(note))] + note


def _summary(report: dict[str, Any]) -> str:
    """Return how many files, papers and ratings are touched, in one line."""
    ratings = report["ratings"]
    changes = sum(len(rating["items"]) for rating in ratings)
    counts = (
        _many(len(report["files"]), "changed file"),
        _many(len(report["papers"]), "paper record"),
        _many(len(ratings), "rating"),
        _many(changes, "changed answer"),
        _many(report["errors"], "error"),
    )
    return ", ".join(counts) + "."


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _points(total: dict[str, Any] | None) -> str:
    """Return a total, with its interval while an item is open."""
    if total is None:
        return "none"
    if total["points"] is not None:
        return f"{total['points']:.1f}"
    return f"{total['low']:.1f} to {total['high']:.1f} ({_many(total['open'], 'open item')})"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], nothing: str) -> Iterator[str]:
    """Yield a table of at most 40 rows, or a sentence when there is none."""
    cells = list(rows)
    if not cells:
        yield nothing
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in cells[:ROWS])
    if len(cells) > ROWS:
        yield f"\nand {len(cells) - ROWS} more."


def _ratings(ratings: list[dict[str, Any]]) -> Iterator[str]:
    rows = (
        (code(one["paper"], 40), code(one["rater"], 40), one["status"], _points(one["before"]), _points(one["after"]))
        for one in ratings
    )
    yield from _table(("Paper", "Rater", "Rating", "Points before", "Points after"), rows, "No rating is touched.")
    for one in ratings:
        if one["reworded"]:
            items = ", ".join(str(item) for item in one["reworded"][:ROWS])
            yield f"\nOnly evidence, place or confidence: {code(one['paper'], 40)}, {code(one['rater'], 40)}, items {items}."


def _answers(ratings: list[dict[str, Any]]) -> Iterator[str]:
    rows = (
        (
            code(one["paper"], 40),
            code(one["rater"], 40),
            f"{change['item']} {code(change['title'], 60)}",
            f"{code(change['from'], 40)} {ARROW} {code(change['to'], 40)}",
            f"{code(change['evidence'])} ({code(change['where'], 60)})",
        )
        for one in ratings
        for change in one["items"]
    )
    yield from _table(
        ("Paper", "Rater", "Item", "Answer", "Evidence now (place)"),
        rows,
        "No answer of an existing rating is changed.",
    )


def _fields(fields: list[dict[str, Any]]) -> Iterator[str]:
    for field in fields[:ROWS]:
        before, after = field["before"] or {}, field["after"] or {}
        yield f"{code(field['field'], 40)}:\n"
        yield f"- papers {_step(before.get('papers'), after.get('papers'), '{}')}, rated " + _step(
            before.get("rated"), after.get("rated"), "{}"
        )
        groups = [side.get("groups", {}) for side in (before, after)]
        for name in sorted(groups[0].keys() | groups[1].keys(), key=lambda name: (name != "mean", name))[:ROWS]:
            yield from _group(
                "mean of the raters" if name == "mean" else code(name, 40), *(g.get(name) for g in groups)
            )
        yield ""
    if not fields:
        yield "No number of any field moves."


def _group(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Iterator[str]:
    """Yield one line with mean total, interval, number of papers and share of acceptable papers."""
    if before == after:
        yield f"- {name}: unchanged"
        return
    was, now = before or {}, after or {}
    interval = " to ".join(f"{limit:.1f}" for limit in now.get("ci") or () if limit is not None) or "none"
    share_was, share_now = ((side.get("acceptable") or {}).get("percent") for side in (was, now))
    yield (
        f"- {name}: mean {_step(was.get('mean'), now.get('mean'), '{:.1f}')} points (95% interval now {interval}), "
        f"n {_step(was.get('n'), now.get('n'), '{}')}, acceptable {_step(share_was, share_now, '{:.1f}%')}"
    )


def _step(before: Any, after: Any, form: str) -> str:
    """Return ``54.1 → 53.8``, or one value where both are the same; with two decimals where one would hide the step."""
    was, now = ("none" if value is None else form.format(value) for value in (before, after))
    if was == now and before != after and ".1f" in form:
        return _step(before, after, form.replace(".1f", ".2f"))
    return now if before == after else f"{was} {ARROW} {now}"


def _papers(papers: list[dict[str, Any]]) -> Iterator[str]:
    rows = (
        (
            code(one["paper"], 40),
            one["status"],
            code(one["title"], 120) + (f" {link}" if (link := doi_link(one["doi"])) else ""),
            ", ".join(code(key, 40) for key in one["keys"]) or "none",
        )
        for one in papers
    )
    yield from _table(("Paper", "Record", "Title", "Changed keys"), rows, "No record of a paper is touched.")


def _findings(findings: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one line per finding."""
    for one in findings[:ROWS]:
        place = f"{one['file']}:{one['line']}" if one["line"] else one["file"]
        yield (
            f"- {one['severity']} {code(one['rule'], 40)} {code(place)}: {code(one['message'], 300)}; allowed: "
            + code(one["allowed"], 300)
        )
    if len(findings) > ROWS:
        yield f"- and {len(findings) - ROWS} more"
    if not findings:
        yield "None."


def _validator(report: dict[str, Any]) -> Iterator[str]:
    """Yield the findings of the change, and how many others there are."""
    yield "In this change, besides those above:"
    yield ""
    yield from _findings([one for one in report["strict"] if one not in report["evidence"] + report["duplicates"]])
    yield ""
    yield f"In other records, as before (not counted against this change): {_many(len(report['others']), 'finding')}."
