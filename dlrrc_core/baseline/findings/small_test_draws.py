"""Small test sets drawn from many answered patients: exactly, by generating functions, and by chance, for what has no formula.

A test set has ``cases`` patients of each of two classes and ``images`` images of each patient, all drawn without replacement. A case is
answered rightly when more than half of its images are, which for three images is the rule of two votes of three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.signal import convolve
from scipy.stats import hypergeom

from dlrrc_core.chunks import generator, in_chunks
from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
THRESHOLD = 0.5
PIECE = 5000  # test sets drawn at once


@dataclass(frozen=True, eq=False)
class Answers:
    """Which images several networks answered rightly; all networks answered the same images.

    Attributes
    ----------
    right : numpy.ndarray of bool, shape (networks, patients, images)
    label : numpy.ndarray of int, shape (patients,)
        0 or 1.
    """

    right: Bools
    label: Ints

    @property
    def networks(self) -> int:
        """Number of networks."""
        return self.right.shape[0]

    @property
    def images(self) -> int:
        """Number of images of each patient."""
        return self.right.shape[2]


@dataclass(frozen=True)
class Design:
    """A test set: ``cases`` patients of each class, ``images`` images of each."""

    cases: int = 5
    images: int = 3

    @property
    def all_cases(self) -> int:
        """Patients of both classes."""
        return 2 * self.cases

    @property
    def all_images(self) -> int:
        """Images of all patients."""
        return self.all_cases * self.images

    @property
    def needed(self) -> int:
        """Right images that make a case right."""
        return self.images // 2 + 1


def answers(table: pd.DataFrame) -> Answers:
    """Return which images were answered rightly.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows as :func:`dlrrc_core.baseline.predictions.rows` makes them, with a column ``seed`` that tells the networks apart.

    Raises
    ------
    UsageError
        When the networks did not answer the same patients and numbers of images, or a class is missing.
    """
    sorted_table = table.sort_values(["seed", "patient"])
    groups = [group for _, group in sorted_table.groupby("seed")]
    who = [list(zip(group["patient"], group["label"], strict=True)) for group in groups]
    lists = [str(text).split() for text in sorted_table["probabilities"]]
    if any(each != who[0] for each in who) or len({len(each) for each in lists}) != 1:
        raise UsageError("the networks answered different patients or images; allowed: the same for all seeds")
    label = groups[0]["label"].to_numpy(dtype=np.int64)
    if set(label) != {0, 1}:
        raise UsageError(f"the labels are {sorted(set(label.tolist()))}; allowed: 0 and 1, both")
    called = np.array(lists, dtype=float).reshape(len(groups), len(label), -1) >= THRESHOLD
    return Answers(called == label[:, None].astype(bool), label)


def image_counts(right: Bools, images: int) -> Floats:
    """Return the probabilities of 0 ... ``images`` right answers among images drawn of each patient, shape (patients, images + 1).

    Parameters
    ----------
    right : numpy.ndarray of bool, shape (patients, all images)
        Which images of each patient are answered rightly.
    images : int
        How many are drawn, without replacement.

    Notes
    -----
    Hypergeometric: ``C(c, k) C(S - c, m - k) / C(S, m)`` for c right of S images, m drawn.
    """
    have = right.shape[1]
    if images > have:
        raise UsageError(f"{images} images of each patient, who has {have}; allowed: at most {have}")
    return np.asarray(hypergeom.pmf(np.arange(images + 1), have, right.sum(axis=1)[:, None], images))


def case_probability(right: Bools, design: Design) -> Floats:
    """Return for each patient the probability that the case is answered rightly; the mean is the true case accuracy."""
    return image_counts(right, design.images)[:, design.needed :].sum(axis=1)


def joint(right: Bools, label: Ints, design: Design) -> Floats:
    """Return the distribution of right cases and right images of a test set.

    Parameters
    ----------
    right : numpy.ndarray of bool, shape (patients, images)
    label : numpy.ndarray of int, shape (patients,)
    design : Design
        Test set; each class needs as many patients.

    Returns
    -------
    numpy.ndarray, shape (cases + 1, images + 1)
        Probability of each pair of counts.

    Notes
    -----
    Let ``g_p(x, y) = sum_k P(k images of patient p are right) x^[case right] y^k``. All sets of j patients of a class together have the
    elementary symmetric polynomial ``e_j`` of the ``g_p``, built patient by patient by ``e_j <- e_j + g_p e_(j-1)``; divided by the
    number of sets it is the generating function of the counts, and the classes multiply. The probability that all cases are right is
    ``e_5(p) e_5(q) / C(n, 5)^2`` with the probabilities p and q of the cases.
    """
    parts = [_one_class(image_counts(right[label == value], design.images), design) for value in (0, 1)]
    return np.asarray(convolve(*parts, method="direct"))


def _one_class(counts: Floats, design: Design) -> Floats:
    """Return the distribution of right cases and images of one class."""
    if len(counts) < design.cases:
        raise UsageError(f"a class has {len(counts)} patients; allowed: at least {design.cases}")
    sets = np.zeros((design.cases + 1, design.cases + 1, design.cases * design.images + 1))
    sets[0, 0, 0] = 1
    for chances in counts:
        before = sets[:-1].copy()
        for k, chance in enumerate(chances):
            won = int(k >= design.needed)
            sets[1:, won:, k:] += chance * before[:, : design.cases + 1 - won, : sets.shape[2] - k]
    return np.asarray(sets[-1] / comb(len(counts), design.cases))


def drawn(found: Answers, design: Design, draws: int, seed: int) -> Ints:
    """Draw test sets that all networks answer.

    Parameters
    ----------
    found : Answers
    design : Design
    draws : int
        Number of test sets.
    seed : int

    Returns
    -------
    numpy.ndarray of int, shape (draws, networks, 2)
        Right cases and right images of each network.
    """
    pools = [np.flatnonzero(found.label == value) for value in (0, 1)]

    def piece(rng: np.random.Generator, m: int) -> Floats:
        chosen = np.concatenate([pool[_subsets(rng, m, len(pool), design.cases)] for pool in pools], axis=1)
        which = _subsets(rng, m * design.all_cases, found.images, design.images).reshape(m, design.all_cases, -1)
        right = found.right[:, chosen[:, :, None], which].sum(axis=3)  # (networks, m, cases)
        both = np.stack([(right >= design.needed).sum(axis=2), right.sum(axis=2)], axis=2)
        return np.asarray(both.transpose(1, 0, 2), dtype=float)

    return in_chunks(piece, draws, PIECE, seed, "test sets").astype(np.int64)


def _subsets(rng: np.random.Generator, m: int, n: int, k: int) -> Ints:
    """Return m sets of k different numbers below n, shape (m, k)."""
    if k == n:
        return np.tile(np.arange(n), (m, 1))
    return np.argpartition(rng.random((m, n), dtype=np.float32), k - 1, axis=1)[:, :k]


def separate(counts: Ints, seed: int) -> Ints:
    """Return the counts as if every network had a test set of its own: the rows of each network in an order of their own."""
    rng = generator(seed, 0)
    return np.stack([counts[rng.permutation(len(counts)), k] for k in range(counts.shape[1])], axis=1)


@dataclass(frozen=True)
class Choice:
    """What choosing the best of ``k`` networks on a test set gives, means over test sets and choices of networks.

    Attributes
    ----------
    k : int
    shown : float
        Case accuracy of the chosen network on that test set, 0-1.
    true : float
        True case accuracy of the chosen network, 0-1.
    perfect : float
        Probability that the chosen network has all cases right on that test set.
    """

    k: int
    shown: float
    true: float
    perfect: float


def chosen(counts: Ints, true: Sequence[float], design: Design, seed: int) -> list[Choice]:
    """Choose the best of k networks on each test set, for every k.

    Parameters
    ----------
    counts : numpy.ndarray of int, shape (draws, networks, 2)
        As :func:`drawn` or :func:`separate` give them.
    true : sequence of float, shape (networks,)
        True case accuracy of each network, 0-1.
    design : Design
    seed : int
        Of the order in which networks are tried.

    Returns
    -------
    list of Choice
        For k = 1 ... networks.

    Notes
    -----
    The network with most right cases is chosen, among these the one with most right images, among these the one tried first. The k
    networks are the first k of a random order, another one for each test set.
    """
    rng = generator(seed, 1)
    order = rng.permuted(np.tile(np.arange(counts.shape[1]), (len(counts), 1)), axis=1)
    rows = np.arange(len(counts))
    score = (counts[:, :, 0] * (design.all_images + 1) + counts[:, :, 1])[rows[:, None], order]
    accuracy = np.asarray(true, dtype=float)
    found = []
    for k in range(1, counts.shape[1] + 1):
        winner = order[rows, score[:, :k].argmax(axis=1)]
        cases = counts[rows, winner, 0]
        shown = float(cases.mean() / design.all_cases)
        found.append(Choice(k, shown, float(accuracy[winner].mean()), float((cases == design.all_cases).mean())))
    return found


def smallest(wide: Callable[[int], float], width: float, most: int = 100_000) -> int | None:
    """Return the smallest number of cases whose interval is at most ``width`` wide, by bisection; None above ``most``.

    Parameters
    ----------
    wide : callable
        Width of the interval for a number of cases; falls with it.
    width : float
    most : int, default 100000
    """
    low, high = 0, most
    if wide(most) > width:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wide(middle) <= width else (middle, high)
    return high
