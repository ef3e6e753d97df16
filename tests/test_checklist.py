"""The instrument adds up to Zuo et al. (2023), Table 2, and every way of breaking it is refused with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from dlrrc_core import checklist as checklists
from dlrrc_core.problems import DataError

FILE = "data/checklist/dlrrc-1.0.yaml"
TEXT = (ROOT / FILE).read_text(encoding="utf-8")
CHECKLIST = checklists.load(ROOT / FILE, ROOT)


def line_of(text: str, wanted: str) -> int:
    """Return the first line, from 1, that holds a text."""
    return next(i for i, line in enumerate(text.splitlines(), start=1) if wanted in line)


def problems(tmp_path: Path, text: str) -> list[str]:
    """Return the messages for a changed checklist."""
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        checklists.load(path, tmp_path)
    return str(caught.value).splitlines()


# part, number of items, points: Zuo et al. (2023), Table 2
PARTS = {"I": (4, 10.0), "II": (10, 27.5), "III": (4, 10.0), "IV": (10, 27.5), "V": (3, 25.0)}


def test_real_checklist() -> None:
    assert {part.id: (len(part.items), part.points) for part in CHECKLIST.parts} == PARTS
    assert sum(CHECKLIST.max_units.values()) == 40  # 100 points in units of 2.5
    assert list(CHECKLIST.items) == list(range(1, 32))
    assert CHECKLIST.ordered_items == (14, 26, 29, 30)
    assert CHECKLIST.open_items == {29: "full", 30: "full", 31: "accessible"}
    assert {CHECKLIST.part_of[n] for n in CHECKLIST.open_items} == {CHECKLIST.accessibility_part} == {"V"}
    assert (CHECKLIST.acceptable_points, CHECKLIST.accessibility_pass_percent) == (50, 50)


def test_labels_cover_every_answer() -> None:
    for number, codes in CHECKLIST.units.items():
        labels = [CHECKLIST.label(number, code) for code in (*codes, "unclear", "not-applicable", None)]
        assert len(set(labels)) == len(labels)
        assert labels[-3:] == ["Unclear", "Not applicable", "Not answered"]


def test_open_means_the_best_option_so_no_open_paper_loses_points() -> None:
    assert all(
        CHECKLIST.units[number][code] == CHECKLIST.max_units[number] for number, code in CHECKLIST.open_items.items()
    )


# what is replaced (first place), by what, text of the line that the message has to name ("" where the text stands twice), words of the message
BROKEN: list[tuple[str, str, str, str]] = [
    ("total_points: 100\n", "total_points: 99\n", "total_points", "the parts add up to 100 points; allowed: 99"),
    ("total_points: 100", "total_points: 100.0001", "total_points", "the parts add up to 100 points"),
    ("points: 25\n", "points: 27.5\n", "", "the items of part V add up to 25 points; allowed: 27.5 as stated"),
    ("points: 10}", "points: 12.5}", "", "the items of part V add up to"),
    ("unit_points: 2.5", "unit_points: 2", "code: 'yes'", "2.5 points; allowed: a multiple of 2"),
    ("unit_points: 2.5", "unit_points: 0", "unit_points", "unit_points is 0"),
    ("unit_points: 2.5", "unit_points: -2.5", "unit_points", "unit_points is -2.5"),
    ("unit_points: 2.5", "unit_points: .nan", "unit_points", "unit_points is '.nan'"),
    (
        "code: both",
        "code: one",
        "suited-correct:",
        "scale suited-correct has the codes ['one', 'one', 'neither']; allowed: each code once",
    ),
    ("code: both", "code: unclear", "suited-correct:", "each code once, none of ['unclear', 'not-applicable']"),
    ("  - id: II\n", "  - id: VI\n", "- id: VI", "parts.1.id is 'VI'; allowed: 'I', 'II', 'III', 'IV' or 'V'"),
    (
        "accessibility_part: V",
        "accessibility_part: v",
        "accessibility_part",
        "accessibility_part is 'v'; allowed: the id of a part",
    ),
    (
        "accessibility_pass_percent: 50",
        "accessibility_pass_percent: 120",
        "accessibility_pass_percent",
        "less than or equal to 100",
    ),
    ("scale: yes-no", "scale: yesno", "scale: yesno", "item 1 has the scale 'yesno'; allowed: one of ["),
]


@pytest.mark.parametrize(
    ("old", "new", "place", "words"), BROKEN, ids=[f"{i}-{new.strip()}" for i, (_, new, _, _) in enumerate(BROKEN)]
)
def test_broken_checklists_are_refused_with_line_and_words(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    assert old in TEXT
    found = problems(tmp_path, TEXT.replace(old, new, 1))
    assert any(words in message for message in found), found
    if place:
        line = line_of(TEXT.replace(old, new, 1), place)
        # a mapping starts in the line after its key
        assert any(
            message.startswith((f"{FILE}:{line}:", f"{FILE}:{line + 1}:")) and words in message for message in found
        ), found


def test_gaps_doubles_and_a_swap_of_numbers(tmp_path: Path) -> None:
    changes: list[Callable[[str], str]] = [
        lambda text: text.replace("id: 31\n", "id: 32\n"),
        lambda text: text.replace("id: 2\n", "id: 1\n", 1),
        lambda text: (
            text.replace("id: 1\n", "id: 99\n", 1).replace("id: 2\n", "id: 1\n", 1).replace("id: 99\n", "id: 2\n", 1)
        ),
    ]
    for i, change in enumerate(changes):
        assert change(TEXT) != TEXT
        assert any("without gaps" in message for message in problems(tmp_path / str(i), change(TEXT)))
