"""Draws answer matrices that agree with every printed aggregate.

The chains of :mod:`dlrrc_core.reconstruct.chains` also visit matrices that break conditions on single papers; a chain that is looked at
only where nothing is broken is a Markov chain again, so every fifteenth of those states is a draw. Every matrix that agrees with the
printed numbers is equally likely. That is a choice, not knowledge: the draws show what the printed numbers leave open, not what
the authors' data were.
"""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from dlrrc_core.problems import UsageError
from dlrrc_core.reconstruct.aggregates import Aggregates
from dlrrc_core.reconstruct.bounds import extreme_counts
from dlrrc_core.reconstruct.chains import Chains, Matrices
from dlrrc_core.reconstruct.program import Program

CHAINS = 8
THIN = 15  # every fifteenth visit to a state that breaks nothing is a draw: some hundred steps
BURN_IN = 3000  # steps before a chain is looked at
DOUBT = 2000  # steps without such a visit by any chain after which an integer program says whether there is one
PATIENCE = 200_000  # steps without such a visit after which a chain gives up


class NothingFoundError(UsageError):
    """No answers that agree with every printed number were found."""


def start(a: Aggregates, chains: int, rng: np.random.Generator) -> Matrices:
    """Return matrices that meet the printed sums of items, parts and all answers, far from each other.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    chains : int
        Number of matrices.
    rng : numpy.random.Generator
        Decides which items get many units, and which papers get them.

    Returns
    -------
    numpy.ndarray of int, shape (chains, papers, items)

    Raises
    ------
    NothingFoundError
        When no answers give the printed sums.
    """
    n, items = len(a.papers), len(a.levels)
    found = np.zeros((chains, n, items), dtype=np.int64)
    for c in range(chains):
        counts = extreme_counts(a, rng.normal(size=items))
        if counts is None:
            raise NothingFoundError("no answers give the printed sums, so some of them contradict each other")
        for i, levels in enumerate(a.levels):
            values = np.repeat(levels, counts[i])
            found[c, :, i] = rng.permutation(values)
    return found


def draw(a: Aggregates, draws: int, rng: np.random.Generator) -> Matrices:
    """Draw answer matrices that agree with every printed aggregate of one review.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    draws : int
        Number of draws.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    numpy.ndarray of int, shape (draws, papers, items)
        Units. Draw ``i`` comes from chain ``i % CHAINS``; the chains start far from each other.

    Raises
    ------
    NothingFoundError
        When the printed sums contradict each other, or a chain finds no matrix that meets every condition.

    Notes
    -----
    Metropolis et al. (1953), J Chem Phys 21:1087-1092. Every draw is checked again by a test that shares no code with this module.
    """
    state = Chains(a, start(a, CHAINS, rng), rng)
    for _ in range(BURN_IN):
        state.step()
    each = -(-draws // CHAINS)
    kept = np.zeros((each, *state.x.shape), dtype=np.int64)
    visits, number, waited = np.zeros((3, CHAINS), dtype=np.int64)
    with tqdm(total=each * CHAINS, desc="draws", disable=None, leave=False) as bar:
        while (number < each).any():
            state.step()
            good = state.price == 0
            waited = np.where(good, 0, waited + 1)
            if waited.min() == DOUBT and Program(a).best() is None:
                raise NothingFoundError(
                    "no answers agree with every printed number, so some of them contradict each other"
                )
            if waited.max() > PATIENCE:
                raise NothingFoundError(
                    f"a chain met no matrix that agrees with every printed number in {PATIENCE} steps; look for contradictions first"
                )
            visits += good
            due = np.flatnonzero(good & (visits % THIN == 0) & (number < each))
            kept[number[due], due] = state.x[due]
            number[due] += 1
            bar.update(due.size)
    return kept.reshape(-1, *state.x.shape[1:])[:draws]
