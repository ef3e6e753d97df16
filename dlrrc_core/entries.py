"""Single records with their files and the place of every value, and the raters, who stand in one file or each in their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from dlrrc_core import strict_yaml
from dlrrc_core.fields import Rater, Raters
from dlrrc_core.problems import DataError, Problem
from dlrrc_core.records import IDENTIFIER

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Entry(Generic[Model]):
    """One record that agrees with its schema, with its file and the place of every value."""

    path: Path
    record: Model
    document: strict_yaml.Document


def read_raters(root: Path, problems: list[Problem]) -> tuple[Entry[Raters] | None, dict[str, Entry[Rater]]]:
    """Read the shared file of raters, and the raters who have a file of their own, so that two may join without touching a common file.

    Parameters
    ----------
    root : Path
        Root of a checkout.
    problems : list of Problem
        Takes every problem of these files.

    Returns
    -------
    shared : Entry of Raters, or None
        ``data/raters.yaml``; None when it is broken.
    own : dict of str to Entry of Rater
        ``data/raters/<id>.yaml``, sorted.
    """
    shared = read_entry(root / "data/raters.yaml", Raters, root, problems)
    own: dict[str, Entry[Rater]] = {}
    for path in sorted(root.glob("data/raters/*.yaml")):
        if (rater := read_entry(path, Rater, root, problems)) is None:
            continue
        if not re.fullmatch(IDENTIFIER, path.stem):
            allowed = "small letters, digits and hyphens, a letter first"
            problems.append(rater.document.problem((), f"the file name '{path.stem}'", allowed, rule="DLRRC-RATE-012"))
        elif shared and path.stem in shared.record.raters:
            found = f"the rater '{path.stem}' stands in data/raters.yaml too"
            problems.append(rater.document.problem((), found, "each rater in one place", rule="DLRRC-RATE-012"))
        else:
            own[path.stem] = rater
    return shared, own


def merged(shared: Entry[Raters] | None, own: dict[str, Entry[Rater]]) -> dict[str, Rater]:
    """Return all raters by id: those of the shared file first."""
    return dict(shared.record.raters if shared else {}) | {name: entry.record for name, entry in own.items()}


def read_entry(path: Path, model: type[Model], root: Path, problems: list[Problem]) -> Entry[Model] | None:
    """Return a record with its places, or None after its problems were added.

    Parameters
    ----------
    path : Path
        YAML file.
    model : type
        Its schema.
    root : Path
        Root of the checkout, for messages.
    problems : list of Problem
        Takes every problem of the file.
    """
    try:
        document = strict_yaml.load(path, root)
        return Entry(path, strict_yaml.validate(document, model), document)
    except DataError as error:
        problems.extend(error.problems)
        return None
