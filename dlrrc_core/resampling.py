"""Bootstrap over papers for any statistic that is a function of sums over papers.

Kappa, alpha, intraclass correlations and partial correlations are all functions of sums of per-paper features (counts, products of
scores). A bootstrap sample only changes how often each paper is counted, so thousands of replicates are one product of a weight
matrix with the feature matrix. Papers with the same features share one multinomial count, which is the same distribution and makes
the cost depend on how many different papers there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from dlrrc_core.chunks import Checkpoint, in_chunks
from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
DRAWS = 2000
CELLS = 4_000_000  # numbers held at once: a chunk of replicates is cut so that its largest array stays below
DEFINED = 0.9  # smallest share of defined replicates that still gives an interval


@dataclass(frozen=True)
class Bootstrap:
    """Bootstrap of some statistics over papers.

    Attributes
    ----------
    estimate : numpy.ndarray, shape (statistics,)
        The statistics of the data themselves; NaN where not defined.
    low, high : numpy.ndarray, shape (statistics,)
        BCa interval; NaN where it is not defined.
    defined : numpy.ndarray, shape (statistics,)
        Share of replicates in which the statistic was defined, 0-1.
    """

    estimate: Floats
    low: Floats
    high: Floats
    defined: Floats


def bca(
    features: npt.ArrayLike,
    statistic: Statistic,
    draws: int = DRAWS,
    seed: int = 1,
    level: float = 0.95,
    checkpoint: Checkpoint | None = None,
    name: str = "bootstrap",
) -> Bootstrap:
    """Return bias-corrected and accelerated (BCa) bootstrap intervals over papers.

    Parameters
    ----------
    features : array_like of float, shape (papers, features)
        What each paper adds to the sums. A column of ones gives the statistic the number of papers.
    statistic : callable
        Maps sums of shape (m, features) to statistics of shape (m, statistics); NaN where a statistic is not defined.
    draws : int, default 2000
        Number of bootstrap samples, at least 100.
    seed : int, default 1
        Seed; the same seed, draws and features give the same interval on every machine.
    level : float, default 0.95
        Confidence level in (0, 1).
    checkpoint : Checkpoint, optional
        Where finished chunks are kept, so that a stopped run goes on from them.
    name : str, default "bootstrap"
        What is resampled: shown with the progress, and part of the names of kept chunks.

    Returns
    -------
    Bootstrap
        Intervals are NaN below two papers, and where fewer than 90 % of the replicates are defined. A statistic that is the same
        in every replicate has an interval of width 0.

    Raises
    ------
    UsageError
        When a feature is not finite, or draws, seed or level are outside what is allowed.

    Notes
    -----
    ``alpha = Phi(z0 + (z0 + z) / (1 - a (z0 + z)))`` with ``z0`` from the share of replicates below the estimate (ties count half) and
    ``a`` from the leave-one-paper-out values. Source: Efron (1987), J Am Stat Assoc 82:171-185. Checked against R's ``boot.ci``
    and ``scipy.stats.bootstrap``.
    """
    table = np.asarray(features, dtype=float)
    if table.ndim != 2 or not table.shape[1] or not np.isfinite(table).all():
        raise UsageError(
            f"features of shape {table.shape}; allowed: finite numbers of shape (papers, 1 or more features)"
        )
    if draws < 100 or seed < 0 or not 0 < level < 1:
        raise UsageError(
            f"draws {draws}, seed {seed}, level {level}; allowed: at least 100 draws, a seed of at least 0 and a level between 0 and 1"
        )
    n = len(table)
    estimate = values_of(statistic, table.sum(axis=0, keepdims=True))[0]
    empty = np.full(estimate.shape, np.nan)
    if n < 2:
        return Bootstrap(estimate, empty, empty.copy(), empty.copy())
    rows, counts = np.unique(table, axis=0, return_counts=True)
    size = max(1, CELLS // max(rows.shape))

    def replicates(rng: np.random.Generator, m: int) -> Floats:
        return values_of(statistic, rng.multinomial(n, counts / n, size=m) @ rows)

    key = b"%d %d " % table.shape + table.tobytes() + estimate.tobytes()  # the estimate stands for the statistic
    values = in_chunks(replicates, draws, size, seed, name, checkpoint, key)
    left_out = _jackknife(statistic, table.sum(axis=0), rows)
    return bca_interval(estimate, values, left_out, counts, level)


def _jackknife(statistic: Statistic, total: Floats, rows: Floats) -> Floats:
    """Return the statistics without one paper of each kind, in pieces of bounded size."""
    size = max(1, CELLS // rows.shape[1])
    pieces = [values_of(statistic, total - rows[i : i + size]) for i in range(0, len(rows), size)]
    return np.concatenate(pieces)


def bca_interval(
    estimate: Floats, replicates: Floats, left_out: Floats, counts: npt.NDArray[np.integer], level: float = 0.95
) -> Bootstrap:
    """Return BCa intervals from replicates and leave-one-out values that are already there.

    Parameters
    ----------
    estimate : numpy.ndarray, shape (statistics,)
        Statistics of the data.
    replicates : numpy.ndarray, shape (draws, statistics)
        Bootstrap replicates; NaN where not defined.
    left_out : numpy.ndarray, shape (kinds, statistics)
        Statistics without one paper of each kind.
    counts : numpy.ndarray of int, shape (kinds,)
        How many papers are of each kind.
    level : float, default 0.95
        Confidence level in (0, 1).

    Returns
    -------
    Bootstrap
    """
    low, high = np.full(estimate.shape, np.nan), np.full(estimate.shape, np.nan)
    defined = np.isfinite(replicates).mean(axis=0)
    z = ndtri((1 - level) / 2)
    for k, centre in enumerate(estimate):
        known = replicates[np.isfinite(replicates[:, k]), k]
        if not np.isfinite(centre) or defined[k] < DEFINED:
            continue
        below = ((known < centre).sum() + (known <= centre).sum()) / 2  # ties count half, as in scipy
        z0 = ndtri(np.clip(below / known.size, 0.5 / known.size, 1 - 0.5 / known.size))
        a = _acceleration(left_out[:, k], counts)
        low[k], high[k] = np.quantile(known, [ndtr(_adjusted(z0, z0 + tail, a)) for tail in (z, -z)])
    return Bootstrap(estimate, low, high, defined)


def _adjusted(z0: float, z: float, a: float) -> float:
    """Return the adjusted normal quantile; infinite past the pole of the formula, so that the ends keep their order."""
    room = 1 - a * z
    return z0 + z / room if room > 0 else float(np.copysign(np.inf, z))


def _acceleration(left_out: Floats, counts: npt.NDArray[np.integer]) -> float:
    """Return the acceleration from leave-one-out values; 0 when they do not vary."""
    keep = np.isfinite(left_out)
    if not keep.any():
        return 0.0
    values, weights = left_out[keep], counts[keep]
    gap = np.average(values, weights=weights) - values
    square = float((weights * gap**2).sum())
    if square <= 1e-24 * max(1.0, float(np.abs(values).max()) ** 2):
        return 0.0
    return float((weights * gap**3).sum() / (6 * square**1.5))


def values_of(statistic: Statistic, sums: Floats) -> Floats:
    """Return statistics of sums as :func:`bca` does: NaN where a division by zero leaves them undefined, never a warning.

    Parameters
    ----------
    statistic : callable
        As in :func:`bca`.
    sums : numpy.ndarray, shape (m, features)
        Sums over papers.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(statistic(sums), dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def rank_of_p(observed: float, permuted: npt.ArrayLike) -> float:
    """Return a two-sided permutation P value.

    Parameters
    ----------
    observed : float
        The statistic of the data.
    permuted : array_like of float, shape (draws,)
        The statistic under permutation.

    Returns
    -------
    float
        ``(1 + #{|t*| >= |t|}) / (1 + draws)``, in (0, 1]; NaN when ``observed`` is.

    Notes
    -----
    Never 0: the data are one of the permutations. Source: Phipson and Smyth (2010), Stat Appl Genet Mol Biol 9:39. Values closer than
    1e-12 count as equal, so that rounding does not decide. Checked against full enumeration in R.
    """
    if not np.isfinite(observed):
        return float("nan")
    values = np.abs(np.asarray(permuted, dtype=float))
    return float((1 + (values >= abs(observed) - 1e-12).sum()) / (1 + values.size))
