"""The uncertainty of a field's statements, recomputed by other packages from the files."""

from __future__ import annotations

import itertools
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pingouin
import pytest
import yaml
from conftest import ROOT, dlrrc
from scipy import stats as sps
from statsmodels.stats.multitest import multipletests
from test_scoring import TABLE_2, answers_on_disk

from dlrrc_core import repository, uncertainty
from dlrrc_core.problems import UsageError
from dlrrc_core.repository import Repository

FIELD = "brain-tumour-mri"  # the field with the most papers that were rated twice


@pytest.fixture(scope="module")
def found(repo: Repository) -> dict[str, Any]:
    """Return the dictionary of one field."""
    return uncertainty.uncertainty(repo, FIELD, "machine", draws=400, permutations=2000)


@pytest.fixture(scope="module")
def table(found: dict[str, Any]) -> pd.DataFrame:
    """Return year and points of both raters, read without the library."""
    answers, rows = answers_on_disk(), []
    for paper in found["papers"]:
        record = yaml.safe_load((ROOT / f"data/papers/{paper}/paper.yaml").read_text(encoding="utf-8"))
        points = [
            sum(TABLE_2[item][code] for item, code in answers[paper, rater].items())
            for rater in ("machine-a", "machine-b")
        ]
        rows.append({"year": record["year"], "a": points[0], "b": points[1], "mean": sum(points) / 2})
    return pd.DataFrame(rows, index=found["papers"])


@pytest.mark.parametrize(("group", "column"), [("machine-a", "a"), ("machine-b", "b"), ("mean", "mean")])
def test_correlation_with_year_by_other_packages(found: dict, table: pd.DataFrame, group: str, column: str) -> None:
    one = found["groups"][group]["correlations"]["year"]
    x, y = table["year"].to_numpy(float), table[column].to_numpy(float)
    pearson = pingouin.corr(x, y)
    assert one["r"] == pytest.approx(pearson["r"].iloc[0], abs=1e-12)
    assert one["spearman"]["r"] == pytest.approx(sps.spearmanr(x, y).statistic, abs=1e-12)
    assert one["kendall"]["r"] == pytest.approx(sps.kendalltau(x, y).statistic, abs=1e-12)
    slopes = [(y[j] - y[i]) / (x[j] - x[i]) for i, j in itertools.combinations(range(len(x)), 2) if x[i] != x[j]]
    assert one["theil_sen"]["slope"] == pytest.approx(np.median(slopes), abs=1e-12)
    exact = sps.permutation_test(
        (x,), lambda v: np.corrcoef(v, y)[0, 1], permutation_type="pairings", n_resamples=4000, rng=5
    ).pvalue
    assert one["permutation_p"] == pytest.approx(exact, abs=0.05)
    peer = sps.bootstrap(
        (x, y), lambda u, v: np.corrcoef(u, v)[0, 1], paired=True, vectorized=False, n_resamples=1500, rng=5
    )
    assert one["bca_ci"] == pytest.approx(list(peer.confidence_interval), abs=0.12)
    left_out = [np.corrcoef(np.delete(x, k), np.delete(y, k))[0, 1] for k in range(len(x))]
    most = int(np.argmax(np.abs(np.array(left_out) - one["r"])))
    assert one["influence"] == {
        "lowest": pytest.approx(min(left_out)),
        "highest": pytest.approx(max(left_out)),
        "paper": table.index[most],
        "r_without": pytest.approx(left_out[most]),
    }


def test_reliability_and_attenuation_by_pingouin(found: dict, table: pd.DataFrame) -> None:
    long = table[["a", "b"]].reset_index(names="paper").melt("paper", var_name="rater", value_name="score")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pingouin calls pandas in an old way
        icc = pingouin.intraclass_corr(long, "paper", "rater", "score").set_index("Type")["ICC"]
    one, mean = (
        icc["ICC(C,1)"] if "ICC(C,1)" in icc else icc["ICC3"],
        icc["ICC(C,k)"] if "ICC(C,k)" in icc else icc["ICC3k"],
    )
    assert found["reliability"] == {"one": pytest.approx(one), "mean": pytest.approx(mean), "n": len(table)}
    for group, reliability in (("machine-a", one), ("mean", mean)):
        year = found["groups"][group]["correlations"]["year"]
        assert year["corrected"] == pytest.approx(year["r"] / math.sqrt(reliability))
        assert year["ceiling"] == pytest.approx(math.sqrt(reliability))


def test_trends_are_those_of_scipy_and_adjusted_over_the_items_that_vary(found: dict, table: pd.DataFrame) -> None:
    answers, rng = answers_on_disk(), np.random.default_rng(7)
    p = {}
    for entry in found["trends"]:
        item = entry["item"]
        points = [
            np.mean([TABLE_2[item][answers[paper, r][item]] for r in ("machine-a", "machine-b")])
            for paper in table.index
        ]
        if np.ptp(points) == 0:
            assert (entry["rho"], entry["p"], entry["holm"]) == (None, None, None)
            continue
        assert entry["rho"] == pytest.approx(sps.spearmanr(table["year"], points).statistic, abs=1e-12)
        ranks, years = sps.rankdata(points), sps.rankdata(table["year"])
        permuted = rng.permuted(np.tile(ranks, (4000, 1)), axis=1)
        r = np.abs((permuted - ranks.mean()) @ (years - years.mean())) / (len(ranks) * ranks.std() * years.std())
        assert entry["p"] == pytest.approx((r >= abs(entry["rho"]) - 1e-9).mean(), abs=0.05)
        p[item] = entry["p"]
    for name, method in (("holm", "holm"), ("bh", "fdr_bh")):
        adjusted = dict(zip(p, multipletests(list(p.values()), method=method)[1], strict=True))
        assert {e["item"]: e[name] for e in found["trends"] if e["p"] is not None} == pytest.approx(adjusted)


