"""The overview chapter of a field: the four figures of the seed review, drawn from our own ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from IPython.display import Markdown

from dlrrc_core import repository, tables
from dlrrc_core.fieldstats import field_statistics
from dlrrc_core.repository import Repository
from dlrrc_core.tables import Html, Numbers
from dlrrc_core.unittables import MEAN


@dataclass(frozen=True)
class Overview:
    """One field on one basis, with every number its chapter shows.

    Attributes
    ----------
    repo : Repository
    field, basis : str
    n : Numbers
        Statistics of the field by dotted path; the same dictionary as ``dlrrc stats --format json``.
    """

    repo: Repository
    field: str
    basis: str
    n: Numbers

    @property
    def stats(self) -> dict[str, Any]:
        """The statistics as a dictionary."""
        return dict(self.n.statistics)

    @property
    def raters(self) -> list[str]:
        """Raters of this field on this basis, sorted."""
        return [name for name in self.stats["groups"] if name != MEAN]

    def machine_notice(self) -> Html:
        """Return the label that machine ratings always carry, or nothing when there are none."""
        if "machine" not in self.stats["kinds"]:
            return Html("")
        return tables.machine_notice()

    def seed_sentence(self) -> str:
        """Return how many of the seed review's papers are rated here; empty for a field without a printed review."""
        published = self.stats["published"]
        if not published:
            return ""
        return (
            f"Of {self.n('published.n_papers')} papers that the seed review {{cite}}`{published['review']}` scored, "
            f"{self.n('in_seed_review_rated')} are rated here so far: those whose full text is open. The published averages below belong to the "
            "whole set of the seed review, our bars to the papers that we rated. They are shown side by side, not compared as one sample."
        )

    def missing_sentence(self) -> str:
        """Return how many rated papers have a journal with a known percentile."""
        return (
            f"A journal percentile is known for {self.n('percentile_known')} of {self.n('rated')} rated papers; the others are left out of every "
            "correlation that uses it. Proceedings and preprints have none."
        )

    def published_section(self) -> Markdown:
        """Return the words before the check of the published numbers; empty for a field without a printed review."""
        if not self.stats["published"]:
            return Markdown(
                "No printed review of this field is being rebuilt, so there are no published numbers to set beside ours."
            )
        return Markdown(
            f"The seed review {{cite}}`{self.stats['published']['review']}` scored {self.n('published.n_papers')} papers and printed averages, "
            "not the scores of single papers. Its four correlations are recomputed here from r and n alone: the P value must lie in the range "
            "that the rounding of r allows."
        )


def open_chapter(field: str, basis: str) -> Overview:
    """Load the records around the working directory and compute the statistics of a field."""
    repo = repository.here()
    return Overview(repo, field, basis, Numbers(field_statistics(repo, field, basis)))


def paper_link(paper: str) -> str:
    """Return the link from a chapter of a field to the page of a paper."""
    return f"../../papers/{paper}.html"
