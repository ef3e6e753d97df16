"""Hostile inputs for the loaders: arbitrary text, and good records with hostile edits."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from dlrrc_core import record_checks, strict_yaml
from dlrrc_core.entries import Entry
from dlrrc_core.fields import FieldInfo, Published, Raters
from dlrrc_core.problems import DataError, Problem
from dlrrc_core.records import Paper, Rating
from dlrrc_core.repository import Reading
from dlrrc_core.validation import addresses, bibliography, dates, duplicates, evidence, papers, ratings, results, totals
from dlrrc_core.validation.report import Finding

BASE = Path(__file__).parent / "fixtures" / "base"
DOE = "data/papers/doe2020"
FILES = {
    "paper": (f"{DOE}/paper.yaml", Paper),
    "rating": (f"{DOE}/ratings/ann.yaml", Rating),
    "field": ("data/fields/kidney/field.yaml", FieldInfo),
    "published": ("data/fields/kidney/published.yaml", Published),
    "raters": ("data/raters.yaml", Raters),
}
GOOD = {kind: (BASE / file).read_text(encoding="utf-8") for kind, (file, _) in FILES.items()}
BIBTEX = (BASE / "book/references.bib").read_text(encoding="utf-8")
CHECKS = (papers.check, duplicates.check, totals.check, ratings.check, evidence.check, results.check)
TODAY = datetime.date(2024, 7, 1)
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# what breaks readers: signs of YAML, numbers at limits, other kinds of value, paths, scripts, invisible signs
TOKENS = [
    *"{}[]:,-#&*!|>%@`'\"?\n\t \\~=",
    *(
        "\n---\n",
        "\n...\n",
        "<<: ",
        "*a",
        "&a ",
        "!!python/object/apply:os.system ['x']",
        "!!binary aGk=",
        "%YAML 1.1\n",
    ),
    *("null", "true", "No", ".nan", ".inf", "-.inf", "1.0e+999", "0x1F", "0o17", "1_000", "1:30", "9" * 400, "-0.0"),
    *(
        "2024-02-30",
        "0000-00-00",
        "9999-12-31",
        "10.1/x",
        "https://[::1",
        "http://a@b",
        "javascript:x",
        "../../etc/passwd",
    ),
    *(
        "\x00",
        "\x07",
        "\x1b[2J",
        "\x85",
        "\u2028",
        "\u202e",
        "\ufeff",
        "\U0001f600",
        "\ue000",
        "x" * 5000,
        "[" * 40,
        "- " * 40,
    ),
    *("  1:\n    answer: 'yes'\n", "answers: {}\n", "status: draft\n", "kind: consensus\n", "accuracy: '1,0 ± x'\n"),
    *("@article{a,", "}}", "\\emph{", "$\\frac", "a@b.org", "12 of 100 points", "::error file=x::", "\r\n"),
]
edit = st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(TOKENS) | st.text(max_size=4))
edits = st.lists(edit, min_size=1, max_size=4)
any_text = st.text(max_size=80) | st.lists(st.sampled_from(TOKENS) | st.text("ab: \n-'", max_size=6), max_size=12).map(
    "".join
)

VALUES = [
    "",
    "x" * 4001,
    "1e999",
    "0,90 ± 0,03",
    "120%",
    "<1.5",
    "0.9-0.1",
    "1 of 100 points",
    "full",
    "unclear",
    "doe2020",
    "ann",
]
hostile = (
    st.sampled_from([*TOKENS, *VALUES])
    | st.text(max_size=20)
    | st.sampled_from([None, True, -1, 0, 10**17, 1e308, [], {}, [[]], {"a": None}, ["kidney"] * 3])
    | st.dates().map(str)
    | st.from_regex(r"10\.[0-9]{4}/[ -~]{1,12}|https?://[!-~]{1,20}|[a-z][a-z0-9-]{1,9}", fullmatch=True)
)
swaps = st.lists(st.tuples(st.floats(0, 1), hostile), min_size=1, max_size=3)
DATA = {kind: strict_yaml.parse(text, kind).data for kind, text in GOOD.items()}

writes: list[object] = []
watching = False


def _watch(event: str, words: tuple[object, ...]) -> None:
    """Note every file that is opened for writing while watching."""
    if watching and event == "open" and isinstance(words[1], str) and set(words[1]) & set("wax+"):
        writes.append(words[0])


sys.addaudithook(_watch)


def mutated(text: str, changes: list[tuple[float, int, str]]) -> str:
    """Return a text with pieces replaced by others."""
    for place, length, token in changes:
        at = round(place * len(text))
        text = text[:at] + token + text[at + length :]
    return text


def _leaves(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of all values that hold no others."""
    if isinstance(data, dict):
        return [place for key, value in data.items() for place in _leaves(value, (*at, key))]
    if isinstance(data, list):
        return [place for i, value in enumerate(data) for place in _leaves(value, (*at, i))]
    return [at]