def test_what_the_printed_correlation_would_need(repo: Repository) -> None:
    # r = 0.402, n = 22. Critical r with 20 degrees of freedom 0.4227: Fisher and Yates, Statistical Tables, table VII. 46 papers: R's
    # pwr.r.test(r = 0.402, power = 0.8) gives 45.4. Smallest n with P < 0.05: t table by scipy, independent of our root search.
    year = uncertainty._published(repo, "rcc")["year"]
    assert year["critical_r"] == pytest.approx(0.4227, abs=5e-5)
    assert year["n_needed"] == 46
    p = [2 * sps.t.sf(0.402 * math.sqrt((n - 2) / (1 - 0.402**2)), n - 2) for n in range(3, 60)]
    assert year["n_significant"] == next(n for n, value in enumerate(p, 3) if value < 0.05) == 25
    assert 0.4 < year["power"] < 0.5
    assert uncertainty._published(repo, FIELD) is None


def test_stability_recomputed_from_the_files(found: dict, table: pd.DataFrame) -> None:
    answers = answers_on_disk()
    best = {item: max(codes.values()) for item, codes in TABLE_2.items()}
    certain = n_unsure = 0
    for paper in table.index:
        rating = yaml.safe_load((ROOT / f"data/papers/{paper}/ratings/machine-a.yaml").read_text(encoding="utf-8"))[
            "answers"
        ]
        unsure = [item for item, answer in rating.items() if answer["confidence"] == "low"]
        low = sum(TABLE_2[i][code] for i, code in answers[paper, "machine-a"].items() if i not in unsure)
        high = low + sum(best[i] for i in unsure)
        assert found["stability"]["unsure"]["machine-a"]["papers"][paper]["range"] == pytest.approx([low, high])
        certain += low >= 50 or high < 50
        n_unsure += len(unsure)
    assert found["stability"]["unsure"]["machine-a"]["verdict_certain"] == certain
    assert found["stability"]["unsure"]["machine-a"]["n_unsure"] == n_unsure
    medians = [entry["points"][1] for entry in found["stability"]["raters"]["papers"]]
    assert medians == pytest.approx(table["mean"].to_numpy(), abs=5)
    assert list(found["stability"]["weights"]) == ["100", "400"]


def test_one_changed_rating_changes_the_numbers(checkout: Path, found: dict) -> None:
    path = checkout / "data/papers" / found["papers"][0] / "ratings/machine-a.yaml"
    text = path.read_text(encoding="utf-8")
    record = yaml.safe_load(text)
    item = next(n for n, a in record["answers"].items() if a["answer"] == "yes")
    assert text.count(f"\n  {item}:\n    answer: yes\n") + text.count(f"\n  {item}:\n    answer: 'yes'\n") == 1
    for before, after in (("yes", "no"), ("'yes'", "'no'")):
        text = text.replace(f"\n  {item}:\n    answer: {before}\n", f"\n  {item}:\n    answer: {after}\n")
    path.write_text(text, encoding="utf-8")
    other = uncertainty.uncertainty(repository.load(checkout), FIELD, "machine", draws=400, permutations=2000)
    assert (
        other["groups"]["machine-a"]["correlations"]["year"]["r"]
        != found["groups"]["machine-a"]["correlations"]["year"]["r"]
    )
    assert other["groups"]["machine-b"]["correlations"]["year"] == {
        **found["groups"]["machine-b"]["correlations"]["year"],
        "corrected": other["groups"]["machine-b"]["correlations"]["year"]["corrected"],
        "ceiling": other["groups"]["machine-b"]["correlations"]["year"]["ceiling"],
    }
    assert other["stability"]["raters"] != found["stability"]["raters"]


@pytest.mark.parametrize("kept", [0, 1])
def test_a_field_with_hardly_any_rating(checkout: Path, kept: int) -> None:
    for folder in sorted(checkout.glob("data/papers/*/ratings"))[kept:]:
        for path in folder.iterdir():
            path.unlink()
    first = sorted(checkout.glob("data/papers/*/ratings"))[0].parent.name
    repo = repository.load(checkout)
    field = repo.papers[first].fields[0]
    other = uncertainty.uncertainty(repo, field, draws=100, permutations=20)
    assert len(other["papers"]) == kept
    year = other["groups"]["mean"]["correlations"]["year"]
    assert (year["r"], year["bca_ci"], year["permutation_p"], year["corrected"]) == (None, [None, None], None, None)
    assert {entry["p"] for entry in other["trends"]} == {None}
    assert other["stability"]["raters"]["n"] == kept
    json.dumps(other, allow_nan=False)


def test_command_line_gives_the_same_numbers(repo: Repository, tmp_path: Path) -> None:
    words = [
        "uncertainty",
        "--field",
        "rcc",
        "--draws",
        "100",
        "--seed",
        "3",
        "--format",
        "json",
        "--checkpoint",
        str(tmp_path),
    ]
    first = dlrrc(*words)
    assert (first.returncode, first.stderr) == (0, "")
    assert json.loads(first.stdout) == json.loads(json.dumps(uncertainty.uncertainty(repo, "rcc", draws=100, seed=3)))
    assert list(tmp_path.iterdir())
    assert dlrrc(*words).stdout == first.stdout  # from the kept pieces


def test_wrong_arguments_are_refused(repo: Repository) -> None:
    with pytest.raises(UsageError, match="field"):
        uncertainty.uncertainty(repo, "kidney")
    with pytest.raises(UsageError, match="at least 100 draws"):
        uncertainty.uncertainty(repo, "rcc", draws=99)
    assert dlrrc("uncertainty", "--field", "rcc", "--draws", "5").returncode == 2
