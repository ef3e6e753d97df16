"""Make tests/reference/agreement-examples.json: Gwet's AC1 and AC2, Fleiss' kappa, Krippendorff's alpha.

raw, ac1, ac2, fleiss come from the PyPI package irrCAC (irrCAC.raw.CAC: pa of gwet(), gwet(), fleiss()), every alpha from the PyPI
package krippendorff (krippendorff.alpha). Nominal and interval alpha of both packages must be equal. Published numbers stand beside.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.datasets import raw_4raters
from irrCAC.raw import CAC

warnings.simplefilter("ignore")  # pandas, from inside irrCAC
Ratings = list[list[float | None]]
PACKAGES = ("irrCAC", "krippendorff")
NA = None
KRIPPENDORFF_2011: Ratings = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
]


def coefficients(ratings: Ratings, values: list[int]) -> dict[str, float | None]:
    """Return all coefficients of one table, rows are raters."""
    table = np.array(ratings, dtype=float)
    frame = pd.DataFrame(table.T)

    def cac(weights: str) -> CAC:
        return CAC(frame.copy(), weights=weights, categories=[float(v) for v in values], digits=15)

    found: dict[str, float | None] = {}
    for name, ac, weights in (
        ("", "ac1", "identity"),
        ("_linear", "ac2_linear", "linear"),
        ("_quadratic", "ac2_quadratic", "quadratic"),
    ):
        result = cac(weights).gwet()["est"]
        found[f"raw{name}"], found[ac] = float(result["pa"]), float(result["coefficient_value"])
    found["fleiss"] = float(cac("identity").fleiss()["est"]["coefficient_value"])
    for level in ("nominal", "ordinal", "interval", "ratio"):
        defined = level != "ratio" or min(values) > 0
        found[f"alpha_{level}"] = (
            float(krippendorff.alpha(table, value_domain=values, level_of_measurement=level)) if defined else None
        )
    for level, weights in (("nominal", "identity"), ("interval", "quadratic")):
        peer = float(cac(weights).krippendorff()["est"]["coefficient_value"])
        assert abs(peer - found[f"alpha_{level}"]) < 1e-12, (level, peer, found)
    return found


def a_case(name: str, ratings: Ratings, values: list[int], published: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return one case; published numbers must be the computed ones, rounded."""
    expected = coefficients(ratings, values)
    for key, number in (published or {}).items():
        digits = len(str(number).split(".")[1]) if key != "source" else 0
        assert key == "source" or round(expected[key], digits) == number, (key, number, expected)
    source = "PyPI " + ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    case = {"name": name, "source": source, "input": {"ratings": ratings, "values": values}, "expected": expected}
    return case if published is None else {**case, "published": published}


def simulate(seed: int, raters: int, units: int, values: list[int], same: float, missing: float) -> Ratings:
    """Return ratings that repeat a common value with probability ``same`` and are missing with probability ``missing``."""
    rng = random.Random(seed)

    def pick() -> int:
        return values[int(rng.random() * len(values))]

    table: Ratings = [[] for _ in range(raters)]
    for _ in range(units):
        common = pick()
        for row in table:
            value = common if rng.random() < same else pick()
            row.append(None if rng.random() < missing else value)
    return table


def text_of(value: Any, indent: str = "") -> str:
    """Return JSON with every list of numbers on one line."""
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {text_of(item, deeper)}" for key, item in value.items()]
    elif isinstance(value, list) and isinstance(value[0], (list, dict)):
        parts = [text_of(item, deeper) for item in value]
    else:
        return json.dumps(value, allow_nan=False)
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{indent}{end}"


def main() -> None:
    """Write the file."""
    gwet = [[None if np.isnan(v) else int(v) for v in column] for column in raw_4raters().to_numpy(dtype=float).T]
    five_used_four = [[4 if v == 5 else v for v in row] for row in simulate(1303, 3, 24, [1, 2, 3, 4, 5], 0.5, 0.2)]
    cases = [
        a_case(
            "Krippendorff 2011, four observers, 12 units",
            KRIPPENDORFF_2011,
            [1, 2, 3, 4, 5],
            {
                "source": "Krippendorff (2011), Computing Krippendorff's Alpha-Reliability",
                "alpha_nominal": 0.743,
                "alpha_ordinal": 0.815,
                "alpha_interval": 0.849,
                "alpha_ratio": 0.797,
            },
        ),
        a_case(
            "Gwet's copy of it (cac.raw4raters): unit 12 judged by the third rater, not the second",
            gwet,
            [1, 2, 3, 4, 5],
            {
                "source": "irrCAC, documented output on cac.raw4raters",
                "ac1": 0.77544,
                "fleiss": 0.76117,
                "alpha_nominal": 0.74342,
            },
        ),
        a_case(
            "three raters, values 0 to 4, 30 units", simulate(1301, 3, 30, [0, 1, 2, 3, 4], 0.6, 0.15), [0, 1, 2, 3, 4]
        ),
        a_case(
            "two raters, values 1 to 5, 20 units", simulate(1302, 2, 20, [1, 2, 3, 4, 5], 0.7, 0.1), [1, 2, 3, 4, 5]
        ),
        a_case("three raters, value 5 of 1 to 5 not used, 24 units", five_used_four, [1, 2, 3, 4, 5]),
        a_case(
            "three raters, unequal spacing 0, 2, 3, 4, 40 units",
            simulate(1304, 3, 40, [0, 2, 3, 4], 0.6, 0.15),
            [0, 2, 3, 4],
        ),
    ]
    content = {
        "topic": "agreement-examples",
        "made_by": "validation/agreement_examples.py",
        "software": {package: version(package) for package in PACKAGES},
        "cases": cases,
    }
    path = Path("tests/reference/agreement-examples.json")
    path.write_text(text_of(content) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path} {len(cases)} cases\n")


if __name__ == "__main__":
    main()
