"""Static figures are read on a light and on a dark page."""

from __future__ import annotations

import pytest
from conftest import ROOT

from dlrrc_core import figures
from dlrrc_core.tables import Html


@pytest.mark.parametrize("count", [1, 3])
def test_axes_have_no_ground_and_the_colour_of_the_text(count: int) -> None:
    figure, panels = figures.panels(count)
    assert len(panels) == count
    for panel in panels:
        panel.plot([0, 1], [0, 1])
        panel.set(xlabel="time", title="Title")
        assert panel.get_facecolor()[3] == 0  # nothing behind the lines but the page
        coloured = [
            panel.xaxis.label,
            panel.yaxis.label,
            panel.title,
            *panel.get_xticklabels(),
            *panel.get_yticklabels(),
        ]
        assert {text.get_color() for text in coloured} == {figures.INK}
    assert "<svg" in figures.static(figure, "trial", "a line", "A line.", Html("<p>0 and 1</p>")).html


def test_chapters_leave_axes_to_the_style() -> None:
    # axes that are made elsewhere lack the style: black words and a white ground on a dark page
    chapters = sorted((ROOT / "dlrrc_core/chapters").glob("*.py"))
    assert len(chapters) > 10
    assert [path.name for path in chapters if ".subplots(" in path.read_text(encoding="utf-8")] == []
