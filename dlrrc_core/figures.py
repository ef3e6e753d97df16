"""How a figure gets onto a page: static SVG from matplotlib/seaborn, or plotly data that the book's own script draws.

Every figure has an alternative text, a caption and its numbers as a table. Output is the same byte for byte when the data are.
"""

from __future__ import annotations

import io
import json
import re
from html import escape
from typing import Any

import matplotlib as mpl
import plotly.graph_objects as go
import plotly.io as pio
import seaborn as sns
from matplotlib.figure import Figure

from dlrrc_core.tables import Html

INK = "#010203"  # stands for "colour of the text" in SVG and becomes currentColor
# Okabe and Ito (2008): told apart with every kind of colour vision, and by lightness in grey
COLOURS = {"own": "#0072B2", "own-2": "#D55E00", "published": "#7A7A7A", "line": "#7A7A7A", "mean": "#009E73"}
MARKERS = ("o", "s", "D", "^")
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: small, selectable, in the colour of the page
    "svg.hashsalt": "dlrrc",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def canvas(width: float = 7.2, height: float = 4.2) -> tuple[Figure, mpl.axes.Axes]:
    """Return an empty figure and its axes in the style of the book.

    Parameters
    ----------
    width, height : float
        Size in inches; at most 7.2 wide, so that the text stays readable on a page.
    """
    figure, (axes,) = panels(1, height, width)
    return figure, axes


def panels(
    count: int, height: float = 4.2, width: float = 7.2, share_y: bool = False
) -> tuple[Figure, list[mpl.axes.Axes]]:
    """Return an empty figure with axes side by side in the style of the book.

    Parameters
    ----------
    count : int
        Number of axes.
    height, width : float
        Size in inches; at most 7.2 wide, so that the text stays readable on a page.
    share_y : bool, default False
        Whether the axes have one scale.
    """
    with mpl.rc_context(STYLE), sns.axes_style("ticks", rc=STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, list(figure.subplots(1, count, squeeze=False, sharey=share_y)[0])


def legend(axes: mpl.axes.Axes, x: float = 0.5, y: float = 1.16) -> mpl.legend.Legend:
    """Put the legend above the axes, without a frame and in the colour of the page's text, and return it."""
    return axes.legend(loc="upper center", bbox_to_anchor=(x, y), ncols=4, frameon=False, labelcolor=INK)


def static(figure: Figure, name: str, alt: str, caption: str, numbers: Html) -> Html:
    """Return a matplotlib figure as inline SVG with alternative text, caption and numbers.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn with :func:`canvas`.
    name : str
        Id of the figure, unique on its page.
    alt : str
        What a reader who cannot see the figure needs to know.
    caption : str
        Caption, plain text.
    numbers : Html
        Table with the numbers that are drawn.

    Returns
    -------
    Html
    """
    stream = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # ids must be unique on the page that holds several figures
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg).replace('xlink:href="#', f'xlink:href="#{name}-')
    svg = svg.replace(INK, "currentColor")
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', _open_svg(alt), svg, count=1, flags=re.DOTALL)
    return _frame(name, svg.strip(), caption, numbers)


def _open_svg(alt: str) -> str:
    """Return the opening tag: it scales with the page and carries the alternative text."""
    label = escape(alt).replace("\\", "\\\\")
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {spaces} viewBox="\\1" width="100%" role="img" aria-label="{label}">'


def interactive(figure: go.Figure, name: str, alt: str, caption: str, numbers: Html, height: int = 420) -> Html:
    """Return a plotly figure as inert data that ``book/_static/figures.js`` draws.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        The figure; colours of text and background follow the page.
    name, alt, caption, numbers
        As in :func:`static`.
    height : int, default 420
        Height in pixels.

    Returns
    -------
    Html
    """
    figure.update_layout(template="none", height=height, margin={"l": 56, "r": 16, "t": 24, "b": 52})
    data = pio.to_json(figure, engine="json", remove_uids=True)
    data = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    box = (
        f'<div class="dlrrc-plotly" role="group" aria-label="{escape(alt)}" data-figure="{name}" style="min-height:{height}px"></div>'
        f'<script type="application/json" id="{name}-data">{data}</script>'
    )
    return _frame(name, box, caption, numbers)


def _frame(name: str, inner: str, caption: str, numbers: Html) -> Html:
    """Return a figure element with caption and numbers."""
    return Html(
        f'<figure class="dlrrc-figure" id="{name}">{inner}<figcaption>{escape(caption)}</figcaption>'
        f"<details><summary>Numbers behind this figure</summary>{numbers.html}</details></figure>"
    )
