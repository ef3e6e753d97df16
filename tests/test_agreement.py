"""Agreement of the raters, counted again from the plain files with formulas written out here; what must hold for any ratings."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import ROOT, dlrrc
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scoring import CHECKLIST, FIRST_31, PARTS, TABLE_2, answers_on_disk

from dlrrc_core import repository
from dlrrc_core.agreement import Ratings, agreement, double_ratings, total_agreement
from dlrrc_core.problems import UsageError
from dlrrc_core.repository import Repository

A, B = "machine-a", "machine-b"
ITEMS = range(1, 32)
ORDERED = (14, 26, 29, 30)
NORMAL = 1.959963984540054  # 97.5 % point of the normal distribution, from any table
EXACT = 1e-12  # the same formula in another order of sums; worst difference seen in this file: below 1e-15

# -------------------------------------------------------------------- formulas for two raters, plain loops over pairs of answers

Pairs = Sequence[tuple[float, float]]


def raw(pairs: Pairs) -> float:
    """Return the share of equal pairs."""
    return sum(a == b for a, b in pairs) / len(pairs)


def kappa(pairs: Pairs, power: int | None = None, width: float | None = None) -> float | None:
    """Return Cohen's kappa as 1 - observed / expected disagreement; unweighted, or with |a - b| to a power (1968)."""

    def apart(a: float, b: float) -> float:
        return float(a != b) if power is None else abs(a - b) ** power

    n = len(pairs)
    observed = sum(apart(a, b) for a, b in pairs) / n
    expected = sum(apart(a, b) for a, _ in pairs for _, b in pairs) / n**2
    return None if expected == 0 else 1 - observed / expected


def ac1(pairs: Pairs, categories: int) -> float:
    """Return Gwet's AC1 (2008): chance is sum pi (1 - pi) / (q - 1) with the mean share pi of each category."""
    both = [value for pair in pairs for value in pair]
    share = [both.count(value) / len(both) for value in set(both)]
    chance = sum(pi * (1 - pi) for pi in share) / (categories - 1)
    return (raw(pairs) - chance) / (1 - chance)


def alpha(pairs: Pairs, power: int = 0) -> float | None:
    """Return Krippendorff's alpha (2011) for two raters and no missing answer: nominal, or interval with power 2."""

    def apart(a: float, b: float) -> float:
        return abs(a - b) ** power if power else float(a != b)

    values = [value for pair in pairs for value in pair]
    n = len(values)
    observed = 2 * sum(apart(a, b) for a, b in pairs) / n
    counts = {value: values.count(value) for value in set(values)}
    expected = sum(counts[a] * counts[b] * apart(a, b) for a in counts for b in counts) / (n * (n - 1))
    return None if expected == 0 else 1 - observed / expected


def points(paper: str, rater: str, items: Iterable[int] = ITEMS) -> list[float]:
    """Return the points of a paper's answers, from the file and the typed Table 2."""
    answers = answers_on_disk()[paper, rater]
    return [TABLE_2[item][answers[item]] for item in items]


def pairs_of(items: Iterable[int]) -> Pairs:
    """Return both raters' points for every paper and item."""
    chosen = list(items)
    return [pair for p in FIRST_31 for pair in zip(points(p, A, chosen), points(p, B, chosen), strict=True)]


def totals() -> tuple[list[float], list[float]]:
    """Return both raters' total points by paper."""
    return [sum(points(p, A)) for p in FIRST_31], [sum(points(p, B)) for p in FIRST_31]


