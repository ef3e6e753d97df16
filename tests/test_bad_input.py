"""Every broken record gives one message with file, line, what was found and what is allowed; nothing on disk changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import dlrrc, tree_hash

from dlrrc_core import repository
from dlrrc_core.problems import DataError

RATING = "data/papers/zuo2021/ratings/machine-a.yaml"
PAPER = "data/papers/zuo2021/paper.yaml"
CHECKLIST = "data/checklist/dlrrc-1.0.yaml"
PUBLISHED = "data/fields/rcc/published.yaml"
FIELD = "data/fields/rcc/field.yaml"
JOURNALS = "data/journals.csv"

# file, text to replace (first place), replacement, what the message has to hold
BROKEN = [
    (RATING, "  16:\n", "  32:\n", ["unknown item 32", "items 1 to 31"]),
    (RATING, "answer: 'no'", "answer: 'nope'", ["has the answer 'nope'", "yes, no, unclear, not-applicable or null"]),
    (RATING, "answer: 'no'", "answer: 'not'", ["did you mean"]),
    (RATING, "answer: 'no'", "answer: No", ["is No without quotes", "write 'no' in quotes"]),
    (RATING, "answer: 'no'", "answer: 3", ["is the number 3", "write '3' in quotes"]),
    (RATING, "  2:\n", "  1:\n", ["the key 'answers.1' for the second time (first in line"]),
    (RATING, "rater: machine-a\n", "rater: machine-b\n", ["rater is 'machine-b'", "'machine-a' (the file's name)"]),
    (RATING, "kind: machine\n", "kind: human\n", ["kind is 'human'", "'machine', as in data/raters.yaml"]),
    (RATING, "kind: machine\n", "kind: robot\n", ["kind is 'robot'", "'human', 'machine' or 'consensus'"]),
    (RATING, "paper: zuo2021\n", "paper: xi2020\n", ["paper is 'xi2020'", "'zuo2021' (the folder's name)"]),
    (RATING, "checklist: dlrrc-1.0\n", "checklist: dlrrc-0.9\n", ["checklist is 'dlrrc-0.9'", "'dlrrc-1.0'"]),
    (RATING, "blinded: true\n", "", ["'blinded' is missing", "add 'blinded:'"]),
    (RATING, "blinded: true\n", "blinded: true\nblended: true\n", ["unknown key 'blended'"]),
    (RATING, "answer: 'no'", "answer: null", ["status is complete, but items", "set 'status: draft'"]),
    (RATING, "paper: zuo2021\n", "paper: &a zuo2021\n", ["the anchor or alias 'a'"]),
    (
        RATING,
        "paper: zuo2021\n",
        "paper: !!python/name:os.system zuo2021\n",
        ["the tag 'tag:yaml.org,2002:python/name:os.system'"],
    ),
    (RATING, "answers:\n", "\tanswers:\n", ["not YAML", "check indentation"]),
    (RATING, "paper: zuo2021\n", "paper: zuo2021\n---\nmore: 1\n", ["a second YAML document"]),
    (PAPER, "year: 2021\n", "year: '2021'\n", ["year is '2021'"]),
    (PAPER, "year: 2021\n", "year: 20211\n", ["year is 20211", "less than or equal to 2100"]),
    (PAPER, "  - rcc\n", "  - rccc\n", ["the field 'rccc'", "brain-tumour-mri, rcc", "did you mean 'rcc'"]),
    (PAPER, "id: zuo2021\n", "id: zuo2022\n", ["id is 'zuo2022'", "'zuo2021' (the folder's name)"]),
    (PAPER, "doi: 10.3389", "doi: doi.org/10.3389", ["doi is 'doi.org/10.3389"]),
    (PAPER, "authors_complete: true", "authors_complete: maybe", ["authors_complete is 'maybe'"]),
    (
        CHECKLIST,
        "points: 27.5\n",
        "points: 30\n",
        ["the items of part II add up to 27.5 points", "30 as stated", "the parts add up to 102.5 points"],
    ),
    (CHECKLIST, "points: 7.5}", "points: 7}", ["7.0 points", "a multiple of 2.5"]),
    (CHECKLIST, "slug: image-filtering", "slug: labels-meaningful", ["two items share a slug"]),
    (CHECKLIST, "id: 3\n", "id: 33\n", ["the items are numbered [1, 2, 33", "without gaps"]),
    (CHECKLIST, "scale: yes-no", "scale: yes-or-no", ["item 1 has the scale 'yes-or-no'", "one of"]),
    (CHECKLIST, "accessibility_part: V", "accessibility_part: VI", ["accessibility_part is 'VI'"]),
    (CHECKLIST, "open_code: full ", "open_code: wide ", ["open_code is 'wide'"]),
    (PUBLISHED, "item: 31\n", "item: 41\n", ["item is 41", "each of 1, 2, 3"]),
    (PUBLISHED, "item: 31\n", "item: 4\n", ["item is 4 for the second time"]),
    (FIELD, "short_title: ", "short_title: <script>x</script>", ["short_title is '<script>", "allowed"]),
    (JOURNALS, "journal,issn", "name,issn", ["the columns", "journal, issn"]),
]


def break_file(root: Path, file: str, old: str, new: str) -> None:
    """Replace the first place of a text in a file."""
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"), BROKEN, ids=[f"{i}-{new.strip()[:30]}" for i, (_, _, new, _) in enumerate(BROKEN)]
)
def test_message_names_file_line_found_and_allowed(
    checkout: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    break_file(checkout, file, old, new)
    before = tree_hash(checkout)
    with pytest.raises(DataError) as caught:
        repository.load(checkout)
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert all(problem.file == file and problem.line >= 1 for problem in caught.value.problems)
    assert "; allowed: " in message
    assert tree_hash(checkout) == before


def test_not_utf8_and_too_large_files_are_refused(checkout: Path) -> None:
    (checkout / RATING).write_bytes(b"paper: \xff\n")
    (checkout / PAPER).write_bytes(b"#" * 1_000_001)
    with pytest.raises(DataError) as caught:
        repository.load(checkout)
    found = {problem.file: problem.found for problem in caught.value.problems}
    assert found[RATING] == "text that is not UTF-8"
    assert found[PAPER] == "the file has 1000001 bytes"


def test_percentile_and_repeated_journal(checkout: Path) -> None:
    path = checkout / JOURNALS
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    path.write_text("\n".join([*lines, lines[1], "New Journal,,,,,,,120,x"]) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        repository.load(checkout)
    message = str(caught.value)
    assert "the percentile '120'" in message
    assert f"the journal '{cells[0]}' again (first in line 2)" in message


def test_all_problems_of_all_files_at_once(checkout: Path) -> None:
    break_file(checkout, RATING, "answer: 'no'", "answer: No")
    break_file(checkout, "data/papers/xi2020/ratings/machine-b.yaml", "answer: 'yes'", "answer: 'maybe'")
    break_file(checkout, PAPER, "year: 2021\n", "year: '2021'\n")
    with pytest.raises(DataError) as caught:
        repository.load(checkout)
    assert {problem.file for problem in caught.value.problems} == {
        PAPER,
        RATING,
        "data/papers/xi2020/ratings/machine-b.yaml",
    }


def test_command_line_reports_on_stderr_with_status_1(checkout: Path) -> None:
    break_file(checkout, RATING, "answer: 'no'", "answer: No")
    before = tree_hash(checkout)
    for words in (("score",), ("stats", "--field", "rcc"), ("build",)):
        result = dlrrc(*words, cwd=checkout)
        assert (result.returncode, result.stdout) == (1, "")
        assert f"{RATING}:" in result.stderr
        assert "Traceback" not in result.stderr
    result = dlrrc("validate", cwd=checkout)  # its findings are its result
    assert (result.returncode, result.stderr) == (1, "")
    assert f"{RATING}:" in result.stdout
    assert tree_hash(checkout) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("stats", "--field", "rc"), "unknown field 'rc'; allowed: rcc, brain-tumour-mri; did you mean 'rcc'?"),
        (("score", "--paper", "zuo2012"), "unknown paper 'zuo2012'"),
        (("score", "--basis", "humans"), "unknown basis 'humans'; allowed: best, consensus, human, machine"),
        (("score", "--paper", "toda2022"), "'toda2022' has no rating on the basis 'best'"),
        (("build", "--field", "lung"), "unknown field 'lung'"),
    ],
)
def test_wrong_usage_has_status_2_and_names_what_is_allowed(words: tuple[str, ...], message: str) -> None:
    result = dlrrc(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


def test_outside_a_checkout(tmp_path: Path) -> None:
    result = dlrrc("score", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "no data/checklist" in result.stderr
