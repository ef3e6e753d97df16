"""Every rule has a record that breaks it and one that just keeps it; the tables are the files in ``fixtures``."""

from __future__ import annotations

import datetime
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, tree_hash

from dlrrc_core.rules import SEVERITIES, rules
from dlrrc_core.validation import validate

FIXTURES = Path(__file__).parent / "fixtures"
TODAY = datetime.date(2024, 7, 1)
DOE = "data/papers/doe2020"
NAMES = {
    "paper": f"{DOE}/paper.yaml",
    "rating": f"{DOE}/ratings/ann.yaml",
    "machine": f"{DOE}/ratings/model-x.yaml",
    "other": "data/papers/roe2021/paper.yaml",
    "field": "data/fields/kidney/field.yaml",
    "published": "data/fields/kidney/published.yaml",
    "raters": "data/raters.yaml",
    "journals": "data/journals.csv",
    "checklist": "data/checklist/dlrrc-1.0.yaml",
    "questions": "data/checklist/dlrrc-1.0-questions.yaml",
    "bib": "book/references.bib",
    "config": "_config.yml",
}
CASES: dict[str, dict[str, list[dict[str, Any]]]] = {}
for table in sorted(FIXTURES.glob("*.yaml")):
    CASES |= yaml.safe_load(table.read_text(encoding="utf-8"))
FAIL = [(rule, case) for rule, cases in CASES.items() for case in cases["fail"]]
PASS = [(rule, case) for rule, cases in CASES.items() for case in cases["pass"]]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a small checkout that no rule finds fault with."""
    root = tmp_path / "checkout"
    shutil.copytree(FIXTURES / "base", root)
    shutil.copy(ROOT / NAMES["checklist"], root / NAMES["checklist"])
    return root


def do(root: Path, what: str, name: str, *words: Any) -> None:
    """Change one file of a checkout."""
    path = root / NAMES.get(name, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "replace":
        text = path.read_text(encoding="utf-8")
        assert words[0] in text, f"{name} does not hold {words[0]!r}"
        path.write_text(text.replace(words[0], words[1], 1), encoding="utf-8")
    elif what == "append":
        path.write_text(path.read_text(encoding="utf-8") + words[0], encoding="utf-8")
    elif what == "write":
        path.write_text(words[0], encoding="utf-8")
    elif what == "latin":
        path.write_bytes(words[0].encode("latin-1"))
    elif what == "pad":
        raw = path.read_bytes()
        path.write_bytes(raw + b"#" * (words[0] - len(raw)))
    elif what == "many":
        path.write_text(path.read_text(encoding="utf-8") + f"more: [{'1,' * words[0]}]\n", encoding="utf-8")
    elif what == "remove":
        path.rmdir() if path.is_dir() else path.unlink()
    elif what == "move":
        path.rename(root / words[0])
    elif what == "copy":
        shutil.copy(path, root / words[0])
    elif what == "link":
        path.symlink_to(words[0])
    else:
        assert what == "pipe", what
        os.mkfifo(path)


def found(root: Path, case: dict[str, Any]) -> dict[str, list[str]]:
    """Return the messages by rule after the edits of a case, and prove that validating changed nothing."""
    for step in case["do"]:
        do(root, *step)
    pipes = any(step[0] == "pipe" for step in case["do"])
    before = None if pipes else tree_hash(root)
    messages: dict[str, list[str]] = {}
    for finding in validate(root, today=TODAY).findings:
        messages.setdefault(finding.problem.rule, []).append(finding.as_text())
        assert finding.problem.file
        assert finding.fix
    assert before is None or tree_hash(root) == before
    return messages


def test_base_has_no_finding(base: Path) -> None:
    assert [finding.as_text() for finding in validate(base, today=TODAY).findings] == []


def test_no_rule_is_without_a_case_and_no_case_without_a_rule() -> None:
    assert sorted(CASES) == sorted(rules())
    assert [rule for rule, cases in CASES.items() if not (cases["fail"] and cases["pass"])] == []
    assert len(FAIL) >= 40
    assert all(len(case["says"]) >= 8 for _, case in FAIL)


@pytest.mark.parametrize(("rule", "case"), FAIL, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(FAIL)])
def test_broken_record_gives_the_message_of_its_rule(base: Path, rule: str, case: dict[str, Any]) -> None:
    messages = found(base, case)
    assert any(case["says"] in message for message in messages.get(rule, [])), messages
    assert set(messages) == {rule, *case.get("also", [])}, messages


@pytest.mark.parametrize(("rule", "case"), PASS, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(PASS)])
def test_good_record_near_the_rule_gives_no_message(base: Path, rule: str, case: dict[str, Any]) -> None:
    messages = found(base, case)
    assert rule not in messages, messages
    assert set(messages) <= set(case.get("also", [])), messages


def test_rules_have_permanent_ids_in_order_and_the_word_of_their_severity() -> None:
    words = dict(zip(SEVERITIES, ("MUST", "SHOULD", "MAY"), strict=True))
    for name, rule in rules().items():
        assert name == rule.id
        assert words[rule.severity] in rule.says
        assert all(text.endswith(".") for text in (rule.says, rule.why, rule.fix))
    for group in {rule.group for rule in rules().values()}:
        numbers = [int(rule.id[-3:]) for rule in rules().values() if rule.group == group]
        assert numbers == list(range(1, len(numbers) + 1))
