"""The reconstruction of Zuo et al. (2023): every draw against every printed number, by code that shares nothing with the sampler.

Everything here is read from the plain files (``yaml.safe_load``); points come from the table typed in ``test_scoring``.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml
from arviz_stats.base import array_stats
from conftest import ROOT, dlrrc
from scipy import stats as sps
from test_scoring import PARTS, TABLE_2

from dlrrc_core import repository
from dlrrc_core.reconstruct import sampler
from dlrrc_core.reconstruct.aggregates import from_published
from dlrrc_core.reconstruct.program import Goal, Program

with warnings.catch_warnings():  # pingouin touches deprecated pandas and seaborn interfaces when imported
    warnings.simplefilter("ignore")
    import pingouin

pytestmark = pytest.mark.slow  # one reconstruction takes some twenty seconds

PRINTED = yaml.safe_load((ROOT / "data/fields/rcc/published.yaml").read_text(encoding="utf-8"))
UNITS = {item: sorted({round(points / 2.5) for points in codes.values()}) for item, codes in TABLE_2.items()}
MOST = {item: units[-1] for item, units in UNITS.items()}
Matrix = npt.NDArray[np.int64]


def plain_papers() -> dict[str, dict[str, Any]]:
    """Return the papers that the review scored, by id."""
    found = {}
    for path in sorted(ROOT.glob("data/papers/*/paper.yaml")):
        paper = yaml.safe_load(path.read_text(encoding="utf-8"))
        if (paper.get("seed_review") or {}).get("included"):
            found[paper["id"]] = paper
    return found


PAPERS = plain_papers()
YEARS = np.array([PAPERS[paper]["year"] for paper in sorted(PAPERS)])

# what each entry of published.yaml is to a draw; a new entry has to be put here, or the test below fails
CHECKED = {
    "n_papers",
    "items[].item",
    "items[].percent",
    "parts[].part",
    "parts[].percent",
    "total.percent",
    "acceptable.threshold",
    "acceptable.count",
    "acceptable.of",
    "acceptable.others_before",
    "correlations[].id",
    "correlations[].x",
    "correlations[].controlling",
    "correlations[].r",
    "correlations[].p",
    "correlations[].n",
}
NOT_IN_A_MATRIX = {
    "review": "which review it is",
    "items[].where": "place in the paper",
    "parts[].where": "place in the paper",
    "total.where": "place in the paper",
    "acceptable.where": "place in the paper",
    "correlations[].where": "place in the paper",
    "statements[].text": "each one is named below",
    "statements[].where": "place in the paper",
    "remarks[]": "notes on the numbers above",
}
# first words of every statement in words: "checked" below, "no number", or "about papers outside the matrix"
STATEMENTS = {
    "A total of 50 points is the line": "checked",
    "The accessibility of a report passes": "no number",
    "The reports with scores below the line": "checked",
    "The 16 reports that reach the line": "checked",
    "Scores and journal level": "no number",
    "Scores rise moderately with the year": "checked",
    "Parts II and V have average percentages": "no number",
    "Parts I and III are relatively well done": "no number",
    "Item 26 is the exception": "no number",
    "Exactly one report passes item 16": "checked",
    "No report gives the training workload": "checked",
    "Items 16 and 31 have very low averages": "no number",
    "The 22 reports are peer-reviewed": "checked",
    "Most reports cannot be reproduced": "no number",
}


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every value, with [] for any place in a list."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from keys(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for entry in value:
            yield from keys(entry, f"{path}[]")
    else:
        yield path


def test_nothing_printed_is_left_out() -> None:
    assert set(keys(PRINTED)) == CHECKED | set(NOT_IN_A_MATRIX)
    texts = [statement["text"] for statement in PRINTED["statements"]]
    for text in texts:
        assert [start for start in STATEMENTS if text.startswith(start)], f"new statement: {text}"
    assert len(texts) == len(STATEMENTS)
    assert len(PAPERS) == PRINTED["n_papers"] == 22


# -------------------------------------------------------------------- the printed numbers, once more


def rounds_to(count: int, whole: int, printed: str) -> bool:
    """Return whether a share rounds to a printed percentage; a half may go either way."""
    half = Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))
    return abs(Fraction(100 * count, whole) - Fraction(printed)) <= half


def close_to(value: float, printed: str, slack: float = 1e-9) -> bool:
    """Return whether a number rounds to a printed one; ``slack`` for sums in another order."""
    return abs(value - float(printed)) <= 0.5 * 10.0 ** -len(printed.partition(".")[2]) + slack


def problems(matrix: Matrix) -> list[str]:
    """Return every printed number about the answers that a matrix of units (papers, items) does not meet."""
    found = [] if matrix.shape == (22, 31) else ["shape"]
    found += [f"item {i} cannot give this" for i in UNITS if not set(matrix[:, i - 1].tolist()) <= set(UNITS[i])]
    n, totals = len(matrix), matrix.sum(axis=1)
    for entry in PRINTED["items"]:
        i = entry["item"]
        if not rounds_to(int(matrix[:, i - 1].sum()), n * MOST[i], entry["percent"]):
            found.append(f"item {i}")
    for entry in PRINTED["parts"]:
        items = list(PARTS[entry["part"]])
        whole = n * sum(MOST[i] for i in items)
        if not rounds_to(int(matrix[:, [i - 1 for i in items]].sum()), whole, entry["percent"]):
            found.append(f"part {entry['part']}")
    if not rounds_to(int(matrix.sum()), n * sum(MOST.values()), PRINTED["total"]["percent"]):
        found.append("total")
    line = PRINTED["acceptable"]
    above = totals * 2.5 >= line["threshold"]
    if (int(above.sum()), n) != (line["count"], line["of"]):
        found.append("papers at the line")
    if (YEARS[~above] >= line["others_before"]).any():
        found.append("years below the line")
    for entry in PRINTED["correlations"]:
        if entry["x"] == "year" and entry["controlling"] is None:
            r, p = sps.pearsonr(YEARS, totals)
            if not (close_to(r, entry["r"]) and close_to(p, entry["p"]) and entry["n"] == n):
                found.append("year")
    if (matrix[:, 15] > 0).sum() != 1:  # statement: exactly one report passes item 16
        found.append("item 16 in words")
    if matrix[:, 24].any():  # statement: no report gives the training workload
        found.append("item 25 in words")
    return found


def partial(x: npt.NDArray[Any], y: npt.NDArray[Any], z: npt.NDArray[Any]) -> tuple[float, float]:
    """Return r and P of x and y with z held fixed, from residuals."""
    u, v = (w - np.polyval(np.polyfit(z - z.mean(), w, 1), z - z.mean()) for w in (x, y))
    r = float(np.corrcoef(u, v)[0, 1])
    df = len(x) - 3
    return r, float(2 * sps.t.sf(abs(r) * math.sqrt(df / (1 - r * r)), df))


# -------------------------------------------------------------------- one reconstruction


@pytest.fixture(scope="module")
def rebuilt() -> dict[str, Any]:
    """Return ``dlrrc reconstruct --field rcc --draws 200 --seed 1 --format json``."""
    words = ("reconstruct", "--field", "rcc", "--draws", "200", "--seed", "1", "--format", "json")
    result = dlrrc(*words)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def draws(rebuilt: dict[str, Any]) -> Matrix:
    """Return the draws, shape (draws, papers, items)."""
    return np.array(rebuilt["draws"])


def test_head(rebuilt: dict[str, Any]) -> None:
    assert rebuilt["papers"] == sorted(PAPERS)
    assert rebuilt["years"] == YEARS.tolist()
    assert (rebuilt["field"], rebuilt["review"], rebuilt["seed"], rebuilt["n_draws"]) == ("rcc", "zuo2023", 1, 200)
    assert rebuilt["conflicts"] == {"answers": None, "correlations": None}


def test_every_draw_meets_every_printed_number(draws: Matrix) -> None:
    assert draws.shape == (200, 22, 31)
    assert draws.dtype.kind == "i"
    assert [found for matrix in draws if (found := problems(matrix))] == []


def test_the_check_notices_one_changed_answer(draws: Matrix) -> None:
    rng = np.random.default_rng(1)
    unnoticed = 0
    for matrix in draws:
        paper, item = rng.integers(22), rng.integers(1, 32)
        other = matrix.copy()
        other[paper, item - 1] = rng.choice([u for u in UNITS[item] if u != matrix[paper, item - 1]])
        unnoticed += not problems(other)
    assert unnoticed == 0  # the total is printed to a tenth of a per cent, which is one sum of units


def test_percentiles_give_the_printed_correlations(rebuilt: dict[str, Any], draws: Matrix) -> None:
    # percentiles are rounded to 6 decimals, which moves r by less than 1e-6
    vectors = np.array(rebuilt["percentiles"])
    assert vectors.shape == (200, 22)
    assert ((vectors >= 0) & (vectors <= 100)).all()
    journals = [PAPERS[paper]["journal"] or paper for paper in rebuilt["papers"]]
    for name in set(journals):
        same = [i for i, journal in enumerate(journals) if journal == name]
        assert (vectors[:, same] == vectors[:, same[:1]]).all()  # one journal, one percentile
    printed = {entry["id"]: entry for entry in PRINTED["correlations"]}
    assert set(printed) == {"journal", "journal-partial", "year", "year-partial"}
    for matrix, journal in zip(draws, vectors, strict=True):
        scores = matrix.sum(axis=1) * 2.5
        found = {
            "journal": sps.pearsonr(journal, scores),
            "journal-partial": partial(journal, scores, YEARS),
            "year": sps.pearsonr(YEARS, scores),
            "year-partial": partial(YEARS, scores, journal),
        }
        for name, (r, p) in found.items():
            assert close_to(r, printed[name]["r"], 1e-6), name
            assert close_to(p, printed[name]["p"], 1e-5), name


def test_percentiles_by_pingouin(rebuilt: dict[str, Any], draws: Matrix) -> None:
    printed = {entry["id"]: entry for entry in PRINTED["correlations"]}
    for number in range(0, 200, 40):
        frame = pd.DataFrame(
            {"score": draws[number].sum(axis=1) * 2.5, "year": YEARS, "journal": rebuilt["percentiles"][number]}
        ).astype(float)
        for x, z in (("journal", "year"), ("year", "journal")):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = pingouin.partial_corr(frame, x=x, y="score", covar=z).iloc[0]
            assert close_to(found["r"], printed[f"{x}-partial"]["r"], 1e-6)
            assert close_to(found["p_val"], printed[f"{x}-partial"]["p"], 1e-5)


# -------------------------------------------------------------------- chance


def test_draws_differ(draws: Matrix) -> None:
    assert len({matrix.tobytes() for matrix in draws}) == 200
    printed = {entry["item"] for entry in PRINTED["items"]}
    for item in set(UNITS) - printed:
        assert np.ptp(draws[:, :, item - 1].sum(axis=1)) > 0, f"item {item} has the same sum in every draw"
    # two draws in a row of one chain are as far apart as draws of different chains, to a tenth: chains forget
    chain = sampler.CHAINS
    near = (draws[chain:] != draws[:-chain]).mean()
    far = np.mean([(draws[i] != draws[(i + 100 + 1) % 200]).mean() for i in range(200)])
    assert near > 0.9 * far


def test_the_seed_decides_everything(draws: Matrix) -> None:
    a = from_published(repository.load(ROOT), "rcc")
    again, other = (
        sampler.draw(a, 200 if seed == 1 else 8, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,))))
        for seed in (1, 2)
    )
    assert (again == draws).all()
    assert (other != draws[:8]).any(axis=(1, 2)).all()
    assert [found for matrix in other if (found := problems(matrix))] == []


def quantities(draws: Matrix) -> dict[str, npt.NDArray[np.float64]]:
    """Return some of what the diagnostics are about, computed plainly."""
    points = draws.sum(axis=2) * 2.5
    found = {f"item_{i}_percent": draws[:, :, i - 1].mean(axis=1) / MOST[i] for i in UNITS}
    found |= {
        f"part_{part}_percent": draws[:, :, [i - 1 for i in items]].sum(axis=(1, 2)) for part, items in PARTS.items()
    }
    found |= {"sd_points": points.std(axis=1, ddof=1), "lowest_points": points.min(axis=1)}
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def test_chains_have_mixed(rebuilt: dict[str, Any], draws: Matrix) -> None:
    # worst R-hat seen for seeds 1 to 4: 1.068; least effective sample size of 200 draws: 101
    printed = rebuilt["diagnostics"]
    chains, each = printed["chains"], printed["draws_per_chain"]
    assert chains * each <= 200 < chains * (each + 1)
    assert chains >= 4
    assert printed["worst_rhat"] < 1.1
    assert printed["least_ess"] > 60
    assert printed["worst_rhat"] == max(printed["rhat"].values())
    assert printed["least_ess"] == min(printed["ess"].values())
    compared = 0
    for name, values in quantities(draws[: chains * each]).items():
        by_chain = np.stack([values[c::chains] for c in range(chains)])
        if np.ptp(values) == 0:
            assert name not in printed["rhat"]
            continue
        compared += 1
        rhat, ess = (float(f(by_chain, chain_axis=0, draw_axis=1)) for f in (array_stats.rhat, array_stats.ess))
        # R-hat also ranks distances from the median, and rounding decides which of them tie (4e-3 seen)
        assert printed["rhat"][name] == pytest.approx(rhat, abs=0.02), name
        assert printed["ess"][name] == pytest.approx(ess, rel=1e-2 if name == "sd_points" else 1e-9), name
        # Gelman and Rubin (1992) without ranks: chains of 25 draws whose means differ by chance alone stay below 1.1
        within, between = by_chain.var(axis=1, ddof=1).mean(), by_chain.mean(axis=1).var(ddof=1)
        assert math.sqrt((each - 1) / each + between / within) < 1.15
    assert compared > 15


def test_summary_is_that_of_the_draws(rebuilt: dict[str, Any], draws: Matrix) -> None:
    points = draws.sum(axis=2) * 2.5
    part = 100 * draws[:, :, [i - 1 for i in PARTS["II"]]].sum(axis=(1, 2)) / (22 * 11)
    assert rebuilt["summary"]["part_II_percent"] == pytest.approx(np.percentile(part, [2.5, 50, 97.5]).tolist())
    best = np.sort(points, axis=1)[:, -1]
    assert rebuilt["summary"]["ranked"][0] == pytest.approx(np.percentile(best, [2.5, 50, 97.5]).tolist())
    passing = 100 * (draws[:, :, [28, 29, 30]].sum(axis=2) * 2.5 >= 12.5).mean(axis=1)
    assert rebuilt["summary"]["accessible_percent"] == pytest.approx(np.percentile(passing, [2.5, 50, 97.5]).tolist())


# -------------------------------------------------------------------- exact bounds


def outer_bounds() -> dict[str, tuple[int, int]]:
    """Return bounds in units that follow from the printed sums by plain arithmetic: a rest is shared by the unprinted items."""
    n = PRINTED["n_papers"]

    def unit_sum(percent: str, whole: int) -> int:
        (found,) = [count for count in range(whole + 1) if rounds_to(count, whole, percent)]
        return found

    items = {e["item"]: unit_sum(e["percent"], n * MOST[e["item"]]) for e in PRINTED["items"]}
    parts = {e["part"]: unit_sum(e["percent"], n * sum(MOST[i] for i in PARTS[e["part"]])) for e in PRINTED["parts"]}
    total = unit_sum(PRINTED["total"]["percent"], n * sum(MOST.values()))
    least = {p: sum(items.get(i, 0) for i in PARTS[p]) for p in PARTS}
    most = {p: sum(items.get(i, n * MOST[i]) for i in PARTS[p]) for p in PARTS}
    rest = total - sum(parts.values())  # parts II and V together
    found = {f"part {p}": (s, s) for p, s in parts.items()}
    found["part II"] = max(least["II"], rest - most["V"]), min(most["II"], rest - least["V"])
    found["part V"] = max(least["V"], rest - most["II"]), min(most["V"], rest - least["II"])
    for part, numbers in PARTS.items():
        for i in numbers:
            free = (
                sum(items.get(j, n * MOST[j]) for j in numbers if j != i),
                sum(items.get(j, 0) for j in numbers if j != i),
            )
            low, high = found[f"part {part}"]
            found[f"item {i}"] = (
                (items[i],) * 2 if i in items else (max(0, low - free[0]), min(n * MOST[i], high - free[1]))
            )
    return found


def test_bounds_in_percent(rebuilt: dict[str, Any]) -> None:
    bounds = rebuilt["bounds"]
    # by hand: II and V share 248 of 462 units; II has 34 to 166 of 242, V 2 to 178 of 220, so II is 70 to 166 and V 82 to 178
    assert bounds["part_II_percent"] == pytest.approx([100 * 70 / 242, 100 * 166 / 242])
    assert bounds["part_V_percent"] == pytest.approx([100 * 82 / 220, 100 * 178 / 220])
    assert [round(x, 2) for x in bounds["part_II_percent"] + bounds["part_V_percent"]] == [28.93, 68.60, 37.27, 80.91]
    for name, (low, high) in outer_bounds().items():
        kind, number = name.split()
        whole = 22 * (MOST[int(number)] if kind == "item" else sum(MOST[i] for i in PARTS[number]))
        given = bounds["items"][number] if kind == "item" else bounds[f"part_{number}_percent"]
        assert given == pytest.approx([100 * low / whole, 100 * high / whole]), name


def test_every_bound_is_reached_by_a_matrix_that_meets_everything(draws: Matrix) -> None:
    program = Program(from_published(repository.load(ROOT), "rcc"))
    totals = draws.sum(axis=2)
    narrow = totals[np.argsort(totals.std(axis=1))[:4]]
    for name, ends in outer_bounds().items():
        kind, number = name.split()
        items = [int(number)] if kind == "item" else list(PARTS[number])
        columns = tuple(i - 1 for i in items)
        if ends[0] == ends[1]:
            assert set(draws[:, :, columns].sum(axis=(1, 2))) == {ends[0]}
            continue
        for sign, end in zip((-1, 1), ends, strict=True):
            tried = (program.best(Goal(columns, sign), sign * end, t) for t in narrow)
            witness = next(matrix for matrix in tried if matrix is not None)
            assert problems(witness) == [], (name, sign)
            assert witness[:, columns].sum() == end, (name, sign)


def test_what_is_determined(rebuilt: dict[str, Any], draws: Matrix) -> None:
    assert len(rebuilt["determined"]) == 4
    for entry in rebuilt["determined"]:
        items = entry["items"] or [i for part in entry["parts"] for i in PARTS[part]]
        assert set(draws[:, :, [i - 1 for i in items]].sum(axis=(1, 2))) == {entry["units"]}
        assert entry["of"] == 22 * sum(MOST[i] for i in items)
        assert entry["percent"] == pytest.approx(100 * entry["units"] / entry["of"])


# -------------------------------------------------------------------- the command line


def test_a_review_that_contradicts_itself_is_reported(checkout: Path) -> None:
    path = checkout / "data/fields/rcc/published.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("percent: '18.2'\n    where: section 6, 2)", "percent: '18.4'\n    where: section 6, 2)")
    )
    result = dlrrc("reconstruct", "--field", "rcc", "--draws", "5", "--format", "json", cwd=checkout)
    assert (result.returncode, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found["conflicts"] == {"answers": ["item 4"], "correlations": None}
    assert (found["draws"], found["bounds"], found["percentiles"], found["summary"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--field", "brain-tumour-mri"), "rebuilds no printed review; allowed: rcc"),
        (("--field", "nothing"), "nothing"),
        (("--field", "rcc", "--draws", "0"), "draws"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], message: str) -> None:
    result = dlrrc("reconstruct", *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
