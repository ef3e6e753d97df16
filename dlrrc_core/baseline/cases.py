"""What is evaluated: images with their truth, the model's answers and their patients, and the rules from images to cases.

A case is one patient. A rule turns the answers on the images of a patient into one answer, and names itself in the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Level = Literal["image", "case"]
SHOWN = 5  # of each kind of problem
THRESHOLD = 0.5  # probability of class 1 from which on an answer is class 1


@dataclass(frozen=True, eq=False)
class Sample:
    """Checked answers of one model.

    Attributes
    ----------
    truth : numpy.ndarray of int, shape (n,)
        0 or 1; both occur.
    score : numpy.ndarray of float, shape (n,)
        The higher, the more likely is class 1.
    call : numpy.ndarray of int, shape (n,)
        Answer, 0 or 1.
    patient : numpy.ndarray of int, shape (n,)
        Number of the patient, 0 ... patients - 1.
    names : tuple of str
        Id of each patient, in the order of the numbers.
    level : {"image", "case"}
        What one entry is.
    rule : str
        How score and answer were made.
    probability : bool
        Whether the score is a probability of class 1, so that calibration has a meaning.
    position : numpy.ndarray of float, shape (n,), or None
        Place of a slice among those of its patient.
    network : numpy.ndarray of int, shape (n,), or None
        Number of the network that gave the answer, where several did, each for its own patients. Their scores are on different scales,
        so that areas under curves are taken within each.
    """

    truth: Ints
    score: Floats
    call: Ints
    patient: Ints
    names: tuple[str, ...]
    level: Level
    rule: str
    probability: bool = True
    position: Floats | None = None
    network: Ints | None = None

    @property
    def n(self) -> int:
        """Number of entries."""
        return int(self.truth.size)

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.names)

    @property
    def clustered(self) -> bool:
        """Whether some patient has more than one entry, so that the entries are not independent."""
        return self.patients < self.n


def sample(
    truth: npt.ArrayLike,
    probability: npt.ArrayLike,
    patient: Sequence[Any] | npt.NDArray[Any] | None = None,
    slice_order: npt.ArrayLike | None = None,
    threshold: float = THRESHOLD,
    network: Sequence[Any] | npt.NDArray[Any] | None = None,
) -> Sample:
    """Return the answers on images, checked.

    Parameters
    ----------
    truth : array_like of int, shape (images,)
        0 or 1; both have to occur.
    probability : array_like of float, shape (images,)
        Probability of class 1, 0-1.
    patient : sequence of str or int, shape (images,), optional
        Id of the patient of each image. Without it every image counts as a patient of its own.
    slice_order : array_like of float, shape (images,), optional
        Place of each slice within its patient, all different there.
    threshold : float, default 0.5
        An image is called positive when its probability is at least this.
    network : sequence of str or int, shape (images,), optional
        Which network gave each answer; by default one gave all.

    Returns
    -------
    Sample

    Raises
    ------
    UsageError
        With every problem: empty or unequal lengths, labels other than 0 and 1, one class only, probabilities that are missing or
        outside 0-1, a threshold outside 0-1, a missing patient id, a patient with two truths or two networks, slices at the same place.
    """
    return samples(truth, {"probability": probability}, patient, slice_order, threshold, network)["probability"]


def samples(
    truth: npt.ArrayLike,
    probabilities: Mapping[str, npt.ArrayLike],
    patient: Sequence[Any] | npt.NDArray[Any] | None = None,
    slice_order: npt.ArrayLike | None = None,
    threshold: float = THRESHOLD,
    network: Sequence[Any] | npt.NDArray[Any] | None = None,
) -> dict[str, Sample]:
    """Return the answers of several models on the same images, checked together.

    Parameters
    ----------
    probabilities : mapping of str to array_like of float
        Probabilities by model, whose names stand in the messages.
    truth, patient, slice_order, threshold, network
        As in :func:`sample`, with the same errors.

    Returns
    -------
    dict of str to Sample
    """
    found: list[str] = []
    y = _numbers(truth, "truth", found)
    models = {name: _numbers(values, name, found) for name, values in probabilities.items()}
    order = None if slice_order is None else _numbers(slice_order, "slice_order", found)
    ids = [str(k) for k in range(y.size)] if patient is None else _ids(patient, found)
    lengths = {"truth": y.size} | {name: p.size for name, p in models.items()} | {"patient": len(ids)}
    lengths |= {} if order is None else {"slice_order": order.size}
    given = None if network is None else np.unique(np.asarray(network, dtype=str), return_inverse=True)[1].ravel()
    lengths |= {} if given is None else {"network": given.size}
    if len(set(lengths.values())) > 1:
        found.append(f"lengths differ: {', '.join(f'{name} {size}' for name, size in lengths.items())}; allowed: one")
    found += [] if y.size else ["there is no image; allowed: at least one of each class"]
    _places(np.flatnonzero(~np.isin(y, (0, 1))), y, "truth", "allowed: 0 and 1", found)
    for name, p in models.items():
        _places(np.flatnonzero(~((p >= 0) & (p <= 1))), p, name, "allowed: 0 to 1, none missing", found)
    if y.size and np.unique(y).size == 1 and y[0] in (0, 1):
        found.append(f"every truth is {int(y[0])}; allowed: both classes, without which most metrics have no meaning")
    if not 0 <= threshold <= 1:
        found.append(f"the threshold is {threshold}; allowed: 0 to 1")
    if len(ids) == y.size:
        _one_each(ids, np.where(np.isin(y, (0, 1)), y, np.nan), "truths", found)
        if given is not None and given.size == y.size:
            _one_each(ids, given.astype(float), "networks", found)
    if order is not None and order.size == len(ids):
        _same_place(ids, order, found)
    if found:
        raise UsageError("the answers cannot be evaluated: " + "; ".join(found))
    names, number = np.unique(np.array(ids, dtype=object), return_inverse=True)
    whole, who = y.astype(np.int64), number.ravel()
    rule = f"each image, positive at a probability of {threshold:g} or more"
    return {
        name: Sample(whole, p, (p >= threshold).astype(np.int64), who, tuple(names), "image", rule, True, order, given)
        for name, p in models.items()
    }


def votes(images: Sample, needed: int = 2, of: int = 3) -> Sample:
    """Return cases that are positive when enough of their images are called positive, by default two of three.

    Parameters
    ----------
    images : Sample
        Answers on images.
    needed, of : int, default 2 and 3
        A case is positive when at least ``needed`` / ``of`` of its images are: with three images two votes of three.

    Returns
    -------
    Sample
        One entry per patient; the score is the share of positive images, 0-1, which is no probability.

    Raises
    ------
    UsageError
        Unless ``1 <= needed <= of``.
    """
    if not 1 <= needed <= of:
        raise UsageError(f"{needed} of {of} votes; allowed: 1 <= needed <= of")
    positive, total = np.bincount(images.patient, weights=images.call), np.bincount(images.patient)
    rule = f"at least {needed} of {of} votes: a case is positive when this share of its images is called positive"
    return _cases(images, positive / total, (positive * of >= needed * total).astype(np.int64), rule, False)


def consecutive_slices(images: Sample, more_than: int = 3) -> Sample:
    """Return cases that are positive when more than so many consecutive slices are called positive, by default three.

    Parameters
    ----------
    images : Sample
        Answers on images, with ``slice_order``.
    more_than : int, default 3
        A run has to be longer than this.

    Returns
    -------
    Sample
        One entry per patient; the score is the length of the longest run of positive slices, which is no probability.

    Raises
    ------
    UsageError
        When the order of the slices is not known, or ``more_than`` is below 0.

    Notes
    -----
    Slices are consecutive when no other slice of the patient that was given lies between them.
    """
    if images.position is None:
        raise UsageError("slice_order is missing; allowed: the place of each slice within its patient")
    if more_than < 0:
        raise UsageError(f"more than {more_than} slices; allowed: 0 or more")
    longest = np.zeros(images.patients)
    run, before = 0, -1
    for k in np.lexsort((images.position, images.patient)):
        who = images.patient[k]
        run = (run if who == before else 0) + 1 if images.call[k] else 0
        longest[who], before = max(longest[who], run), who
    rule = f"more than {more_than} consecutive slices called positive, among the slices given"
    return _cases(images, longest, (longest > more_than).astype(np.int64), rule, False)


def mean_probability(images: Sample, threshold: float = THRESHOLD) -> Sample:
    """Return cases by the mean of the probabilities of their images.

    Parameters
    ----------
    images : Sample
        Answers on images.
    threshold : float, default 0.5
        A case is positive when the mean is at least this.

    Returns
    -------
    Sample
        One entry per patient; the score is the mean probability.

    Raises
    ------
    UsageError
        When the threshold is outside 0-1, or the scores are no probabilities.
    """
    if not 0 <= threshold <= 1 or not images.probability:
        raise UsageError(
            f"threshold {threshold}, rule '{images.rule}'; allowed: 0 to 1, and scores that are probabilities"
        )
    mean = np.clip(np.bincount(images.patient, weights=images.score) / np.bincount(images.patient), 0, 1)
    rule = f"mean probability of the images, positive when at least {threshold:g}"
    return _cases(images, mean, (mean >= threshold).astype(np.int64), rule, True)


def _cases(images: Sample, score: Floats, call: Ints, rule: str, probability: bool) -> Sample:
    truth = np.zeros(images.patients, dtype=np.int64)
    truth[images.patient] = images.truth
    network = None
    if images.network is not None:
        network = np.zeros(images.patients, dtype=np.int64)
        network[images.patient] = images.network
    who = np.arange(images.patients)
    return Sample(truth, score, call, who, images.names, "case", rule, probability, network=network)


def _numbers(values: npt.ArrayLike, what: str, found: list[str]) -> Floats:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        found.append(f"{what} holds something that is no number; allowed: numbers")
        return np.zeros(0)
    if array.ndim != 1:
        found.append(f"{what} has the shape {array.shape}; allowed: one dimension")
    return array.ravel()


def _ids(patient: Sequence[Any] | npt.NDArray[Any], found: list[str]) -> list[str]:
    values = np.asarray(patient, dtype=object).ravel().tolist()
    missing = [k for k, value in enumerate(values) if pd.isna(value) or not str(value).strip()]
    if missing:
        found.append(f"no patient id at {missing[:SHOWN]} ({len(missing)} in all); allowed: an id for every image")
    return [str(value) for value in values]


def _places(where: Ints, values: Floats, what: str, allowed: str, found: list[str]) -> None:
    if where.size:
        shown = ", ".join(f"{values[k]:g} at {k}" for k in where[:SHOWN])
        found.append(f"{what} is {shown} ({where.size} in all); {allowed}")


def _one_each(ids: list[str], values: Floats, what: str, found: list[str]) -> None:
    """Note patients with more than one value; missing values do not count."""
    held = pd.Series(values).groupby(np.array(ids, dtype=object)).nunique()
    both = [str(who) for who, many in held.items() if many > 1]
    if both:
        found.append(f"two {what} for patient {', '.join(both[:SHOWN])} ({len(both)} in all); allowed: one per patient")


def _same_place(ids: list[str], order: Floats, found: list[str]) -> None:
    _places(np.flatnonzero(~np.isfinite(order)), order, "slice_order", "allowed: finite numbers", found)
    places = pd.DataFrame({"patient": ids, "place": order})
    twice = sorted(set(places.loc[places.duplicated(), "patient"]))
    if twice:
        found.append(f"slices at the same place in patient {', '.join(twice[:SHOWN])}; allowed: each place once")
