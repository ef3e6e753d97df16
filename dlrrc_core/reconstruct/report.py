"""Everything the chapter on the reconstruction says in numbers, as one plain dictionary; ``dlrrc reconstruct`` prints the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlrrc_core.chunks import Checkpoint, generator, in_chunks
from dlrrc_core.fieldstats import without_nan
from dlrrc_core.problems import UsageError
from dlrrc_core.reconstruct import sampler
from dlrrc_core.reconstruct.aggregates import Aggregates, from_published
from dlrrc_core.reconstruct.bounds import bounds
from dlrrc_core.reconstruct.conflicts import conflict, smallest_conflict
from dlrrc_core.reconstruct.consistency import interval, possible
from dlrrc_core.reconstruct.percentiles import percentiles
from dlrrc_core.repository import Repository

Floats = npt.NDArray[np.float64]
Draws = npt.NDArray[np.int64]
PIECE = 512  # draws that one set of chains gives, and that a stopped run loses at most
WITNESSES = 4  # draws whose totals are tried to show that a bound is reached
MIDDLE = (2.5, 50.0, 97.5)


def reconstruct(
    repository: Repository, field: str, draws: int = 200, seed: int = 1, checkpoint: Checkpoint | None = None
) -> dict[str, Any]:
    """Return what the printed aggregates of a field's seed review imply.

    Parameters
    ----------
    repository : Repository
        All records.
    field : str
        Id of a field that rebuilds a printed review.
    draws : int, default 200
        Number of answer matrices, at least 1.
    seed : int, default 1
        Seed, at least 0.
    checkpoint : Checkpoint, optional
        Where finished pieces are kept, so that a stopped run goes on from them.

    Returns
    -------
    dict
        ``field``, ``review``, ``n_papers``, ``papers``, ``years``, ``seed``, ``n_draws``; ``conflicts``: a smallest set of printed numbers
        that contradict each other among ``answers`` and among ``correlations``, or None; ``journal_year``: the interval of the correlation
        of journal and year that the printed correlations leave, and ``windows``, what each printed one stands for; ``bounds``: exact ranges
        in percent of points of ``part_<id>_percent`` and ``items``; ``known``: how many items and parts have one possible value;
        ``determined``: sums that follow though they were not printed;
        ``draws``: units, draw by paper by item; ``percentiles``: journal percentiles, draw by paper; ``summary``: 2.5 %, 50 % and 97.5 %
        points over the draws; ``diagnostics``: effective sample size and R-hat. When the aggregates contradict each other, everything from
        ``bounds`` on is None.

    Raises
    ------
    UsageError
        When the field rebuilds no printed review, or draws or seed are outside what is allowed.
    """
    if draws < 1 or seed < 0:
        raise UsageError(f"draws {draws}, seed {seed}; allowed: at least 1 draw and a seed of at least 0")
    a = from_published(repository, field)
    windows = a.correlations
    printed = list(windows)
    among_correlations = smallest_conflict(printed, lambda names: possible({k: windows[k] for k in names}))
    head: dict[str, Any] = {
        "field": field,
        "review": repository.published[field].review,
        "n_papers": len(a.papers),
        "papers": list(a.papers),
        "years": a.years.tolist(),
        "seed": seed,
        "n_draws": draws,
        "windows": {name: list(window) for name, window in windows.items()},
        "journal_year": None if among_correlations or not windows else list(interval(windows) or ()),
    }
    found = None if among_correlations else _draw(a, draws, seed, checkpoint)
    if found is None:
        answers = conflict(a) if among_correlations is None else None
        return head | {
            "conflicts": {"answers": answers, "correlations": among_correlations},
            **dict.fromkeys(["bounds", "known", "determined", "draws", "percentiles", "summary", "diagnostics"]),
        }
    journals = [repository.papers[paper].journal or paper for paper in a.papers]
    totals = found.sum(axis=2)
    vectors = [percentiles(a, journals, units, generator(seed, i)) for i, units in enumerate(totals)]
    return dict(
        without_nan(
            head
            | {
                "conflicts": {"answers": None, "correlations": None},
                "bounds": (ranges := exact_bounds(a, totals)),
                "known": known(ranges),
                "determined": determined(a),
                "draws": found.tolist(),
                "percentiles": np.round(vectors, 6).tolist() if "journal" in windows else None,
                "summary": summary(a, found),
                "diagnostics": diagnostics(a, found),
            }
        )
    )


def _draw(a: Aggregates, draws: int, seed: int, checkpoint: Checkpoint | None) -> Draws | None:
    """Return draws, None when there are none to be found."""

    def piece(rng: np.random.Generator, rows: int) -> Floats:
        return sampler.draw(a, rows, rng).astype(float)

    try:
        return in_chunks(piece, draws, PIECE, seed, "reconstruct", checkpoint, repr(a).encode()).astype(np.int64)
    except sampler.NothingFoundError:
        return None


def exact_bounds(a: Aggregates, totals: Draws) -> dict[str, Any]:
    """Return the exact ranges of every part and item in percent of its points.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    totals : numpy.ndarray of int, shape (draws, papers)
        Totals of draws; some serve to show that a bound is reached.
    """
    spread = np.argsort(totals.std(axis=1))[:WITNESSES]

    def percent(columns: tuple[int, ...]) -> list[float] | None:
        whole = len(a.papers) * sum(a.levels[c][-1] for c in columns)
        ends = bounds(a, columns, totals[spread])
        return None if ends is None else [100 * end / whole for end in ends]

    return {
        **{f"part_{part}_percent": percent(columns) for part, columns in a.parts.items()},
        "items": {str(c + 1): percent((c,)) for c in range(len(a.levels))},
    }


def known(ranges: dict[str, Any]) -> dict[str, int]:
    """Return how many items and parts have one possible value, and of how many.

    Parameters
    ----------
    ranges : dict
        Result of :func:`exact_bounds`.
    """
    parts = [ends for name, ends in ranges.items() if name != "items"]
    items = list(ranges["items"].values())
    counts = {"items": items, "parts": parts}
    return {name: sum(low == high for low, high in ends) for name, ends in counts.items()} | {
        f"of_{name}": len(ends) for name, ends in counts.items()
    }


def determined(a: Aggregates) -> list[dict[str, Any]]:
    """Return what was not printed but follows: groups of unprinted items, or of unprinted parts, with one possible sum.

    Parameters
    ----------
    a : Aggregates
        What was printed.

    Returns
    -------
    list of dict
        ``parts``, ``items`` (numbers from 1, empty where whole parts are meant), ``units``, ``of`` and ``percent``.
    """
    n, best = len(a.papers), [levels[-1] for levels in a.levels]

    def rest(low: int, high: int, parts: list[str], columns: list[int]) -> list[dict[str, Any]]:
        whole = n * sum(best[c] for c in columns)
        if low != high or len(columns) < 1:
            return []
        items = [c + 1 for c in columns] if len(parts) == 1 else []
        return [{"parts": parts, "items": items, "units": low, "of": whole, "percent": 100 * low / whole}]

    found = []
    for part, (low, high) in a.part_sums.items():
        printed = [a.items[c] for c in a.parts[part] if c in a.items]
        columns = [c for c in a.parts[part] if c not in a.items]
        found += rest(low - sum(hi for _, hi in printed), high - sum(lo for lo, _ in printed), [part], columns)
    if a.total is not None:
        parts = [part for part in a.parts if part not in a.part_sums]
        sums = list(a.part_sums.values())
        low, high = a.total[0] - sum(hi for _, hi in sums), a.total[1] - sum(lo for lo, _ in sums)
        found += rest(low, high, parts, [c for part in parts for c in a.parts[part]])
    return found


def _quantities(a: Aggregates, draws: Draws) -> dict[str, Floats]:
    """Return what is summed up over draws: parts, items, and the spread of the totals."""
    best = np.array([levels[-1] for levels in a.levels])
    totals = draws.sum(axis=2) * 100 / best.sum()
    found = {
        f"part_{part}_percent": 100
        * draws[:, :, columns].sum(axis=(1, 2))
        / (len(a.papers) * best[list(columns)].sum())
        for part, columns in a.parts.items()
    }
    found |= {f"item_{i + 1}_percent": 100 * draws[:, :, i].mean(axis=1) / best[i] for i in range(len(a.levels))}
    found["accessible_percent"] = 100 * (draws[:, :, list(a.access)].sum(axis=2) >= a.access_line).mean(axis=1)
    found |= {"sd_points": totals.std(axis=1, ddof=1), "lowest_points": totals.min(axis=1)}
    found |= {"highest_points": totals.max(axis=1)}
    found |= {f"mean_points_{year}": totals[:, a.years == year].mean(axis=1) for year in np.unique(a.years)}
    return found


def summary(a: Aggregates, draws: Draws) -> dict[str, Any]:
    """Return 2.5 %, 50 % and 97.5 % points over the draws.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    draws : numpy.ndarray of int, shape (draws, papers, items)
        Units.

    Returns
    -------
    dict
        Percent by part and item, standard deviation, lowest and highest points, mean points by year; ``ranked``: points of the best,
        second best ... paper; ``years``: points of single papers by year.
    """
    best = sum(levels[-1] for levels in a.levels)
    points = draws.sum(axis=2) * 100 / best
    found: dict[str, Any] = {name: _middle(values) for name, values in _quantities(a, draws).items()}
    found["ranked"] = [_middle(column) for column in -np.sort(-points, axis=1).T]
    found["years"] = {str(year): _middle(points[:, a.years == year].ravel()) for year in np.unique(a.years)}
    return found


def _middle(values: Floats) -> list[float]:
    """Return the 2.5 %, 50 % and 97.5 % points."""
    return [float(q) for q in np.percentile(values, MIDDLE)]


def diagnostics(a: Aggregates, draws: Draws) -> dict[str, Any]:
    """Return how well the chains have mixed.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    draws : numpy.ndarray of int, shape (draws, papers, items)
        As :func:`dlrrc_core.reconstruct.sampler.draw` orders them.

    Returns
    -------
    dict
        ``chains``, ``draws_per_chain``, and for every quantity that varies its bulk effective sample size ``ess`` and split R-hat ``rhat``;
        ``worst_rhat`` and ``least_ess``. None below four draws in each chain.

    Notes
    -----
    Rank-normalised, by the package arviz-stats. Source: Vehtari et al. (2021), Bayesian Analysis 16:667-718.
    """
    from arviz_stats.base.array import array_stats  # slow to import, and only needed here

    each = len(draws) // sampler.CHAINS
    found: dict[str, Any] = {"chains": sampler.CHAINS, "draws_per_chain": each, "ess": {}, "rhat": {}}
    if each >= 4:
        for name, values in _quantities(a, draws).items():
            chains = values[: each * sampler.CHAINS].reshape(each, sampler.CHAINS).T
            if np.ptp(chains) > 0:
                found["ess"][name] = float(array_stats.ess(chains, chain_axis=0, draw_axis=1))
                found["rhat"][name] = float(array_stats.rhat(chains, chain_axis=0, draw_axis=1))
    found["least_ess"] = min(found["ess"].values(), default=None)
    found["worst_rhat"] = max(found["rhat"].values(), default=None)
    return found