def mean_squares(x: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Return the mean squares of papers, raters and residual of a table (papers, raters), by the textbook sums."""
    n, k = len(x), len(x[0])
    grand = statistics.fmean(v for row in x for v in row)
    rows = [statistics.fmean(row) for row in x]
    columns = [statistics.fmean(row[j] for row in x) for j in range(k)]
    papers = k * sum((r - grand) ** 2 for r in rows) / (n - 1)
    raters = n * sum((c - grand) ** 2 for c in columns) / (k - 1)
    residual = sum((x[i][j] - rows[i] - columns[j] + grand) ** 2 for i in range(n) for j in range(k))
    return papers, raters, residual / ((n - 1) * (k - 1))


# -------------------------------------------------------------------- the 31 papers that both machine raters judged


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Return the agreement of the two machine raters without intervals."""
    repo = repository.load(ROOT)
    return agreement(double_ratings(repo, FIRST_31, "machine"), repo.checklist, draws=0)


def test_printed_numbers(found: dict[str, Any]) -> None:
    # counted once by hand from the evidence the records were made of, to the digits given
    assert found["n_papers"] == 31
    assert (found["papers"], found["raters"]) == (sorted(FIRST_31), [A, B])
    assert found["pooled"]["n"] == 31 * 31
    assert round(found["pooled"]["raw"], 4) == 0.8845
    assert round(found["pooled"]["kappa"], 3) == 0.803
    assert {rater: round(mean, 2) for rater, mean in found["totals"]["mean"].items()} == {A: 58.47, B: 53.06}
    assert round(found["totals"]["sd_difference"], 2) == 6.52


def check_group(group: dict[str, Any], items: Sequence[int], categories: int, ordered: bool) -> None:
    """Compare one group of items with the formulas above."""
    pairs = pairs_of(items)
    wanted = {
        "n": len(pairs),
        "raw": raw(pairs),
        "kappa": kappa(pairs),
        "ac1": ac1(pairs, categories),
        "alpha": alpha(pairs),
    }
    if ordered:
        wanted |= {
            "kappa_linear": kappa(pairs, 1),
            "kappa_quadratic": kappa(pairs, 2),
            "alpha_interval": alpha(pairs, 2),
        }
    for name, value in wanted.items():
        if value is None:
            assert group[name] is None, name
        else:
            assert group[name] == pytest.approx(value, abs=EXACT), name


def test_every_group_is_the_plain_recount(found: dict[str, Any]) -> None:
    check_group(found["pooled"], ITEMS, 5, ordered=False)
    check_group(found["ordered"], ORDERED, 5, ordered=True)
    assert list(found["parts"]) == list(PARTS)
    for part, items in PARTS.items():
        check_group(found["parts"][part], items, 5, ordered=False)


def test_every_item_is_the_plain_recount(found: dict[str, Any]) -> None:
    assert [entry["item"] for entry in found["items"]] == list(ITEMS)
    for entry in found["items"]:
        item = entry["item"]
        check_group(entry, [item], len(TABLE_2[item]), ordered=item in ORDERED)
        assert ("kappa_quadratic" in entry) == (item in ORDERED)
        assert entry["differ"] == [p for p in sorted(FIRST_31) if points(p, A, [item]) != points(p, B, [item])]


def test_an_item_on_which_all_agree_has_no_kappa(found: dict[str, Any]) -> None:
    same = [entry for entry in found["items"] if entry["raw"] == 1]
    assert same
    for entry in same:
        values = {value for pair in pairs_of([entry["item"]]) for value in pair}
        assert (entry["kappa"] is None) == (entry["alpha"] is None) == (len(values) == 1)
        assert entry["ac1"] == 1.0
        assert entry["differ"] == []
    assert any(entry["kappa"] is None for entry in same)


def test_totals_by_the_formulas(found: dict[str, Any]) -> None:
    a, b = totals()
    r, c, e = mean_squares(list(zip(a, b, strict=True)))
    n, k = 31, 2
    wanted = {
        # McGraw and Wong (1996), Psychol Methods 1:30-46, Table 4
        "icc_a1": (r - e) / (r + (k - 1) * e + k / n * (c - e)),
        "icc_c1": (r - e) / (r + (k - 1) * e),
        "icc_ck": (r - e) / r,
        # de Vet et al. (2006), J Clin Epidemiol 59:1033-1039: SEM for agreement
        "sdc": NORMAL * math.sqrt(2) * math.sqrt(max(c - e, 0) / n + e),
    }
    entry = found["totals"]
    assert entry["n"] == 31
    assert {name: entry[name] for name in wanted} == pytest.approx(wanted, abs=1e-10)
    difference = [x - y for x, y in zip(a, b, strict=True)]
    mean, sd = statistics.fmean(difference), statistics.stdev(difference)
    (pair,) = entry["pairs"]
    assert (pair["raters"], pair["kinds"], pair["n"]) == ([A, B], ["machine", "machine"], 31)
    # Bland and Altman (1986), Lancet 327:307-310
    limits = {"mean_difference": mean, "sd_difference": sd, "lower": mean - NORMAL * sd, "upper": mean + NORMAL * sd}
    assert {name: pair[name] for name in limits} == pytest.approx(limits, abs=1e-10)
    assert (pair["raw"], pair["kappa"]) == pytest.approx((found["pooled"]["raw"], found["pooled"]["kappa"]), abs=EXACT)


# -------------------------------------------------------------------- the command line


@pytest.fixture
def only_31(checkout: Path) -> Path:
    """Return a copied repository with the ratings of the 31 papers alone."""
    for path in [*checkout.glob("data/papers/*/ratings/*.yaml"), *checkout.glob("data/papers/*/consensus.yaml")]:
        if path.relative_to(checkout / "data/papers").parts[0] not in FIRST_31 or path.stem not in (A, B):
            path.unlink()
    return checkout


def command(root: Path, *words: str) -> dict[str, Any]:
    """Return what ``dlrrc agreement --format json`` prints."""
    result = dlrrc("agreement", "--draws", "100", "--format", "json", *words, cwd=root)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_constant=pytest.fail)


