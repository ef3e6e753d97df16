"""Everything that is measured on one test set, as one plain dictionary for the record of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from dlrrc_core.baseline import cases
from dlrrc_core.baseline.calibration import BINNINGS, CONFIDENCES, brier, calibration
from dlrrc_core.baseline.cases import Sample
from dlrrc_core.baseline.comparison import (
    PAIRED,
    Comparison,
    against_majority,
    against_proportion,
    compare_answers,
    compare_auc,
    reader,
)
from dlrrc_core.baseline.rates import METRICS, Options, rates, table
from dlrrc_core.baseline.roc import SCALES, areas_with_bootstrap, roc_auc
from dlrrc_core.problems import UsageError
from dlrrc_core.resampling import DRAWS

Reader = float | Mapping[str, int]


def evaluate(
    truth: npt.ArrayLike,
    probability: npt.ArrayLike,
    patient: Sequence[Any] | None = None,
    slice_order: npt.ArrayLike | None = None,
    *,
    threshold: float = 0.5,
    others: Mapping[str, npt.ArrayLike] | None = None,
    readers: Mapping[str, Reader] | None = None,
    metrics: Sequence[str] = METRICS,
    bins: int = 10,
    draws: int = DRAWS,
    seed: int = 1,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return every metric of a model on a test set, at the level of images and of cases, with intervals and comparisons.

    Parameters
    ----------
    truth : array_like of int, shape (images,)
        0 or 1; both have to occur, and all images of a patient have the same.
    probability : array_like of float, shape (images,)
        Probability of class 1, 0-1.
    patient : sequence of str or int, shape (images,), optional
        Id of the patient of each image. Without it every image counts as independent, which the result says.
    slice_order : array_like of float, shape (images,), optional
        Place of each slice within its patient; without it the rule of consecutive slices is left out.
    threshold : float, default 0.5
        An image, and a case by mean probability, is positive when its probability is at least this.
    others : mapping of str to array_like, optional
        Probabilities of other models on the same images.
    readers : mapping of str to float or mapping, optional
        Of each reader the published accuracy, 0-1, or the answer, 0 or 1, of every patient by id. Compared with cases, not with images
        where a patient has several.
    metrics : sequence of str, default :data:`dlrrc_core.baseline.rates.METRICS`
        Metrics of the two by two table.
    bins : int, default 10
        Bins of the reliability diagrams.
    draws : int, default 2000
        Bootstrap samples, at least 100.
    seed : int, default 1
        Seed of every bootstrap.
    confidence : float, default 0.95
        Level of every interval.

    Returns
    -------
    dict
        Plain values for JSON: ``settings``; ``data``, the numbers of images and patients; ``image``; and ``case``, one entry per rule
        (``votes``, ``consecutive_slices``, ``mean_probability``), empty when no patient has several images. Each level has ``rule``,
        ``table``, ``rates``, ``areas``, ``calibration`` (where the score is a probability) and ``comparisons``. Every value has
        ``interval``, ``method``, ``n`` and ``level``; one that is not defined is None, with the reason in ``note``.

    Raises
    ------
    UsageError
        With every problem of the data, see :func:`dlrrc_core.baseline.cases.sample`, or when an option is not allowed.

    Notes
    -----
    The images of a patient are resampled together, and DeLong's variance sums over them. Tests that need independent entries (McNemar,
    binomial) have no P value on images where a patient has several.
    """
    options = Options(draws, seed, confidence)
    answers = {"probability": probability} | {f"probability of {name}": each for name, each in (others or {}).items()}
    checked = cases.samples(truth, answers, patient, slice_order, threshold)
    images = dict(zip(["", *(others or {})], checked.values(), strict=True))
    model = images[""]
    persons = _persons(model, readers or {})
    levels = {"image": images} | {
        name: {key: rule(each) for key, each in images.items()}
        for name, rule in _rules(model, threshold).items()
        if model.clustered
    }
    found = {}
    for name, each in levels.items():
        asked = {} if each[""].clustered else persons  # a reader answers on patients, not on each of their images
        found[name] = _level(each, asked, metrics, bins, options)
    return {
        "settings": {
            "threshold": threshold,
            "draws": draws,
            "seed": seed,
            "confidence": confidence,
            "bins": bins,
            "proportion_interval": options.proportion,
        },
        "data": {
            "images": model.n,
            "positive_images": int(model.truth.sum()),
            "patients": model.patients if patient is not None else None,
            "positive_patients": int(cases.mean_probability(model).truth.sum()) if patient is not None else None,
            "intervals_over": "patients"
            if patient is not None
            else "images, taken as independent: no patients were given",
        },
        "image": found.pop("image"),
        "case": found,
    }


def _persons(model: Sample, readers: Mapping[str, Reader]) -> dict[str, Reader]:
    """Return the readers when all of them fit the sample; otherwise raise one UsageError for all."""
    problems = []
    for name, answers in readers.items():
        try:
            if isinstance(answers, Mapping):
                reader(model, answers, name)
            else:
                against_proportion(model, float(answers), f"reader {name}")
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("; ".join(problems))
    return dict(readers)


def _rules(model: Sample, threshold: float) -> dict[str, Callable[[Sample], Sample]]:
    """Return the rules from images to cases that the data allow."""
    rules: dict[str, Callable[[Sample], Sample]] = {"votes": cases.votes}
    if model.position is not None:
        rules["consecutive_slices"] = cases.consecutive_slices
    return rules | {"mean_probability": lambda images: cases.mean_probability(images, threshold)}


def _level(
    samples: Mapping[str, Sample], readers: Mapping[str, Reader], metrics: Sequence[str], bins: int, options: Options
) -> dict[str, Any]:
    """Return everything about one model at one level; the first sample is the model."""
    model, *others = samples.values()
    found: dict[str, Any] = {
        "level": model.level,
        "rule": model.rule,
        "n": model.n,
        "patients": model.patients,
        "table": table(model)._asdict(),
        "rates": {each.metric: each.as_dict() for each in rates(model, metrics, options)},
        "areas": {
            "roc_auc": {scale: roc_auc(model, scale, options).as_dict() for scale in SCALES},
            "bootstrap": {each.metric: each.as_dict() for each in areas_with_bootstrap(model, options)},
        },
    }
    if model.probability:
        found["calibration"] = {"brier": brier(model, options).as_dict()} | {
            f"{confidence}, {binning}": calibration(model, bins, binning, confidence, options).as_dict()
            for confidence in CONFIDENCES
            for binning in BINNINGS
        }
    named = dict(zip(list(samples)[1:], others, strict=True))
    found["comparisons"] = {
        name: [each.as_dict() for each in row] for name, row in _compared(model, named, readers, options)
    }
    return found


def _compared(
    model: Sample, others: Mapping[str, Sample], readers: Mapping[str, Reader], options: Options
) -> list[tuple[str, list[Comparison]]]:
    """Return the comparisons with the zero rule, the other models and the readers, each with a name."""
    rows = [("zero rule", [against_majority(model, options)])]
    for name, other in others.items():
        tests = [compare_answers(model, other, metric, options) for metric in PAIRED]
        rows.append((f"model {name}", [compare_auc(model, other, options), *tests]))
    for name, answers in readers.items():
        if isinstance(answers, Mapping):
            person = reader(model, answers, name)
            accuracy = float((person.call == person.truth).mean())
            tests = [compare_answers(model, person, metric, options) for metric in PAIRED]
            rows.append((f"reader {name}", [*tests, against_proportion(model, accuracy, f"reader {name}", options)]))
        else:
            rows.append((f"reader {name}", [against_proportion(model, float(answers), f"reader {name}", options)]))
    return rows
