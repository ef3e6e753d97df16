"""The JSON Schemas for editors: every record of this repository passes, and broken ones do not; jsonschema is the judge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import ROOT, dlrrc
from jsonschema import Draft202012Validator, FormatChecker

from dlrrc_core import repository, strict_yaml
from dlrrc_core.problems import UsageError
from dlrrc_core.validation.schemas import KINDS, json_schema

FILES = {
    "paper": "data/papers/*/paper.yaml",
    "rating": "data/papers/*/ratings/*.yaml",
    "field": "data/fields/*/field.yaml",
    "published": "data/fields/*/published.yaml",
    "raters": "data/raters.yaml",
    "questions": "data/checklist/*-questions.yaml",
    "checklist": "data/checklist/dlrrc-1.0.yaml",
}
READING = repository.read(ROOT)


def validator(kind: str) -> Draft202012Validator:
    """Return a validator for a kind of record."""
    schema = json_schema(kind, READING)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def as_json(path: str) -> Any:
    """Return a record as JSON has it: every key is text."""
    return json.loads(json.dumps(strict_yaml.load(ROOT / path, ROOT).data))


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_passes_its_schema(kind: str) -> None:
    judge, files = validator(kind), sorted(ROOT.glob(FILES[kind]))
    assert files
    for path in files:
        wrong = [error.message for error in judge.iter_errors(as_json(path.relative_to(ROOT).as_posix()))]
        assert wrong == [], path


ZUO = "data/papers/zuo2021"
BROKEN = [
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("answers", "1", "answer"), "nope"),
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("answers", "29", "answer"), "yes"),
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("answers", "32"), {"answer": "yes"}),
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("answers", "31"), None),
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("answers", "31", "answer"), None),
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("checklist",), "dlrrc-0.9"),
    ("rating", f"{ZUO}/ratings/machine-a.yaml", ("date",), "30.06.2026"),
    ("paper", f"{ZUO}/paper.yaml", ("doi",), "https://doi.org/10.3389/x"),
    ("paper", f"{ZUO}/paper.yaml", ("url",), "javascript:alert(1)"),
    ("paper", f"{ZUO}/paper.yaml", ("fields",), ["rccc"]),
    ("paper", f"{ZUO}/paper.yaml", ("yaer",), 2021),
    ("questions", "data/checklist/dlrrc-1.0-questions.yaml", ("questions", "77"), {"text": "x", "seen_in": ["ab"]}),
]


@pytest.mark.parametrize(("kind", "file", "at", "value"), BROKEN, ids=[f"{i}-{b[2][-1]}" for i, b in enumerate(BROKEN)])
def test_broken_record_does_not_pass(kind: str, file: str, at: tuple[str, ...], value: object) -> None:
    data = as_json(file)
    place = data
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    assert not validator(kind).is_valid(data)


def test_draft_may_leave_items_open() -> None:
    data = as_json(f"{ZUO}/ratings/machine-a.yaml")
    del data["answers"]["31"]
    assert not validator("rating").is_valid(data)
    assert validator("rating").is_valid({**data, "status": "draft"})


def test_schema_names_items_and_codes() -> None:
    answers = json.loads(dlrrc("schema", "rating").stdout)["properties"]["answers"]["properties"]
    assert list(answers) == [str(number) for number in range(1, 32)]
    codes = answers["29"]["allOf"][1]["properties"]["answer"]["enum"]
    assert codes == ["full", "partial", "possible", "none", "unclear", "not-applicable", None]


def test_unknown_kind_is_refused() -> None:
    result = dlrrc("schema", "papers")
    assert (result.returncode, result.stdout) == (2, "")
    assert "unknown kind of record 'papers'; allowed: paper, rating, field" in result.stderr
    with pytest.raises(UsageError, match="did you mean 'paper'"):
        json_schema("papers", READING)