def without_intervals(value: Any) -> Any:
    """Return nested statistics without intervals and number of draws."""
    if isinstance(value, dict):
        return {k: without_intervals(v) for k, v in value.items() if not k.endswith("_ci") and k != "draws"}
    return [without_intervals(entry) for entry in value] if isinstance(value, list) else value


def test_the_command_prints_the_documented_shape(only_31: Path, found: dict[str, Any]) -> None:
    printed = command(only_31)
    assert printed["n_papers"] == 31
    assert {"raw", "kappa"} <= set(printed["pooled"])
    assert set(printed["totals"]["mean"]) == {A, B}
    assert isinstance(printed["totals"]["sd_difference"], float)
    first = printed["items"][0]
    assert (first["item"], first["raw"], first["kappa"]) == (1, 1.0, None)
    assert without_intervals(printed) == without_intervals(found)
    low, high = printed["pooled"]["kappa_ci"]
    assert 0.7 < low < printed["pooled"]["kappa"] < high < 0.9
    assert first["kappa_ci"] == [None, None]


def test_one_changed_answer_changes_the_numbers(only_31: Path) -> None:
    before = agreement(double_ratings(repository.load(only_31), FIRST_31), CHECKLIST, draws=0)
    path = only_31 / f"data/papers/zuo2021/ratings/{A}.yaml"
    text = path.read_text(encoding="utf-8")
    assert "answer: 'yes'" in text.split("\n  2:")[0]  # item 1, on which all agree
    path.write_text(text.replace("answer: 'yes'", "answer: 'no'", 1), encoding="utf-8")
    after = agreement(double_ratings(repository.load(only_31), FIRST_31), CHECKLIST, draws=0)
    assert after["pooled"]["raw"] == pytest.approx(before["pooled"]["raw"] - 1 / 961, abs=EXACT)
    assert after["pooled"]["kappa"] < before["pooled"]["kappa"]
    assert after["totals"]["mean"][A] == pytest.approx(before["totals"]["mean"][A] - 2.5 / 31, abs=EXACT)
    item = after["items"][0]
    assert (item["raw"], item["differ"]) == (pytest.approx(30 / 31), ["zuo2021"])
    assert item["kappa"] == pytest.approx(0)  # rater b always says yes: kappa is 0, not undefined
    assert without_intervals(after["items"][1:]) == without_intervals(before["items"][1:])


def test_no_paper_rated_twice_gives_a_defined_result(only_31: Path) -> None:
    for path in only_31.glob(f"data/papers/*/ratings/{B}.yaml"):
        path.unlink()
    printed = command(only_31)
    assert (printed["n_papers"], printed["papers"], printed["raters"]) == (0, [], [])
    assert (printed["pooled"]["n"], printed["pooled"]["raw"], printed["pooled"]["kappa"]) == (0, None, None)
    assert (printed["totals"]["n"], printed["totals"]["sd_difference"], printed["totals"]["pairs"]) == (0, None, [])
    assert all(item["raw"] is None and item["differ"] == [] for item in printed["items"])


def test_one_paper_has_agreement_but_no_spread(repo: Repository) -> None:
    one = agreement(double_ratings(repo, ["zuo2021"]), repo.checklist, draws=100)
    answers = [answers_on_disk()["zuo2021", rater] for rater in (A, B)]
    assert one["n_papers"] == 1
    assert one["pooled"]["raw"] == pytest.approx(sum(answers[0][i] == answers[1][i] for i in ITEMS) / 31, abs=EXACT)
    assert one["pooled"]["raw_ci"] == [None, None]
    assert one["totals"]["mean"] == {A: 62.5, B: 62.5}
    assert (one["totals"]["n"], one["totals"]["icc_a1"], one["totals"]["sd_difference"]) == (1, None, None)


def test_unknown_words_are_refused(repo: Repository) -> None:
    with pytest.raises(
        UsageError, match=r"unknown kind 'machin'; allowed: any, human, machine; did you mean 'machine'\?"
    ):
        double_ratings(repo, FIRST_31, "machin")
    with pytest.raises(UsageError, match="unknown paper 'zuo2020'"):
        double_ratings(repo, ["zuo2020"])


