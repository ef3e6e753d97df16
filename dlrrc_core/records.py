"""What a record may hold: the schema of every file under ``data/papers`` and ``data/fields``.

A record is read with :func:`dlrrc_core.strict_yaml.load` and checked against one of these models; nothing in a record is ever
evaluated. Numbers that a paper printed are strings, exactly as printed, because their last digit carries information.
``None`` always means "not seen", never "no".
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

IDENTIFIER = r"^[a-z][a-z0-9-]{1,39}$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"']+$", max_length=500)]
Doi = Annotated[str, StringConstraints(pattern=r"^10\.\d{4,9}/\S+$", max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Printed = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Year = Annotated[int, Field(ge=1990, le=2100)]
Count = Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """Common settings: unknown keys are errors, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SeedReview(Record):
    """Place of a paper in the review that is being rebuilt."""

    reference: Count
    included: bool


class Modality(Record):
    """What was imaged: modality and, as the paper words it, phases or sequences."""

    type: Text | None
    phases: Text | None = None


class Study(Record):
    """Facts of the study as printed; ``None`` where nothing was seen."""

    task: Literal[
        "identification",
        "detection",
        "segmentation",
        "subtype",
        "grading",
        "staging",
        "prognosis",
        "synthesis",
        "other",
    ]
    task_detail: Text | None = None
    target: Text | None = None
    modality: Modality
    n_patients: Count | None = None
    n_lesions: Count | None = None
    n_images: Count | None = None
    cohort_note: Text | None = None
    centres: Text | None = None
    class_counts: dict[str, int | str | dict[str, int | str]] | None = None
    split: Text | None = None
    cross_validation: Text | None = None
    external_test: bool | None = None
    reader_comparison: bool | None = None
    models: tuple[Text, ...] = ()
    datasets: tuple[Text, ...] = ()


class PrintedResult(Record):
    """One row of printed results: what it is about, and the values as strings with the printed precision.

    ``averaged_over`` says what the values are means of (``unknown``: means, but of what is not said), so that they are not those of one
    confusion matrix; ``None`` where no mean is mentioned.
    """

    split: Text | None = None
    data: Text | None = None
    model: Text | None = None
    level: Text | None = None
    subset: Text | None = None
    n: Count | None = None
    n_pos: Count | None = None
    n_neg: Count | None = None
    averaged_over: Literal["folds", "readers", "classes", "images", "runs", "unknown"] | None = None
    values: dict[str, Printed] = Field(min_length=1)
    where: Text | None = None
    secondary: bool = False
    note: Text | None = None


class Artefact(Record):
    """Code, data or weights: what is said to exist, where, and when somebody looked."""

    status: (
        Literal["open", "on registration", "on request", "closed", "mentioned without address", "not stated"] | None
    ) = None
    url: Url | None = None
    accessed: datetime.date | None = None
    version: Text | None = None
    licence: Text | None = None
    note: Text | None = None


class Artefacts(Record):
    """The three artefacts that Part V of the checklist asks about."""

    code: Artefact = Artefact()
    data: Artefact = Artefact()
    weights: Artefact = Artefact()


class Source(Record):
    """Where a fact of the record was seen, and what that place gave."""

    where: Text
    gave: Text


class Paper(Record):
    """``data/papers/<id>/paper.yaml``: the facts of one paper."""

    id: Identifier
    title: Text
    authors: tuple[Text, ...]
    authors_complete: bool
    year: Year | None
    published: datetime.date | None = None
    journal: Text | None
    volume: Text | None = None
    issue: Text | None = None
    pages: Text | None = None
    doi: Doi | None = None
    pmid: Annotated[str, StringConstraints(pattern=r"^\d{1,9}$")] | None = None
    pmcid: Annotated[str, StringConstraints(pattern=r"^PMC\d+$")] | None = None
    url: Url | None = None
    licence: Text | None = None
    open_access: bool | None = None
    fields: tuple[Identifier, ...] = ()
    practice: bool = False
    seed_review: SeedReview | None = None
    notices: tuple[Text, ...] = ()
    evidence_level: Text
    study: Study
    results: tuple[PrintedResult, ...] = ()
    compute: dict[str, str | dict[str, str]] = Field(default_factory=dict)
    software: dict[str, str | dict[str, str]] = Field(default_factory=dict)
    hyperparameters: dict[str, str] = Field(default_factory=dict)
    artefacts: Artefacts = Artefacts()
    sources: tuple[Source, ...] = ()
    doubts: tuple[Text, ...] = ()

    @property
    def first_author(self) -> str:
        """Surname of the first author, from ``Zuo T`` as from ``Teng Zuo``."""
        if not self.authors:
            return "Author not known"
        words = self.authors[0].replace(",", " ").split()
        initials = len(words) > 1 and words[-1].replace(".", "").isupper() and len(words[-1]) <= 3
        return " ".join(words[:-1]) if initials else words[-1]


class Answer(Record):
    """One answer of a rating.

    ``answer`` is an option code of the item's scale, ``unclear``, ``not-applicable``, or ``None`` (not answered).
    """

    answer: str | None
    evidence: Text | None = None
    where: Text | None = None
    confidence: Literal["high", "medium", "low"] | None = None


class Rating(Record):
    """``data/papers/<id>/ratings/<rater>.yaml`` and ``consensus.yaml``: one rater's answers to one paper."""

    paper: Identifier
    rater: Identifier
    kind: Literal["human", "machine", "consensus"]
    checklist: Text
    paper_version: Text | None = None
    read: Literal["full text", "full text and code", "abstract"]
    blinded: bool
    date: datetime.date | None = None
    status: Literal["complete", "draft"]
    conflict_of_interest: Text | None = None
    answers: dict[int, Answer]
