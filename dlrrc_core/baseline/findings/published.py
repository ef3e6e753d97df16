"""What the record of a paper holds of its printed results and counts, as numbers beside the stored runs. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from dlrrc_core import strict_yaml
from dlrrc_core.problems import UsageError
from dlrrc_core.records import Paper
from dlrrc_core.repository import find_root


def paper(name: str, root: Path | None = None) -> Paper:
    """Return the record of a paper.

    Parameters
    ----------
    name : str
        Id of the paper.
    root : Path, optional
        Root of the checkout; by default the one that holds the working directory.
    """
    place = root or find_root()
    return strict_yaml.validate(strict_yaml.load(place / "data/papers" / name / "paper.yaml", place), Paper)


def percent(record: Paper, split: str, model: str, metric: str = "accuracy", level: str | None = None) -> float | None:
    """Return a printed percentage.

    Parameters
    ----------
    record : Paper
    split, model, metric : str
        As the record names them.
    level : str, optional
        ``case`` or ``image``; by default the rows that name no level.

    Returns
    -------
    float or None
        None where the rows hold no such metric.

    Raises
    ------
    UsageError
        When the record has no such row.
    """
    rows = [row for row in record.results if (row.split, row.model, row.level) == (split, model, level)]
    if not rows:
        raise UsageError(
            f"{record.id} has no result of {model}, split '{split}', level {level}; allowed: a row of its results"
        )
    texts = [row.values[metric] for row in rows if metric in row.values]
    return float(texts[0].removesuffix("%")) if texts else None


def count(text: object) -> int:
    """Return a printed whole number, with or without commas."""
    return int(str(text).replace(",", ""))