def test_only_the_wanted_kind_counts(repo: Repository) -> None:
    assert double_ratings(repo, FIRST_31, "human").papers == ()
    assert double_ratings(repo, reversed(FIRST_31), "machine").papers == tuple(sorted(FIRST_31))


def test_intervals_depend_on_the_seed_alone(repo: Repository) -> None:
    ratings = double_ratings(repo, FIRST_31)
    first, again, other = (total_agreement(ratings, 200, seed) for seed in (1, 1, 2))
    assert first == again
    assert first["icc_a1_ci"] != other["icc_a1_ci"]
    assert first["icc_a1"] == other["icc_a1"]


# -------------------------------------------------------------------- three raters, missing answers


@pytest.fixture
def three(only_31: Path) -> Path:
    """Return a copied repository in which a person has judged twelve of the papers too, with gaps."""
    raters = only_31 / "data/raters.yaml"
    raters.write_text(
        raters.read_text(encoding="utf-8") + "  human-c:\n    name: Person C\n    kind: human\n", encoding="utf-8"
    )
    codes = {item: list(options) for item, options in TABLE_2.items()}
    for number, paper in enumerate(FIRST_31[:12]):
        path = only_31 / f"data/papers/{paper}/ratings/{A}.yaml"
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        record |= {"rater": "human-c", "kind": "human", "status": "draft"}
        for item, given_ in record["answers"].items():
            if (item + number) % 5 == 0:  # another answer
                given_["answer"] = codes[item][(codes[item].index(given_["answer"]) + 1) % len(codes[item])]
            if number >= 6 and (item * number) % 7 == 0:  # no answer yet
                given_["answer"] = None
        path.with_name("human-c.yaml").write_text(yaml.safe_dump(record, sort_keys=False), encoding="utf-8")
    return only_31


def plain_answers(root: Path) -> dict[str, dict[tuple[str, int], float | None]]:
    """Return points by rater, paper and item, read without the library; None where missing."""
    found: dict[str, dict[tuple[str, int], float | None]] = {}
    for path in sorted(root.glob("data/papers/*/ratings/*.yaml")):
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        for item, given_ in record["answers"].items():
            key = record["paper"], item
            found.setdefault(record["rater"], {})[key] = TABLE_2[item].get(given_["answer"])
    return found


def test_three_raters_with_missing_answers(three: Path) -> None:
    plain = plain_answers(three)
    repo = repository.load(three)
    result = agreement(double_ratings(repo, FIRST_31), repo.checklist, draws=0)
    assert result["raters"] == ["human-c", A, B]
    assert result["kinds"] == {"human-c": "human", A: "machine", B: "machine"}
    subjects = [(paper, item) for paper in FIRST_31 for item in ITEMS]
    shares, kappas = [], []
    for subject in subjects:  # mean over subjects of the share of equal pairs of answers
        answers = [v for r in plain if (v := plain[r].get(subject)) is not None]
        if len(answers) > 1:
            shares.append(statistics.fmean(a == b for a, b in combinations(answers, 2)))
    assert result["pooled"]["n"] == len(shares) == 961
    assert result["pooled"]["raw"] == pytest.approx(statistics.fmean(shares), abs=EXACT)
    for pair in result["totals"]["pairs"]:
        both = [tuple(plain[r].get(s) for r in pair["raters"]) for s in subjects]
        both = [p for p in both if None not in p]
        kappas.append(kappa(both))
        assert (pair["raw"], pair["kappa"]) == pytest.approx((raw(both), kappas[-1]), abs=EXACT)
        scored = [p for p in FIRST_31 if all(plain[r].get((p, i)) is not None for r in pair["raters"] for i in ITEMS)]
        gaps = [sum(plain[pair["raters"][0]][p, i] - plain[pair["raters"][1]][p, i] for i in ITEMS) for p in scored]
        assert pair["n"] == len(gaps)
        assert pair["sd_difference"] == pytest.approx(statistics.stdev(gaps), abs=1e-10)
    assert len(kappas) == 3
    assert result["pooled"]["kappa"] == pytest.approx(statistics.fmean(kappas), abs=EXACT)  # Light (1971)
    complete = [p for p in FIRST_31 if all(plain[r].get((p, i)) is not None for r in plain for i in ITEMS)]
    assert 5 < len(complete) < 12
    table = [[sum(plain[r][p, i] for i in ITEMS) for r in result["raters"]] for p in complete]
    r, c, e = mean_squares(table)
    n, k = len(complete), 3
    assert result["totals"]["n"] == n
    assert result["totals"]["icc_a1"] == pytest.approx((r - e) / (r + (k - 1) * e + k / n * (c - e)), abs=1e-10)
    assert result["totals"]["icc_c1"] == pytest.approx((r - e) / (r + (k - 1) * e), abs=1e-10)
    assert list(result["totals"]["mean"].values()) == pytest.approx(
        [statistics.fmean(v) for v in zip(*table, strict=True)]
    )
    assert result["totals"]["sd_difference"] is None  # not one pair but three


