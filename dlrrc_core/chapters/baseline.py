"""What the chapters of the baseline share: the notice, where the numbers come from, pictures and downloads."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from dlrrc_core import repository, tables
from dlrrc_core.baseline.findings import find
from dlrrc_core.baseline.store import StoredRun
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row

DOWNLOADS = "../../_static/downloads/baseline"
SCALES = {
    "full": "the full set",
    "reduced": "the reduced set: the same questions with smaller images, fewer epochs or fewer seeds than the full set, sized for a CPU",
    "tiny": "the tiny set, which only shows that everything runs; its numbers mean nothing",
}
METRICS = {"roc_auc": "AUC", "accuracy": "accuracy", "sensitivity": "sensitivity", "specificity": "specificity"}
NETWORKS = {
    "shufflenetv2": "ShuffleNetV2",
    "mobilenetv2": "MobileNetV2",
    "efficientnet_b0": "EfficientNet-B0",
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
}
LEVELS = {
    "image": "image",
    "votes": "case, two of three votes",
    "consecutive_slices": "case, more than three slices in a row",
    "mean_probability": "case, mean probability",
}


@dataclass(frozen=True)
class Baseline:
    """One experiment, its stored run and every number of its chapter.

    Attributes
    ----------
    run : StoredRun
    n : Numbers
        The same dictionary as ``dlrrc baseline show <experiment> --format json``.
    """

    run: StoredRun
    n: Numbers

    def notice(self) -> Html:
        """Return what kind of numbers these are, and from which device and set."""
        record = self.run.record
        return Html(
            '<div class="dlrrc-banner" role="note"><strong>Our own simulation, no patients.</strong> '
            f"{escape(self.run.about.question)} The numbers come from {escape(SCALES[record.scale])}; run on "
            f"{escape(record.date)} on {escape(str(record.hardware.get('gpu') or record.hardware.get('cpu') or record.device))}.</div>"
        )

    def provenance(self) -> Html:
        """Return where the numbers come from: commit, device, versions, every parameter, files."""
        record = self.run.record
        facts: dict[str, Any] = {
            "run": self.run.name,
            "date": record.date,
            "commit": (record.commit or "unknown") + (", with changes" if record.changed else ""),
            "device": record.device,
            "time, minutes": f"{record.seconds / 60:.1f}",
        }
        facts |= {f"correction {number}": text for number, text in enumerate(record.corrections, start=1)}
        groups = {
            "run": facts,
            "hardware": record.hardware,
            "software": record.software,
            "parameter": record.parameters,
        }
        rows: list[Row] = [
            [kind, name, _text(value)] for kind, found in groups.items() for name, value in found.items()
        ]
        columns = [Column("Kind"), Column("Name"), Column("Value")]
        table = tables.table(columns, rows, "Where these numbers come from", f"provenance-{self.run.about.id}")
        files = "".join(
            f'<li><a href="{DOWNLOADS}/{self.run.name}/{escape(name)}" download>{escape(name)}</a></li>'
            for name in ("run.json", *self.run.record.files)
            if not name.endswith(".png")
        )
        return Html(f"<details><summary>Run record and files</summary>{table.html}<ul>{files}</ul></details>")

    def picture(self, name: str, alt: str, caption: str) -> Html:
        """Return a stored picture with alternative text and caption.

        Parameters
        ----------
        name : str
            One of the pictures of the experiment.
        alt : str
            What a reader who cannot see it needs to know.
        caption : str
            Plain text.
        """
        data = base64.b64encode((self.run.folder / f"{name}.png").read_bytes()).decode()
        return Html(
            f'<figure class="dlrrc-picture" id="picture-{escape(name)}"><img src="data:image/png;base64,{data}" alt="{escape(alt)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )


def open_run(experiment: str, run: str = "best") -> tuple[StoredRun, Numbers]:
    """Return a stored run of an experiment and its numbers, see :func:`dlrrc_core.baseline.findings.find`."""
    stored, statistics = find(repository.find_root(), experiment, run)
    return stored, Numbers(statistics)


def percent_cells(n: Numbers, path: str) -> list[Cell]:
    """Return ``percent`` and ``interval`` at a path as two table cells."""
    return [n.cell(f"{path}.percent", ".1f"), n.interval_cell(f"{path}.interval", ".1f")]


def bin_cells(found: Mapping[str, Any]) -> list[Cell | str]:
    """Return a bin of a reliability diagram as cells: range, number of answers, mean probability, share of class 1."""
    ends, number = f"{found['low']:.1f} to {found['high']:.1f}", tables.number_cell(found["n"])
    return [ends, number, f"{found['confidence']:.3f}", f"{found['observed']:.3f}"]


def _text(value: Any) -> str:
    """Return a plain value as words."""
    return value if isinstance(value, str) else tables.NOTHING if value is None else json.dumps(value)
