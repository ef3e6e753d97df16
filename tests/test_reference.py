"""The reference values are complete, used and plain; the statistics of the seed review equal them.

`validation/README.md` says how the values were made, and by which software.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from reference_values import cases

from dlrrc_core import stats

REFERENCE = ROOT / "tests/reference"
VALIDATION = ROOT / "validation"
FILES = sorted(path.stem for path in REFERENCE.glob("*.json"))
SCRIPTS = sorted(path.name for path in VALIDATION.iterdir() if path.suffix in (".R", ".py"))

# what the library promises to have checked with other software: file, and keys of the expected values that some case must have
PROMISED = {
    "kappa": ["kappa"],
    "weighted kappa": ["kappa", "kappa_linear", "kappa_quadratic"],
    "kappa of several raters": ["kappa-light", "kappa", "kappa_linear", "kappa_quadratic"],
    "Gwet's AC1 and AC2": ["agreement-examples", "ac1", "ac2_quadratic"],
    "Krippendorff's alpha": ["agreement-examples", "alpha_nominal", "alpha_interval"],
    "raw agreement": ["agreement-examples", "raw"],
    "intraclass correlations": ["icc", "icc_a1", "icc_c1", "icc_ck"],
    "limits of agreement": ["bland-altman", "mean", "sd", "lower", "upper"],
    "smallest detectable change": ["bland-altman", "sem", "sdc"],
    "correlation": ["correlation", "pearson_r", "pearson_p", "spearman_rho", "spearman_p", "kendall_tau", "kendall_p"],
    "partial correlation": ["partial-correlation", "r", "p", "low", "high"],
    "BCa": ["bca", "z0", "a", "low", "high"],
    "Theil-Sen": ["theil-sen", "slope", "intercept"],
    "Holm and Benjamini-Hochberg": ["multiplicity", "holm", "bh"],
    "Wilson": ["wilson", "low", "high"],
    "power": ["power", "n", "power", "r"],
    "attenuation": ["attenuation", "corrected", "maximum"],
    "permutation": ["permutation", "pearson_p", "spearman_p"],
}


def content(stem: str) -> dict[str, Any]:
    """Return one reference file; NaN and Infinity, which are no JSON, are refused."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{stem}.json has {name}")

    return json.loads((REFERENCE / f"{stem}.json").read_text(encoding="utf-8"), parse_constant=refuse)


def numbers(value: Any) -> Iterator[float]:
    """Yield every number below a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from numbers(entry)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


# -------------------------------------------------------------------- the files


def maker(stem: str) -> str | None:
    """Return the script that makes a file: the one it names, else the one that names it."""
    named = content(stem).get("made_by")
    if named is not None:
        return named.removeprefix("validation/")
    return next((name for name in SCRIPTS if f"{stem}.json" in (VALIDATION / name).read_text(encoding="utf-8")), None)


def test_every_file_has_its_script_and_every_script_its_file() -> None:
    assert len(FILES) >= 14
    texts = {name: (VALIDATION / name).read_text(encoding="utf-8") for name in SCRIPTS}
    makers = {stem: maker(stem) for stem in FILES}
    for stem, script in makers.items():
        if script is None:  # copied from elsewhere
            assert "https://" in content(stem)["source"], f"{stem}.json has neither a script nor an address"
            continue
        assert script in SCRIPTS, f"{stem}.json is made by {script}, which is not there"
        assert stem in texts[script], f"{script} does not name {stem}"
    for name in set(SCRIPTS) - set(makers.values()):
        # a helper: some other script reads it
        used = re.compile(
            rf"source\(.*{re.escape(name)}|^(from|import) {re.escape(name.rsplit('.', 1)[0])}\b", re.MULTILINE
        )
        assert any(used.search(text) for other, text in texts.items() if other != name), f"{name} makes no file"


def test_the_readme_and_the_runner_name_every_script_and_file() -> None:
    readme = (VALIDATION / "README.md").read_text(encoding="utf-8")
    runner = (VALIDATION / "run-all.sh").read_text(encoding="utf-8")
    assert [name for name in SCRIPTS if f"`{name}`" not in readme] == []
    assert [stem for stem in FILES if maker(stem) is not None and f"`{stem}.json`" not in readme] == []
    # R scripts are run by their ending, Python scripts by name
    assert "validation/*.R" in runner
    assert [name for name in SCRIPTS if name.endswith(".py") and name not in runner] == []


@pytest.mark.parametrize("stem", FILES)
def test_a_file_says_where_its_numbers_come_from(stem: str) -> None:
    found = content(stem)
    assert all(math.isfinite(number) for number in numbers(found))
    if "made_by" not in found:  # no cases of a statistic: the source says what it is
        assert len(found["source"]) > 40
        assert re.search(r"\d", found["source"]), "a version or a date"
        return
    assert found["topic"] == stem
    assert found["software"]
    assert all(re.match(r"\d+\.\d+", version) for version in found["software"].values()), found["software"]
    names = [case["name"] for case in found["cases"]]
    assert names
    assert len(set(names)) == len(names)
    for case in found["cases"]:
        assert len(case["name"]) > 3
        assert case["input"]
        assert case["expected"]
        assert case["source"], f"{case['name']}: which function or paper gave it"
        assert "published" not in case or len(case["published"]["source"]) > 10


@pytest.mark.parametrize("stem", FILES)
def test_a_file_is_read_by_a_test(stem: str) -> None:
    # by the two readers there are (cases, reference) or by its path; the table PROMISED above does not count
    read = re.compile(rf"\w\(\s*\"{re.escape(stem)}(\.json)?\"|[/\"]{re.escape(stem)}\.json\"")
    tests = [path for path in Path(__file__).parent.rglob("test_*.py") if read.search(path.read_text(encoding="utf-8"))]
    assert tests, f"no test reads {stem}.json"


@pytest.mark.parametrize("name", PROMISED)
def test_what_is_promised_has_a_case(name: str) -> None:
    stem, *keys = PROMISED[name]
    if not keys:
        keys = [stem]
    expected = [case["expected"] for case in content(stem)["cases"]]
    for key in keys:
        assert any(case.get(key) is not None for case in expected), f"{name}: no case of {stem}.json has {key}"


# -------------------------------------------------------------------- the statistics of the seed review


def filled(values: list[float | None]) -> np.ndarray:
    """Return values with NaN for null."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


