"""Scores against totals counted by hand, an independent recount of all ratings, and properties over random answers."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, dlrrc
from hypothesis import given
from hypothesis import strategies as st

from dlrrc_core import bases, scoring
from dlrrc_core import checklist as checklists
from dlrrc_core.problems import UsageError
from dlrrc_core.records import Answer, Rating
from dlrrc_core.repository import Repository

CHECKLIST = checklists.load(ROOT / "data/checklist/dlrrc-1.0.yaml", ROOT)

# Zuo et al. (2023), Table 2, typed from the printed table; shares nothing with dlrrc_core
YES_NO = {"yes": 2.5, "no": 0.0}
TABLE_2: dict[int, Mapping[str, float]] = {item: YES_NO for item in range(1, 29)}
TABLE_2[14] = TABLE_2[26] = {"both": 5.0, "one": 2.5, "neither": 0.0}
TABLE_2[29] = TABLE_2[30] = {"full": 10.0, "partial": 7.5, "possible": 5.0, "none": 0.0}
TABLE_2[31] = {"accessible": 5.0, "inaccessible": 0.0}
PARTS = {"I": range(1, 5), "II": range(5, 15), "III": range(15, 19), "IV": range(19, 29), "V": range(29, 32)}


# the papers that the two machine raters judged first; records that are added later do not change what is counted here
FIRST_31 = [
    "afzal2023",
    "alekseenko2024",
    "azad2022",
    "bieder2023",
    "geyer2019",
    "islam2022",
    "jonnalagedda2020",
    "kascenas2022",
    "li2025",
    "liang2026",
    "liu2023",
    "manthe2023",
    "mehta2023",
    "milecki2023",
    "patel2023",
    "qasim2020",
    "rashmi2024",
    "ren2024",
    "saeed2022",
    "shen2024",
    "singla2022",
    "vadacchino2021",
    "varma2024",
    "wei2023",
    "wolleb2022",
    "wu2023",
    "xi2020",
    "xu2022",
    "xu2024",
    "you2019",
    "zuo2021",
]


@cache
def answers_on_disk() -> dict[tuple[str, str], dict[int, str]]:
    """Return the machine raters' answers to the first papers, read without dlrrc_core."""
    found = {}
    for paper in FIRST_31:
        for rater in ("machine-a", "machine-b"):
            text = Path(ROOT, f"data/papers/{paper}/ratings/{rater}.yaml").read_text(encoding="utf-8")
            answers = yaml.safe_load(text)["answers"]
            found[paper, rater] = {item: given["answer"] for item, given in answers.items()}
    return found


def random_answers(allow_special: bool = True) -> st.SearchStrategy[dict[int, str | None]]:
    """Return a strategy for one rating's answers."""
    special = [None, "unclear", "not-applicable"] if allow_special else []
    return st.fixed_dictionaries({item: st.sampled_from([*codes, *special]) for item, codes in TABLE_2.items()})


def test_points_and_parts_of_the_instrument() -> None:
    assert {part.id: part.points for part in CHECKLIST.parts} == {"I": 10, "II": 27.5, "III": 10, "IV": 27.5, "V": 25}
    assert {
        item: {code: units * 2.5 for code, units in codes.items()} for item, codes in CHECKLIST.units.items()
    } == TABLE_2
    assert {part.id: [item.id for item in part.items] for part in CHECKLIST.parts} == {
        part: list(items) for part, items in PARTS.items()
    }
    assert CHECKLIST.ordered_items == (14, 26, 29, 30)


@pytest.mark.parametrize(
    ("paper", "points"),
    [("zuo2021", (62.5, 62.5)), ("xi2020", (70.0, 62.5)), ("li2025", (70.0, 55.0)), ("islam2022", (57.5, 60.0))],
)
def test_totals_counted_by_hand(repo: Repository, paper: str, points: tuple[float, float]) -> None:
    table = scoring.score_papers(repo, [paper], "machine").set_index("rater")["points"]
    assert (table["machine-a"], table["machine-b"]) == points


