"""The answers to DLRRC items 16 to 25 that the record of a training supports, with the evidence for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlrrc_core.baseline.training.runrecord import CURVES, ROBUST
from dlrrc_core.checklist import Checklist
from dlrrc_core.problems import UsageError

Facts = Mapping[str, Any]


def answers(record: Facts, checklist: Checklist) -> dict[int, tuple[str, str]]:
    """Return answer and evidence for each of the items 16 to 25.

    Parameters
    ----------
    record : mapping
        Result of :func:`dlrrc_core.baseline.training.run_record`.
    checklist : Checklist
        The instrument; its items are found by their slugs.

    Returns
    -------
    dict of int to (str, str)
        ``yes`` with the facts, or ``no`` with what is missing. Items stand on facts of their own: without one fact, one item is lost.

    Raises
    ------
    UsageError
        When the checklist lacks an item that this module answers.
    """
    numbers = {item.slug: number for number, item in checklist.items.items()}
    if missing := [slug for slug in RULES if slug not in numbers]:
        raise UsageError(f"checklist {checklist.id} has no item {', '.join(missing)}; allowed: {', '.join(numbers)}")
    found = {}
    for slug, (section, rule) in RULES.items():
        facts = record.get(section)
        evidence = rule(facts) if isinstance(facts, Mapping) else None
        code = "no" if evidence is None else "yes"
        found[numbers[slug]] = (code, evidence or f"the record has too little under '{section}'")
    return dict(sorted(found.items()))


def points(record: Facts, checklist: Checklist) -> tuple[float, float]:
    """Return the points that a record reaches on items 16 to 25, and the most that can be reached."""
    given = answers(record, checklist)
    reached = sum(checklist.units[number][code] for number, (code, _) in given.items())
    most = sum(checklist.max_units[number] for number in given)
    return reached * checklist.unit_points, most * checklist.unit_points


def _known(facts: Facts, *names: str) -> bool:
    """Return whether each of the facts is there and not empty."""
    return all(facts.get(name) not in (None, "", [], {}) for name in names)


def _software(facts: Facts) -> str | None:
    if not _known(facts, "python", "torch"):
        return None
    return ", ".join(f"{name} {version}" for name, version in facts.items() if version)


def _hardware(facts: Facts) -> str | None:
    on_gpu = str(facts.get("device", "")).startswith("cuda")
    if not _known(facts, "device", "gpu" if on_gpu else "cpu"):
        return None
    if on_gpu:
        return f"{facts['gpu']}, {facts.get('gpu_memory_gib')} GiB"
    return f"{facts['cpu']}, {facts.get('cores')} cores, {facts.get('memory_gib')} GiB"


def _model(facts: Facts) -> str | None:
    known = _known(facts, "network", "task", "parameters_trainable", "training_images", "flops_per_image", "why")
    return str(facts["why"]) if known else None


def _time(facts: Facts) -> str | None:
    if not _known(facts, "epochs", "seconds_total"):
        return None
    return f"{facts['epochs']} epochs in {facts['seconds_total']:.1f} s"


def _hyperparameters(facts: Facts) -> str | None:
    if not _known(facts, "batch", "learning_rate", "optimiser"):
        return None
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _curves(facts: Facts) -> str | None:
    if not _known(facts, *CURVES) or len({len(facts[name]) for name in CURVES}) != 1:
        return None
    return f"loss and accuracy of {len(facts[CURVES[0]])} epochs, training and validation"


def _stopping(facts: Facts) -> str | None:
    if not _known(facts, "rule", "patience") or facts.get("ends_training") is not True:
        return None
    return str(facts["rule"]) if "valid" in str(facts.get("measure")) else None


def _robustness(facts: Facts) -> str | None:
    counts = {name: facts.get(name) for name in ROBUST}
    several = {
        name: len(value) if isinstance(value, (list, tuple)) else value
        for name, value in counts.items()
        if value is not None
    }
    held = [f"{number} {name}" for name, number in several.items() if isinstance(number, int) and number >= 2]
    return ", ".join(held) or None


def _initial_weights(facts: Facts) -> str | None:
    return f"{facts['kind']}: {facts['source']}" if _known(facts, "kind", "source") else None


def _workload(facts: Facts) -> str | None:
    held = {name: facts[name] for name in ("flops_total", "peak_memory_bytes") if facts.get(name)}
    return ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in held.items()) or None


RULES: dict[str, tuple[str, Callable[[Facts], str | None]]] = {
    "software-versions": ("software", _software),
    "hardware": ("hardware", _hardware),
    "model-suited": ("model", _model),
    "epochs-time": ("time", _time),
    "hyperparameters": ("hyperparameters", _hyperparameters),
    "learning-curves": ("curves", _curves),
    "stopping-rule": ("stopping", _stopping),
    "robustness": ("robustness", _robustness),
    "initial-weights": ("initial_weights", _initial_weights),
    "training-workload": ("workload", _workload),
}
"""Slug of each item, the section of the record that it stands on, and the rule."""
