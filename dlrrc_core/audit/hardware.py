"""Graphics cards: peak speeds by precision, memory, and the source of each, from ``data/audit/hardware.csv``."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path

from dlrrc_core.audit.software_tables import FOLDER
from dlrrc_core.problems import DataError, Problem, one_of

FILE = "hardware.csv"
SPEEDS = ("fp32_tflops", "fp16_tflops", "matrix_tflops", "tf32_tflops")
COLUMNS = ("card", "names", *SPEEDS, "memory_gb", "bandwidth_gb_s", "year", "source", "retrieved", "note")
PRECISIONS = ("fp32", "mixed")


@dataclass(frozen=True)
class Card:
    """One graphics card.

    Attributes
    ----------
    name : str
    names : tuple of str
        Ways in which papers write it, in lower case.
    fp32, fp16, matrix, tf32 : float, optional
        Peak speed in TFLOP/s of ordinary arithmetic with 32 and 16 bits, of matrix units with 16 bits, and of matrix units
        that stand in for 32 bits; 0 where the card has no such units, None where no source was seen.
    memory : float
        In GB as printed by the maker; taken as GiB (2**30 bytes).
    bandwidth : float, optional
        In GB/s.
    year : int, optional
        Of release.
    row : str
        Table, line and source, for a message.
    """

    name: str
    names: tuple[str, ...]
    fp32: float
    fp16: float | None
    matrix: float | None
    tf32: float | None
    memory: float
    bandwidth: float | None
    year: int | None
    row: str

    def peak(self, precision: str | None) -> tuple[float, float]:
        """Return the lowest and highest peak speed that a precision may mean, in FLOP/s.

        Parameters
        ----------
        precision : {"fp32", "mixed"} or None
            What the paper says; None leaves both open. Frameworks put 32-bit convolutions on matrix units where a card has
            them for that, so ``fp32`` reaches to those.

        Returns
        -------
        tuple of float
            The higher one is infinite where the card has units whose speed is not in the table.
        """
        if precision is not None:
            one_of(precision, PRECISIONS, "precision")
        others = [self.tf32] if precision == "fp32" else [self.tf32, self.fp16, self.matrix]
        if precision != "fp32" and self.matrix:
            others = [self.matrix]  # the fastest units of all
        highest = inf if None in others else max([self.fp32, *(speed for speed in others if speed is not None)])
        return self.fp32 * 1e12, highest * 1e12


@lru_cache(maxsize=4)
def cards(folder: Path = FOLDER) -> dict[str, Card]:
    """Read the table of cards.

    Parameters
    ----------
    folder : Path, default ``data/audit`` of the checkout

    Returns
    -------
    dict of str to Card
        By name.

    Raises
    ------
    DataError
        With every line that cannot be read.
    """
    path, problems, found = folder / FILE, [], {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise DataError([Problem(FILE, 1, 0, "other columns", ", ".join(COLUMNS))])
            for cells in reader:
                try:
                    found[cells["card"]] = _card(cells, reader.line_num)
                except (ValueError, TypeError, AttributeError) as error:
                    problems.append(
                        Problem(FILE, reader.line_num, 0, str(error), "numbers; empty where no source was seen")
                    )
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(FILE, 0, 0, f"cannot be read ({error})", "a table in UTF-8"))
    if problems:
        raise DataError(problems)
    return found


def find_card(text: str, folder: Path = FOLDER) -> Card | None:
    """Return the card that a paper names, or None where the table has none of that name.

    Parameters
    ----------
    text : str
        As printed, such as ``NVIDIA GeForce RTX 2080Ti (11 GB)``; the longest name in it wins, then the printed memory,
        then the larger memory.
    folder : Path
        As in :func:`cards`.
    """
    plain = f" {_plain(text)} "
    hits = [
        (len(name), f" {card.memory:g} gb " in plain, card.memory, card)
        for card in cards(folder).values()
        for name in card.names
        if f" {_plain(name)} " in plain
    ]
    return max(hits, key=lambda hit: hit[:3])[3] if hits else None


def _plain(text: str) -> str:
    """Return letters and digits in lower case, with a space between a number and what follows it."""
    spaced = re.sub(r"(?<=\d)(?=ti\b|gb\b|super\b)|(?<=[rg]tx)(?=\d)", " ", text.lower())
    return " ".join(re.findall(r"[a-z0-9]+", spaced))


def _card(cells: dict[str, str], line: int) -> Card:
    fp32, fp16, matrix, tf32 = (_speed(cells[name]) for name in SPEEDS)
    memory = float(cells["memory_gb"])
    if not fp32 or memory <= 0:
        raise ValueError(f"{cells['card']} has no peak speed with 32 bits or no memory")
    note = f", {cells['note']}" if cells["note"] else ""
    return Card(
        cells["card"],
        tuple(cells["names"].lower().split("|")),
        fp32,
        fp16,
        matrix,
        tf32,
        memory,
        float(cells["bandwidth_gb_s"]) if cells["bandwidth_gb_s"] else None,
        int(cells["year"]) if cells["year"] else None,
        f"{FILE} line {line}: {cells['card']} ({cells['source']}, retrieved {cells['retrieved']}{note})",
    )


def _speed(cell: str) -> float | None:
    """Return 0 for units that a card has not, None for those without a source."""
    if cell == "none":
        return 0.0
    return float(cell) if cell else None