def test_recount_of_all_ratings(repo: Repository) -> None:
    on_disk = answers_on_disk()
    totals = {key: sum(TABLE_2[item][code] for item, code in answers.items()) for key, answers in on_disk.items()}
    table = scoring.score_papers(repo, FIRST_31, "machine").set_index(["paper", "rater"])
    assert table["points"].to_dict() == totals
    for part, items in PARTS.items():
        assert table[f"part_{part}"].to_dict() == {
            key: sum(TABLE_2[i][answers[i]] for i in items) for key, answers in on_disk.items()
        }
    papers = sorted({paper for paper, _ in on_disk})
    a, b = ([totals[paper, rater] for paper in papers] for rater in ("machine-a", "machine-b"))
    same = [on_disk[p, "machine-a"][i] == on_disk[p, "machine-b"][i] for p in papers for i in range(1, 32)]
    assert len(papers) == 31
    # counted once by hand from the evidence the records were made of, to the digits given
    assert round(statistics.mean(a), 2) == 58.47
    assert round(statistics.mean(b), 2) == 53.06
    assert round(statistics.stdev(x - y for x, y in zip(a, b, strict=True)), 2) == 6.52
    assert round(statistics.mean(same), 4) == 0.8845


@given(st.lists(random_answers(), max_size=5))
def test_table_equals_the_scalar_form_row_by_row(ratings: list[dict[int, str | None]]) -> None:
    table = scoring.score_table(scoring.encode(ratings, CHECKLIST), CHECKLIST)
    assert len(table) == len(ratings)
    for (_, row), answers in zip(table.iterrows(), ratings, strict=True):
        one = scoring.score(answers, CHECKLIST)
        assert _plain(row["units"]) == one.units
        assert _plain(row["points"]) == one.points
        assert (row["low"], row["high"]) == one.interval
        assert {part: _plain(row[f"part_{part}"]) for part in PARTS} == one.parts
        assert (row["n_open"], row["n_outside"]) == (one.n_open, one.n_outside)
        for name in ("acceptable", "accessible", "open_code", "open_data", "open_weights"):
            assert _plain(row[name]) == getattr(one, name)


def _plain(value: object) -> object:
    """Return None for every kind of missing value."""
    return None if value is None or pd.isna(value) else value


@given(random_answers(), random_answers(allow_special=False))
def test_interval_holds_every_completion(answers: dict[int, str | None], fill: dict[int, str]) -> None:
    completed = {item: fill[item] if code in (None, "unclear") else code for item, code in answers.items()}
    low, high = scoring.score(answers, CHECKLIST).interval
    result = scoring.score(completed, CHECKLIST)
    if result.points is not None:
        assert low - 1e-9 <= result.points <= high + 1e-9
    best = {
        item: max(codes, key=lambda c: codes[c]) if answers[item] in (None, "unclear") else answers[item]
        for item, codes in TABLE_2.items()
    }
    assert scoring.score(best, CHECKLIST).interval[1] == pytest.approx(high)


@given(random_answers(allow_special=False))
def test_complete_ratings_are_exact(answers: dict[int, str]) -> None:
    result = scoring.score(answers, CHECKLIST)
    total = sum(TABLE_2[item][code] for item, code in answers.items())
    assert (result.points, result.units, result.interval) == (total, total / 2.5, (total, total))
    assert result.acceptable == (total >= 50)
    assert result.accessible == (sum(TABLE_2[item][answers[item]] for item in PARTS["V"]) >= 12.5)


def test_nothing_answered_is_not_zero() -> None:
    result = scoring.score({}, CHECKLIST)
    assert (result.points, result.units, result.interval) == (None, None, (0.0, 100.0))
    assert (result.acceptable, result.accessible, result.n_open) == (None, None, 31)
    assert set(result.parts.values()) == {None}


def test_not_applicable_leaves_the_denominator() -> None:
    answers = {item: max(codes, key=lambda c: codes[c]) for item, codes in TABLE_2.items()}
    answers |= {29: "not-applicable", 1: "no"}
    # 90 applicable points, of which 87.5 are reached
    assert scoring.score(answers, CHECKLIST).points == pytest.approx(100 * 87.5 / 90)
    everything = dict.fromkeys(TABLE_2, "not-applicable")
    assert scoring.score(everything, CHECKLIST).points is None


def test_ninety_points_with_nothing_open() -> None:
    answers = {item: max(codes, key=lambda c: codes[c]) for item, codes in TABLE_2.items()} | {
        29: "partial",
        30: "partial",
        31: "inaccessible",
    }
    result = scoring.score(answers, CHECKLIST)
    assert (result.points, result.open_code, result.open_data, result.open_weights) == (90.0, False, False, False)