def swapped(kind: str, changes: list[tuple[float, Any]]) -> str:
    """Return a good record, well-formed as before, with some of its values replaced: it reaches the rules behind the schema."""
    data = copy.deepcopy(DATA[kind])
    for place, value in changes:
        leaves = _leaves(data)
        at = leaves[min(int(place * len(leaves)), len(leaves) - 1)] if leaves else ()
        if at:
            target = data
            for key in at[:-1]:
                target = target[key]
            target[at[-1]] = copy.deepcopy(value)
    return yaml.dump(data, Dumper=DUMPER, allow_unicode=True, sort_keys=False)


def read(kind: str, text: str, base: Reading) -> list[Problem]:
    """Read a text as a record and run every rule on it; return what is found. Anything else than a DataError is a defect."""
    file, model = FILES[kind]
    problems = list(addresses._of_text(text, file))
    try:
        document = strict_yaml.parse(text, file)
        entry: Entry = Entry(base.root / file, strict_yaml.validate(document, model), document)
    except DataError as error:
        assert error.problems
        return problems + error.problems
    problems += addresses._escaped_signs(document)
    assert base.checklist is not None
    if kind == "paper":
        base = dataclasses.replace(base, papers={**base.papers, "doe2020": entry})
        problems += record_checks.unknown_fields(entry.record, document, list(base.fields))
    elif kind == "rating":
        base = dataclasses.replace(base, ratings=(entry, *base.ratings[1:]))
        raters = dict(base.raters.record.raters) if base.raters else None
        problems += record_checks.rating_problems(entry.record, document, entry.path, base.checklist, raters)
    elif kind == "raters":
        base = dataclasses.replace(base, raters=entry)
    elif kind == "field":
        base = dataclasses.replace(base, fields={"kidney": entry})
    else:
        base = dataclasses.replace(base, published={"kidney": entry})
        problems += record_checks.published_problems(entry.record, document, base.checklist)
    for check in CHECKS:
        problems += check(base)
    return [*problems, *dates.check(base, TODAY)]


def proved(kind: str, text: str, base: Reading, limit: float = 5.0) -> int:
    """Read a text, prove that every finding can be shown in every format in one line, in time and without a write."""
    global watching
    started, watching = time.process_time(), True  # other work on the machine does not count
    try:
        problems = list(bibliography._read(text, {})) if kind == "bibtex" else read(kind, text, base)
    finally:
        watching = False
    assert time.process_time() - started < limit
    assert writes == []
    for problem in problems[:20]:
        finding = Finding(problem)
        assert finding.problem.rule.startswith("DLRRC-")
        shown = f"{finding.as_text()}{finding.as_github()}"
        assert shown.isprintable() or not set(shown) & {
            chr(sign) for sign in (*range(32), *range(127, 160), 0x2028, 0x2029)
        }
        assert finding.as_data()["line"] >= 0
    return len(problems)
