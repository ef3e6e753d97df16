"""The statistics of a field, recomputed with plain Python, and their printed counterparts."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from test_scoring import CHECKLIST, PARTS, TABLE_2, answers_on_disk

from dlrrc_core import fieldstats, unittables
from dlrrc_core.problems import UsageError
from dlrrc_core.repository import Repository

BEST = {item: max(codes.values()) for item, codes in TABLE_2.items()}


@pytest.fixture(scope="module")
def rcc(repo: Repository) -> dict:
    """Return the statistics of the RCC field."""
    return fieldstats.field_statistics(repo, "rcc", "machine")


def test_counts(rcc: dict) -> None:
    assert rcc["in_seed_review"] == 22
    assert rcc["papers"] == rcc["rated"] + rcc["unrated"] >= 35
    assert rcc["rated"] == len(rcc["points"]) >= 8
    assert list(rcc["kinds"]) == ["machine"]
    assert rcc["kinds"]["machine"] == rcc["ratings"] >= 16
    assert list(rcc["groups"])[-1] == "mean"
    assert {"machine-a", "machine-b"} <= set(rcc["groups"])


@pytest.mark.parametrize("rater", ["machine-a", "machine-b"])
def test_percentages_recomputed_from_the_files(rcc: dict, rater: str) -> None:
    papers = [point["paper"] for point in rcc["points"] if rater in point["points"]]
    answers = [answers_on_disk()[paper, rater] for paper in papers]
    points = [{item: TABLE_2[item][code] for item, code in given.items()} for given in answers]
    group = rcc["groups"][rater]
    assert group["total"]["mean"] == pytest.approx(statistics.mean(sum(p.values()) for p in points))
    assert group["total"]["sd"] == pytest.approx(statistics.stdev(sum(p.values()) for p in points))
    for part, items in PARTS.items():
        wanted = statistics.mean(sum(p[i] for i in items) for p in points) / sum(BEST[i] for i in items) * 100
        assert group["parts"][part]["mean"] == pytest.approx(wanted)
    for item in TABLE_2:
        assert group["items"][str(item)]["percent"] == pytest.approx(
            100 * statistics.mean(p[item] for p in points) / BEST[item]
        )
        assert group["passes"][str(item)]["count"] == sum(p[item] == BEST[item] for p in points)
    assert group["acceptable"]["count"] == sum(sum(p.values()) >= 50 for p in points)
    assert group["accessible"]["count"] == sum(sum(p[i] for i in PARTS["V"]) >= 12.5 for p in points)


def test_correlation_with_year_recomputed(rcc: dict) -> None:
    years = [point["year"] for point in rcc["points"]]
    score = [point["points"]["machine-a"] for point in rcc["points"]]
    assert rcc["groups"]["machine-a"]["correlations"]["year"]["r"] == pytest.approx(
        statistics.correlation(years, score)
    )


def test_missing_covariates_drop_the_pair_and_are_counted(rcc: dict) -> None:
    known = sum(point["percentile"] is not None for point in rcc["points"])
    for name in ("journal", "journal-partial", "year-partial"):
        found = rcc["groups"]["mean"]["correlations"][name]
        assert (found["n"], found["dropped"]) == (known, rcc["rated"] - known)
    assert rcc["percentile_known"] == known


def test_published_numbers_are_those_of_the_file(rcc: dict) -> None:
    printed = yaml.safe_load((ROOT / "data/fields/rcc/published.yaml").read_text(encoding="utf-8"))
    assert rcc["published"]["items"] == {str(i["item"]): float(i["percent"]) for i in printed["items"]}
    # Zuo et al. (2023), section 6
    assert rcc["published"]["parts"] == {"I": 64.8, "III": 60.2, "IV": 42.6}
    assert rcc["published"]["total"] == 52.4
    assert (rcc["published"]["acceptable"]["count"], rcc["published"]["acceptable"]["of"]) == (16, 22)
    items = {
        31: 4.5,
        4: 18.2,
        5: 31.8,
        6: 27.3,
        8: 18.2,
        9: 31.8,
        12: 45.5,
        16: 4.5,
        19: 31.8,
        21: 18.2,
        25: 0.0,
        20: 59.1,
        24: 54.5,
        22: 18.2,
        23: 50.0,
    }
    assert rcc["published"]["items"] == {str(item): percent for item, percent in items.items()}
    assert all(c["p_agrees"] for c in rcc["published"]["correlations"].values())
    assert {key: (c["r"], c["p"], c["n"]) for key, c in rcc["published"]["correlations"].items()} == {
        "journal": (-0.085, 0.707, 22),
        "journal-partial": (-0.125, 0.590, 22),
        "year": (0.402, 0.064, 22),
        "year-partial": (0.411, 0.064, 22),
    }


def test_other_field_has_no_published_numbers(repo: Repository) -> None:
    assert fieldstats.field_statistics(repo, "brain-tumour-mri")["published"] is None


def test_basis_without_ratings_gives_empty_statistics(repo: Repository) -> None:
    nothing = fieldstats.field_statistics(replace(repo, ratings=()), "rcc")
    assert (nothing["rated"], nothing["ratings"]) == (0, 0)
    assert nothing["groups"]["mean"]["total"]["mean"] is None


def test_result_is_json_without_nan(rcc: dict) -> None:
    assert json.loads(json.dumps(rcc, allow_nan=False)) == rcc


def test_open_items_leave_the_paper_out_of_the_total_only() -> None:
    units = pd.DataFrame(np.ones((3, 31)), index=["a", "b", "c"], columns=list(CHECKLIST.items))
    units.loc["b", 7] = np.nan
    empty = pd.Series(dtype=float)
    found = fieldstats.review_statistics(units, empty, empty, CHECKLIST)
    assert (found["total"]["n"], found["parts"]["I"]["n"], found["parts"]["II"]["n"]) == (2, 3, 2)
    assert (found["items"]["7"]["n"], found["items"]["8"]["n"]) == (2, 3)
    # 31 units of 40
    assert found["total"]["mean"] == pytest.approx(77.5)


def test_an_item_open_for_one_rater_is_open_in_the_mean() -> None:
    scores = pd.DataFrame(
        [("p", "a", *[1] * 31), ("p", "b", *[0] * 30, -1)],
        columns=["paper", "rater", *(f"item_{i}" for i in range(1, 32))],
    )
    mean = unittables.unit_tables(scores, CHECKLIST)["mean"].units
    assert mean.loc["p", 1] == 0.5
    assert np.isnan(mean.loc["p", 31])


def test_wrong_columns_are_refused() -> None:
    with pytest.raises(UsageError, match="allowed: items 1 to 31"):
        fieldstats.review_statistics(
            pd.DataFrame({1: [1.0]}), pd.Series(dtype=float), pd.Series(dtype=float), CHECKLIST
        )