def test_unknown_items_and_answers_are_all_named() -> None:
    for function in (lambda a: scoring.score(a, CHECKLIST), lambda a: scoring.encode([a], CHECKLIST)):
        with pytest.raises(UsageError) as caught:
            function({1: "Yes", 40: "no", 29: "ful"})
        assert str(caught.value).splitlines() == [
            "unknown item 40; allowed: 1 to 31",
            "item 1 has the answer 'Yes'; allowed: yes, no; did you mean 'yes'?",
            "item 29 has the answer 'ful'; allowed: full, partial, possible, none; did you mean 'full'?",
        ]


@pytest.mark.parametrize(
    "units", [np.zeros((2, 30), dtype=int), np.full((1, 31), 5), np.full((1, 31), -3), np.zeros(31, dtype=int)]
)
def test_wrong_unit_matrices_are_refused(units: np.ndarray) -> None:
    with pytest.raises(UsageError, match="allowed"):
        scoring.score_table(units, CHECKLIST)


def test_empty_input_gives_an_empty_table(repo: Repository) -> None:
    assert scoring.score_table(scoring.encode([], CHECKLIST), CHECKLIST).empty
    assert scoring.score_papers(repo, []).empty


def test_bases_prefer_consensus_then_people_then_machines() -> None:
    def rating(rater: str, kind: str) -> Rating:
        return Rating(
            paper="p1",
            rater=rater,
            kind=kind,
            checklist="dlrrc-1.0",
            read="full text",
            blinded=True,
            status="draft",
            answers={1: Answer(answer="yes")},
        )

    machine, human, consensus = rating("machine-a", "machine"), rating("ann", "human"), rating("consensus", "consensus")
    assert bases.on_basis([machine, human, consensus], "best") == (consensus,)
    assert bases.on_basis([machine, human], "best") == (human,)
    assert bases.on_basis([machine], "best") == (machine,)
    assert bases.on_basis([machine, human], "machine") == (machine,)
    assert bases.on_basis([machine], "human") == ()
    with pytest.raises(UsageError, match="unknown basis 'humans'; allowed: best, consensus, human, machine"):
        bases.on_basis([machine], "humans")


def test_json_of_the_command_line_has_the_documented_shape() -> None:
    import json

    result = json.loads(dlrrc("score", "--basis", "machine", "--format", "json").stdout)
    assert result["checklist"] == "dlrrc-1.0"
    assert len(result["ratings"]) >= 62
    zuo = next(r for r in result["ratings"] if (r["paper"], r["rater"]) == ("zuo2021", "machine-a"))
    wanted = {
        "paper": "zuo2021",
        "rater": "machine-a",
        "kind": "machine",
        "status": "complete",
        "units": 25,
        "points": 62.5,
        "interval": [62.5, 62.5],
    }
    assert {key: zuo[key] for key in wanted} == wanted
    assert zuo["parts"] == {"I": 7.5, "II": 17.5, "III": 7.5, "IV": 17.5, "V": 12.5}
    assert isinstance(zuo["units"], int)


@given(random_answers(), st.integers(1, 31))
def test_a_better_answer_never_lowers_the_score(answers: dict[int, str | None], item: int) -> None:
    found = []
    for code in sorted(TABLE_2[item], key=lambda c: TABLE_2[item][c]):
        found.append(scoring.score(answers | {item: code}, CHECKLIST))
    for worse, better in pairwise(found):
        assert better.interval[0] > worse.interval[0]
        assert better.interval[1] > worse.interval[1]
        assert (worse.acceptable, better.acceptable) not in {(True, False), (True, None), (None, False)}
    # an open item spans at least what its options give
    low, high = scoring.score(answers | {item: None}, CHECKLIST).interval
    assert (low, high) == pytest.approx((found[0].interval[0], found[-1].interval[1]))


@given(random_answers())
def test_score_does_not_depend_on_the_order_of_answers_or_on_missing_keys(answers: dict[int, str | None]) -> None:
    backwards = dict(reversed([(item, code) for item, code in answers.items() if code is not None]))
    assert scoring.score(backwards, CHECKLIST) == scoring.score(answers, CHECKLIST)
