"""Time bootstrap, permutation, agreement and reconstruction: ``python benchmarks/statistical.py [--runs 3]``.

Peers are the loops that a user would write with pingouin or scipy; both sides get the same data in one run, in turn, and their results are
compared. The kappa and alpha of many papers are also timed against the package ``krippendorff``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pingouin
from machine import ROOT, described, machine, write_results
from scipy import stats as sps

from dlrrc_core import agreement, association, permutation, repository, stats
from dlrrc_core.agreement import Ratings
from dlrrc_core.reconstruct.report import reconstruct

SIZES = (22, 100)  # papers of the seed review, and of a large field
PAPERS = (100, 1000, 10_000, 100_000)
RATERS = 3


def timed(compute: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Return the median seconds of some runs and the last result."""
    seconds, found = [], None
    for _ in range(runs):
        start = time.perf_counter()
        found = compute()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), found


def sample(n: int) -> pd.DataFrame:
    """Return score, year and journal percentile of n papers, correlated as in the seed review."""
    rng = np.random.default_rng(n)
    z = rng.normal(size=(n, 3))
    year = z[:, 0]
    return pd.DataFrame({"x": year, "y": 0.4 * year + z[:, 1], "z": 0.07 * year + z[:, 2]})


def partial(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> float:
    """Return a partial correlation as a user would: by the residuals of two regressions."""
    a, b = sps.linregress(z, x), sps.linregress(z, y)
    return float(np.corrcoef(x - a.slope * z, y - b.slope * z)[0, 1])


def resampling(runs: int, draws: int, peer_draws: int) -> list[dict[str, Any]]:
    """Return times of BCa intervals and permutation tests of a partial correlation, ours and peers'.

    Peers run fewer draws; their time is scaled to the same number (their loops take the same time for every draw).
    """
    rows = []
    for n in SIZES:
        data = sample(n)
        x, y, z = (data[c].to_numpy() for c in "xyz")
        ours, test = timed(lambda a=(x, y, z): permutation.partial_permutation_test(*a, draws), runs)
        for name, (seconds, values) in permuting_peers(data, peer_draws).items():
            p = (1 + (np.abs(values) >= abs(test.r) - 1e-12).sum()) / (1 + peer_draws)
            rows.append(_row("permutation", n, draws, name, ours, seconds * draws / peer_draws, test.p, p))
        ours, boot = timed(lambda a=(x, y, z): association.bootstrap_correlation(*a, draws), runs)
        for name, (seconds, low) in bootstrap_peers(data, peer_draws).items():
            rows.append(_row("BCa", n, draws, name, ours, seconds * draws / peer_draws, boot.low[0], low))
    return rows


def by_pingouin(data: pd.DataFrame) -> float:
    """Return the partial correlation by pingouin."""
    return float(pingouin.partial_corr(data, "x", "y", "z")["r"].iloc[0])


def by_scipy(data: pd.DataFrame) -> float:
    """Return the partial correlation by two regressions."""
    return partial(*(data[c].to_numpy() for c in "xyz"))


def permuting_peers(data: pd.DataFrame, draws: int) -> dict[str, tuple[float, Any]]:
    """Return seconds and permuted correlations of the loops over permuted residuals."""
    rng = np.random.default_rng(1)
    fit = sps.linregress(data["z"], data["y"])
    residual = (data["y"] - fit.slope * data["z"]).to_numpy()

    def loop(statistic: Callable[[pd.DataFrame], float]) -> list[float]:
        return [statistic(data.assign(y=fit.slope * data["z"] + rng.permutation(residual))) for _ in range(draws)]

    return {name: timed(lambda s=s: loop(s), 1) for name, s in {"pingouin": by_pingouin, "scipy": by_scipy}.items()}


def bootstrap_peers(data: pd.DataFrame, draws: int) -> dict[str, tuple[float, float]]:
    """Return seconds and lower ends of scipy's BCa interval and of a percentile interval by a loop over pingouin."""
    rng, columns = np.random.default_rng(1), tuple(data[c].to_numpy() for c in "xyz")
    options: dict[str, Any] = {"paired": True, "vectorized": False, "n_resamples": draws, "rng": rng}
    seconds, found = timed(lambda: sps.bootstrap(columns, partial, **options), 1)
    loop_seconds, values = timed(
        lambda: [by_pingouin(data.sample(frac=1, replace=True, random_state=rng)) for _ in range(draws)], 1
    )
    return {
        "scipy.stats.bootstrap": (seconds, float(found.confidence_interval.low)),
        "pingouin loop, percentile": (loop_seconds, float(np.percentile(values, 2.5))),
    }


def _row(
    what: str, n: int, draws: int, peer: str, ours: float, peers: float, result: float, other: float
) -> dict[str, Any]:
    """Return one line of the comparison."""
    times = {"ours_s": ours, "peer_s": peers, "ratio": peers / ours}
    results = {"result": float(result), "peer_result": float(other)}
    return {"what": what, "papers": n, "draws": draws, "peer": peer, **times, **results}


def growth(runs: int) -> list[dict[str, Any]]:
    """Return the time of all agreement statistics by number of papers, without and with bootstrap, and of alpha alone by a peer."""
    checklist = repository.load(ROOT).checklist
    levels = [sorted(set(codes.values())) for codes in checklist.units.values()]
    rows = []
    for n in PAPERS:
        rng = np.random.default_rng(n)
        truth = np.stack([rng.choice(values, n) for values in levels], axis=1)
        other = np.stack([rng.choice(values, (RATERS, n)) for values in levels], axis=2)
        units = np.where(rng.random((RATERS, n, len(levels))) < 0.8, truth, other)
        units[rng.random(units.shape) < 0.02] = -1
        open_items = (units < 0).any(axis=2).T
        points = np.where(open_items, np.nan, np.where(units < 0, 0, units).sum(axis=2).T * checklist.unit_points)
        raters = tuple(f"rater-{k}" for k in range(RATERS))
        ratings = Ratings(tuple(f"p{i}" for i in range(n)), raters, dict.fromkeys(raters, "human"), units, points)
        seconds, found = timed(lambda r=ratings: agreement.agreement(r, checklist, draws=0), runs)
        with_intervals, _ = timed(lambda r=ratings: agreement.agreement(r, checklist, draws=1000), 1)
        table = np.where(units < 0, np.nan, units.astype(float)).reshape(RATERS, -1)
        peer, alpha = timed(lambda t=table: krippendorff.alpha(t, level_of_measurement="nominal"), 1)
        rows.append(
            {
                "papers": n,
                "seconds": seconds,
                "papers_per_s": n / seconds,
                "with_1000_bootstraps_s": with_intervals,
                "alpha": found["pooled"]["alpha"],
                "krippendorff_alpha": float(alpha),
                "krippendorff_alpha_only_s": peer,
            }
        )
    return rows


def draws_of_rcc(draws: int) -> dict[str, Any]:
    """Return the time of the reconstruction and its effective draws per second."""
    repo = repository.load(ROOT)
    seconds, found = timed(lambda: reconstruct(repo, "rcc", draws, 1), 1)
    ess = found["diagnostics"]["ess"]
    return {
        "draws": draws,
        "seconds": seconds,
        "least_ess": found["diagnostics"]["least_ess"],
        "median_ess": statistics.median(ess.values()),
        "worst_rhat": found["diagnostics"]["worst_rhat"],
        "least_ess_per_s": found["diagnostics"]["least_ess"] / seconds,
        "median_ess_per_s": statistics.median(ess.values()) / seconds,
    }


RESAMPLING = {
    "what": "{what}",
    "papers": "{papers}",
    "draws": "{draws}",
    "peer": "{peer}",
    "ours, s": "{ours_s:.4f}",
    "peer, s": "{peer_s:.2f}",
    "ratio": "{ratio:.0f}",
    "ours gives": "{result:.3f}",
    "peer gives": "{peer_result:.3f}",
}
AGREEMENT = {
    "papers": "{papers}",
    "all statistics, s": "{seconds:.3f}",
    "papers per s": "{papers_per_s:.0f}",
    "with 1,000 bootstraps, s": "{with_1000_bootstraps_s:.2f}",
    "alpha": "{alpha:.6f}",
    "`krippendorff`: alpha": "{krippendorff_alpha:.6f}",
    "its alpha alone, s": "{krippendorff_alpha_only_s:.3f}",
}
RECONSTRUCTION = {
    "draws": "{draws}",
    "seconds, bounds and percentiles too": "{seconds:.1f}",
    "least ESS": "{least_ess:.0f}",
    "median ESS": "{median_ess:.0f}",
    "worst R-hat": "{worst_rhat:.3f}",
    "least ESS per s": "{least_ess_per_s:.1f}",
    "median ESS per s": "{median_ess_per_s:.1f}",
}


def table(columns: dict[str, str], rows: list[dict[str, Any]]) -> list[str]:
    """Return rows as a Markdown table; columns are formats by heading."""
    cells = [
        list(columns),
        ["---"] * len(columns),
        *([form.format(**row) for form in columns.values()] for row in rows),
    ]
    return [f"| {' | '.join(line)} |" for line in cells] + [""]


def report(found: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    ratios = [r["ratio"] for r in found["resampling"]]
    lines = ["# Statistics", "", "## Bootstrap and permutation of a partial correlation", ""]
    lines += table(RESAMPLING, found["resampling"])
    lines += [
        f"Smallest ratio {min(ratios):.0f}, geometric mean {statistics.geometric_mean(ratios):.0f}. Results are P values or the lower"
    ]
    lines += ["end of the interval; peers use other random numbers and fewer draws (their time is scaled).", ""]
    lines += [f"## Agreement of {RATERS} raters, 31 items", "", *table(AGREEMENT, found["agreement"])]
    lines += ["## Reconstruction of RCC", "", *table(RECONSTRUCTION, [found["reconstruction"]])]
    return "\n".join([*lines, described(found["machine"])]) + "\n"


def main() -> None:
    """Run everything and write ``results/statistical.md`` and ``.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--draws", type=int, default=10_000, help="bootstrap samples and permutations")
    parser.add_argument("--peer-draws", type=int, default=1000, help="of the peers, whose time is scaled")
    parser.add_argument("--reconstructions", type=int, default=1000)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # pingouin calls pandas in an old way
    stats.pearson([1, 2, 3], [1, 3, 2])  # scipy loads its distributions on first use
    found = {
        "machine": machine("numpy", "scipy", "pandas", "pingouin", "krippendorff"),
        "resampling": resampling(options.runs, options.draws, options.peer_draws),
        "agreement": growth(options.runs),
        "reconstruction": draws_of_rcc(options.reconstructions),
    }
    write_results("statistical", json.dumps(found, indent=1), report(found))


if __name__ == "__main__":
    main()
