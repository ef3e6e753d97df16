"""Adjudication: what the raters differ on, and a consensus with a reason for every decided item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from conftest import dlrrc, tree_hash
from recordkit import small_checkout

from dlrrc_core import repository
from dlrrc_core.recording import yaml_text
from dlrrc_core.scoring import score_papers


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a checkout in which the raters of one paper differ on items 2 and 29, and agree on all others."""
    root = small_checkout(tmp_path)
    folder = root / "data/papers/zuo2021/ratings"
    rating = yaml.safe_load((folder / "machine-a.yaml").read_text(encoding="utf-8"))
    for item, answer in ((2, "yes"), (29, "possible")):
        assert rating["answers"][item]["answer"] != answer
        rating["answers"][item] |= {"answer": answer, "evidence": f"Other evidence {item}.", "where": "p. 9"}
    rating["rater"] = "machine-b"
    (folder / "machine-b.yaml").write_text(yaml.safe_dump(rating, sort_keys=False), encoding="utf-8")
    return root


def decide(root: Path, decisions: object) -> Path:
    """Write a file of decisions."""
    path = root / "decisions.yaml"
    path.write_text(yaml_text.dump(decisions), encoding="utf-8")
    return path


def test_disagreements_stand_with_both_evidences(small: Path) -> None:
    found = json.loads(dlrrc("adjudicate", "zuo2021", "--format", "json", cwd=small).stdout)
    assert (found["paper"], [entry["item"] for entry in found["disagreements"]]) == ("zuo2021", [2, 29])
    answers = found["disagreements"][0]["answers"]
    assert (answers["machine-a"]["answer"], answers["machine-b"]["answer"]) == ("no", "yes")
    assert (answers["machine-b"]["evidence"], answers["machine-b"]["where"]) == ("Other evidence 2.", "p. 9")
    assert answers["machine-a"]["evidence"].startswith("Phase availability")
    text = dlrrc("adjudicate", "zuo2021", cwd=small).stdout
    for said in ("2 item(s)", "2. Image selection", "machine-a: no", "machine-b: yes", "Other evidence 29. [p. 9]"):
        assert said in text


def test_consensus_has_a_reason_for_each_decided_item(small: Path) -> None:
    decide(small, {
        2: {"answer": "no", "reason": "No check of\nquality: is described.", "who": "Ada A., Bob B."},
        29: {"answer": "partial", "reason": "The structure is described.", "who": "Ada A.", "where": "Methods"},
        5: {"answer": "unclear", "reason": "Both overlooked table 1.", "who": "Bob B."},
    })  # fmt: skip
    before = {item: a.answer for item, a in repository.load(small).ratings_of["zuo2021"][0].answers.items()}
    result = dlrrc("adjudicate", "zuo2021", "--decisions", "decisions.yaml", cwd=small)
    assert (result.returncode, result.stdout) == (0, "data/papers/zuo2021/consensus.yaml\n"), result.stderr
    repo = repository.load(small)
    consensus = next(rating for rating in repo.ratings_of["zuo2021"] if rating.kind == "consensus")
    assert (consensus.rater, consensus.blinded, consensus.status) == ("consensus", False, "complete")
    assert consensus.answers[2].evidence == (
        "No check of quality: is described. [decided by Ada A., Bob B.; before: machine-a no, machine-b yes]"
    )
    assert (consensus.answers[29].answer, consensus.answers[29].where) == ("partial", "Methods")
    assert (consensus.answers[5].answer, before[5]) == ("unclear", "yes")
    undecided = set(before) - {2, 5, 29}
    assert {item: consensus.answers[item].answer for item in undecided} == {item: before[item] for item in undecided}
    assert all(consensus.answers[item].evidence for item in undecided)
    assert list(score_papers(repo, ["zuo2021"])["kind"]) == ["consensus"]
    again = dlrrc("adjudicate", "zuo2021", "--decisions", "decisions.yaml", cwd=small)
    assert (again.returncode, "consensus.yaml is there already" in again.stderr) == (2, True)
    assert dlrrc("adjudicate", "zuo2021", "--decisions", "decisions.yaml", "--replace", cwd=small).returncode == 0


GOOD = {"answer": "no", "reason": "r", "who": "Ada"}


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        ({2: GOOD}, ["differ on items 29, and no decision"]),
        ({5: GOOD}, ["differ on items 2, 29, and no decision"]),
        ({2: GOOD, 29: GOOD}, ["item 29 has the answer 'no'", "full, partial, possible, none"]),
        ({2: {"answer": "no", "reason": "r"}, 29: {"answer": "full", "who": "x"}}, ["2.who' is missing", "29.reason' is missing"]),
        ({2: GOOD | {"reason": ""}, 29: GOOD | {"answer": "full"}}, ["2.reason is ''"]),
        ({2: GOOD, 29: GOOD | {"answer": "full"}, 32: GOOD}, ["unknown item 32", "items 1 to 31"]),
        ({2: {"answer": True, "reason": "r", "who": "x"}, 29: GOOD | {"answer": "full"}}, ["2.answer is true without quotes"]),
        ([], ["decisions"]),
        (None, ["decisions"]),
    ],
)  # fmt: skip
def test_decisions_that_do_not_do(small: Path, decisions: object, said: list[str]) -> None:
    decide(small, decisions)
    before = tree_hash(small)
    result = dlrrc("adjudicate", "zuo2021", "--decisions", "decisions.yaml", cwd=small)
    assert result.returncode in (1, 2)
    assert tree_hash(small) == before
    for words in said:
        assert words in result.stderr


def test_one_rating_or_a_draft_cannot_be_adjudicated(small: Path) -> None:
    path = small / "data/papers/zuo2021/ratings/machine-b.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("status: complete", "status: draft"), encoding="utf-8")
    result = dlrrc("adjudicate", "zuo2021", cwd=small)
    assert result.returncode == 2
    assert "'zuo2021' has 1 complete rating(s) (machine-b not complete); adjudication needs at least 2" in result.stderr