def test_a_kind_leaves_the_others_out(three: Path, found: dict[str, Any]) -> None:
    repo = repository.load(three)
    result = agreement(double_ratings(repo, FIRST_31, "machine"), repo.checklist, draws=0)
    assert without_intervals(result) == without_intervals(found)


# -------------------------------------------------------------------- any ratings

LEVELS = [sorted(round(p / 2.5) for p in TABLE_2[item].values()) for item in ITEMS]


@st.composite
def tables(draw: st.DrawFn) -> Ratings:
    """Return ratings of 1-5 papers by 1-4 raters, many of them missing."""
    raters, papers, seed = draw(st.integers(1, 4)), draw(st.integers(0, 5)), draw(st.integers(0, 2**32))
    missing, same = draw(st.sampled_from([0.0, 0.1, 0.6, 1.0])), draw(st.sampled_from([0.0, 0.7, 1.0]))
    rng = np.random.default_rng(seed)
    shape = raters, papers
    units = np.stack([rng.choice(levels, size=shape) for levels in LEVELS], axis=-1).astype(np.int64)
    units = np.where(rng.random(units.shape) < same, units[:1], units)
    units[rng.random(units.shape) < missing] = -1
    scores = np.where((units < 0).any(axis=2), np.nan, units.sum(axis=2) * 2.5).T
    names = tuple(f"rater-{i}" for i in range(raters))
    return Ratings(tuple(f"paper-{i}" for i in range(papers)), names, dict.fromkeys(names, "human"), units, scores)


def check_ranges(value: Any, name: str = "") -> None:
    """Check that every statistic lies in its range, and no value is NaN."""
    if isinstance(value, dict):
        for key, entry in value.items():
            check_ranges(entry, key)
    elif isinstance(value, list) and name.endswith("_ci"):
        low, high = value
        assert (low is None) == (high is None)
        assert low is None or low <= high
        for end in value:
            check_ranges(end, name.removesuffix("_ci"))
    elif isinstance(value, list):
        for entry in value:
            check_ranges(entry, name)
    elif isinstance(value, float):
        assert math.isfinite(value)
        if name == "raw":
            assert 0 <= value <= 1 + EXACT
        elif name in ("kappa", "kappa_linear", "kappa_quadratic"):
            assert -1 - EXACT <= value <= 1 + EXACT
        elif name.startswith(("alpha", "ac", "icc")):
            assert value <= 1 + 1e-9
        elif name in ("sdc", "sd_difference"):
            assert value >= 0


@given(tables())
def test_any_ratings_give_values_in_range(ratings: Ratings) -> None:
    result = agreement(ratings, CHECKLIST, draws=0)
    check_ranges(result)
    several = (ratings.units >= 0).sum(axis=0) >= 2
    assert result["pooled"]["n"] == several.sum()
    for part, items in PARTS.items():
        assert result["parts"][part]["n"] == several[:, [i - 1 for i in items]].sum()
    for entry in result["items"]:
        if entry["raw"] == 1:
            assert entry["differ"] == []


@settings(max_examples=8)
@given(tables())
def test_any_ratings_give_ordered_intervals(ratings: Ratings) -> None:
    check_ranges(agreement(ratings, CHECKLIST, draws=100))


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_papers_does_not_matter(ratings: Ratings, random: Any) -> None:
    order = list(range(len(ratings.papers)))
    random.shuffle(order)
    other = replace(
        ratings,
        papers=tuple(ratings.papers[i] for i in order),
        units=ratings.units[:, order],
        points=ratings.points[order],
    )
    first, second = (agreement(r, CHECKLIST, draws=0) for r in (ratings, other))
    assert second["pooled"] == pytest.approx(first["pooled"], abs=1e-9)
    assert [sorted(entry["differ"]) for entry in second["items"]] == [sorted(e["differ"]) for e in first["items"]]