@pytest.mark.parametrize("case", cases("wilson.json"))
def test_wilson_equals_r_and_newcombe(case: dict[str, Any]) -> None:
    # worst difference from R seen: 1.5e-14 percentage points; R clips at 0 and 100
    count, of = case["input"]["x"], case["input"]["n"]
    found = stats.proportion(count, of)
    assert found.percent == pytest.approx(100 * count / of)
    assert found.ci == pytest.approx((100 * case["expected"]["low"], 100 * case["expected"]["high"]), abs=1e-10)
    if "published" in case:  # printed with four decimals
        printed = case["published"]
        assert found.ci == pytest.approx((100 * printed["low"], 100 * printed["high"]), abs=0.0051)


@pytest.mark.parametrize("case", cases("correlation.json"))
def test_pearson_equals_r(case: dict[str, Any]) -> None:
    # worst difference from R seen: 1.3e-15
    x, y = filled(case["input"]["x"]), filled(case["input"]["y"])
    expected = case["expected"]
    found = stats.pearson(x, y)
    assert (found.n, found.dropped) == (expected["n"], len(x) - expected["n"])
    assert (found.r, found.p) == pytest.approx((expected["pearson_r"], expected["pearson_p"]), abs=1e-12)
    assert found.ci == pytest.approx((expected["pearson_low"], expected["pearson_high"]), abs=1e-12)


@pytest.mark.parametrize("case", cases("partial-correlation.json"))
def test_partial_correlation_equals_r(case: dict[str, Any]) -> None:
    # worst difference from R seen: 8e-16
    x, y = filled(case["input"]["x"]), filled(case["input"]["y"])
    expected = case["expected"]
    if np.ndim(case["input"]["z"][0]) == 0:
        found = stats.partial_correlation(x, y, filled(case["input"]["z"]))
        r, p, ci = found.r, found.p, found.ci
        assert (found.n, found.dropped) == (expected["n"], len(x) - expected["n"])
    else:  # two controls: the first is taken out of everything by least squares, the second by the function
        first, second = np.array(case["input"]["z"]).T
        x, y, second = (v - np.polyval(np.polyfit(first, v, 1), first) for v in (x, y, second))
        r = stats.partial_correlation(x, y, second).r
        p, ci = stats.p_value(r, expected["n"], 2), stats.fisher_interval(r, expected["n"], 2)
    assert (r, p) == pytest.approx((expected["r"], expected["p"]), abs=1e-12)
    assert ci == pytest.approx((expected["low"], expected["high"]), abs=1e-12)
