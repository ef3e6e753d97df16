"""Schema of what belongs to a field of the review: its description, and the numbers its seed review printed."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from dlrrc_core.records import Count, Identifier, Record, Text, Year

Decimalstr = Annotated[str, StringConstraints(pattern=r"^-?\d+(\.\d+)?$", max_length=20)]
# goes into headings, so no sign that markdown or HTML gives a meaning
Heading = Annotated[str, StringConstraints(pattern=r"^[^<>{}\[\]`*_$\\|#&\n]+$", min_length=2, max_length=120)]
PartId = Literal["I", "II", "III", "IV", "V"]


class Search(Record):
    """How the papers of a field were looked for."""

    databases: tuple[Text, ...] = ()
    terms: tuple[Text, ...] = ()
    date: Text | None = None
    note: Text | None = None


class Prisma(Record):
    """Counts of the selection; ``None`` where they were never printed."""

    identified: Count | None = None
    screened: Count | None = None
    assessed: Count | None = None
    excluded: Count | None = None
    included: Count | None = None


class Coverage(Record):
    """How complete the field is, and when somebody last looked."""

    note: Text
    last_updated: datetime.date | None = None


class FieldInfo(Record):
    """``data/fields/<id>/field.yaml``."""

    id: Identifier
    title: Heading
    short_title: Heading
    question: Text
    population: Text
    search: Search
    prisma: Prisma
    coverage: Coverage
    selection_note: Text


class PublishedItem(Record):
    """Average percentage of points of one item."""

    item: int
    percent: Decimalstr
    where: Text


class PublishedPart(Record):
    """Average percentage of points of one part."""

    part: PartId
    percent: Decimalstr
    where: Text


class PublishedTotal(Record):
    """Average percentage of points over the whole checklist."""

    percent: Decimalstr
    where: Text


class PublishedCount(Record):
    """How many papers reach a number of points, and before which year all others are said to have appeared."""

    threshold: Count
    count: Count
    of: Count
    others_before: Year | None = None
    where: Text


class PublishedCorrelation(Record):
    """A printed correlation with the score; ``controlling`` names the third variable of a partial correlation."""

    id: Identifier
    x: Literal["journal percentile", "year"]
    controlling: Literal["journal percentile", "year"] | None
    r: Decimalstr
    p: Decimalstr
    n: Count
    where: Text


class Statement(Record):
    """A claim of the review that is not a number, in our words."""

    text: Text
    where: Text


class Published(Record):
    """``data/fields/<id>/published.yaml``: what the review that is being rebuilt printed, to its last digit."""

    review: Identifier
    n_papers: Count
    items: tuple[PublishedItem, ...] = ()
    parts: tuple[PublishedPart, ...] = ()
    total: PublishedTotal | None = None
    acceptable: PublishedCount | None = None
    correlations: tuple[PublishedCorrelation, ...] = ()
    statements: tuple[Statement, ...] = ()
    remarks: tuple[Text, ...] = ()


class Rater(Record):
    """One rater of ``data/raters.yaml``."""

    name: Text
    kind: Literal["human", "machine"]
    note: Text | None = None


class Raters(Record):
    """``data/raters.yaml``."""

    raters: dict[Identifier, Rater] = Field(min_length=1)


def half_unit(printed: str) -> float:
    """Return half a unit in the last printed place: 0.05 for ``"52.4"``.

    Parameters
    ----------
    printed : str
        A decimal number as printed.

    Returns
    -------
    float
        Largest distance between the printed number and what was rounded to it.
    """
    exponent = Decimal(printed).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)
