"""Figures 1-4 of the seed review, redrawn over all reconstructed answers."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np

from dlrrc_core import figures
from dlrrc_core.chapters.reconstruction import Reconstruction, when_possible
from dlrrc_core.tables import Html

OPEN, KNOWN = figures.COLOURS["own"], figures.COLOURS["published"]


@when_possible
def journal(chapter: Reconstruction) -> Html:
    """Return Figure 1: points against journal percentile, as density over draws with one draw on top."""
    x, y = np.array(chapter.n.value("percentiles"), dtype=float), chapter.points
    figure, axes = figures.canvas(height=4.4)
    axes.hexbin(x.ravel(), y.ravel(), gridsize=(25, 12), cmap="Blues", mincnt=1, linewidths=0.2)
    axes.plot(
        x[0], y[0], linestyle="none", marker="o", markersize=6, color=figures.COLOURS["own-2"], markeredgecolor="white"
    )
    _line(chapter, axes)
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="Journal percentile (reconstructed)", ylabel="DLRRC points")
    alt = "Density of reconstructed points against reconstructed journal percentiles over all draws, with the papers of one draw as dots."
    caption = (
        "Figure 1 of the seed review, redrawn. Darker cells hold more papers over all draws; dots are the papers of the first draw. In every "
        "draw the plain and the partial correlations come out as printed. The numbers are the points by place, best paper first."
    )
    return figures.static(figure, "figure-reconstruction-journal", alt, caption, chapter.ranked_table())


@when_possible
def year(chapter: Reconstruction) -> Html:
    """Return Figure 2: points by year."""
    figure, axes = figures.canvas(height=3.8)
    years = sorted(set(chapter.n.value("years")))
    papers = [chapter.n.value(f"summary.years.{y}") for y in years]
    means = [chapter.n.value(f"summary.mean_points_{y}") for y in years]
    axes.errorbar(
        years, [p[1] for p in papers], yerr=_ends(papers), fmt="none", color=KNOWN, elinewidth=1, label="95 % of papers"
    )
    axes.errorbar(
        years,
        [m[1] for m in means],
        yerr=_ends(means),
        fmt="o-",
        markersize=5,
        color=OPEN,
        elinewidth=4,
        label="mean of the year, 95 % of draws",
    )
    _line(chapter, axes)
    axes.set(ylim=(0, 100), ylabel="DLRRC points", xlabel="Year of publication", xticks=years)
    figures.legend(axes)
    alt = f"Reconstructed points by year from {years[0]} to {years[-1]}: range of single papers and range of the yearly mean over all draws."
    caption = "Figure 2 of the seed review, redrawn: thin lines hold 95 % of papers and draws, thick lines 95 % of the yearly means."
    return figures.static(figure, "figure-reconstruction-year", alt, caption, chapter.years_table())


@when_possible
def parts(chapter: Reconstruction) -> Html:
    """Return Figure 3: percentage of points by part."""
    keys = [f"part_{part.id}_percent" for part in chapter.repo.checklist.parts]
    bounds = [chapter.n.value(f"bounds.{key}") for key in keys]
    labels = [f"Part {part.id}" for part in chapter.repo.checklist.parts]
    caption = "Figure 3 of the seed review, redrawn." + WHAT
    alt = "Percentage of points by part: determined values as diamonds, for the other parts the exact bounds and the range of the draws."
    return _ranges(
        chapter, keys, bounds, labels, "figure-reconstruction-parts", alt, caption, chapter.part_table(), 3.4
    )


@when_possible
def items(chapter: Reconstruction) -> Html:
    """Return Figure 4: percentage of points by item."""
    numbers = list(chapter.repo.checklist.items)
    keys = [f"item_{number}_percent" for number in numbers]
    bounds = [chapter.n.value(f"bounds.items.{number}") for number in numbers]
    caption = "Figure 4 of the seed review, redrawn." + WHAT
    alt = "Percentage of points by item: determined values as diamonds, for the other items the exact bounds and the range of the draws."
    return _ranges(
        chapter,
        keys,
        bounds,
        [str(n) for n in numbers],
        "figure-reconstruction-items",
        alt,
        caption,
        chapter.item_table(),
        3.8,
    )


WHAT = " Diamonds are determined; elsewhere thin lines are the exact bounds, thick lines hold 95 % of the draws, dots are their medians."


def _ranges(
    chapter: Reconstruction,
    keys: Sequence[str],
    bounds: Sequence[Sequence[float]],
    labels: Sequence[str],
    name: str,
    alt: str,
    caption: str,
    numbers: Html,
    height: float,
) -> Html:
    """Return determined values as diamonds, and bounds with the range of the draws for the others."""
    figure, axes = figures.canvas(height=height)
    spread = [chapter.n.value(f"summary.{key}") for key in keys]
    fixed = [i for i, (low, high) in enumerate(bounds) if low == high]
    free = [i for i in range(len(keys)) if i not in fixed]
    middle = [spread[i][1] for i in free]
    outer = [
        [m - bounds[i][0] for i, m in zip(free, middle, strict=True)],
        [bounds[i][1] - m for i, m in zip(free, middle, strict=True)],
    ]
    axes.errorbar(free, middle, yerr=outer, fmt="none", color=OPEN, elinewidth=1, label="exact bounds")
    axes.errorbar(
        free,
        middle,
        yerr=_ends([spread[i] for i in free]),
        fmt="o",
        markersize=4,
        color=OPEN,
        elinewidth=4,
        label="95 % of draws",
    )
    axes.plot(
        fixed,
        [bounds[i][0] for i in fixed],
        linestyle="none",
        marker="D",
        markersize=5,
        color=KNOWN,
        markeredgecolor=figures.INK,
        label="determined",
    )
    axes.set(ylim=(-3, 104), ylabel="Points reached, %", xlim=(-0.6, len(keys) - 0.4))
    axes.set_xticks(range(len(keys)), labels, fontsize=8 if len(keys) > 12 else 10)
    figures.legend(axes)
    return figures.static(figure, name, alt, caption, numbers)


def _ends(spans: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the distances of the lower and upper points from the median."""
    return [[s[1] - s[0] for s in spans], [s[2] - s[1] for s in spans]]


def _line(chapter: Reconstruction, axes: mpl.axes.Axes) -> None:
    """Draw the mark of acceptable reproducibility."""
    line = chapter.repo.checklist.acceptable_points
    axes.axhline(line, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
