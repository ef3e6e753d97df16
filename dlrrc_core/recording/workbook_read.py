"""A rating read from the authors' workbook."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from dlrrc_core.checklist import Checklist
from dlrrc_core.problems import UsageError, nearest
from dlrrc_core.recording import safe_xlsx
from dlrrc_core.recording.workbook import OUR_HEADERS, SHEET, rows, words
from dlrrc_core.records import Answer

Row = tuple[Any, ...]
CONFIDENCES = ("high", "medium", "low")
MAX_TEXT = 4000  # as in the records


def answers(path: Path, checklist: Checklist) -> tuple[dict[int, Answer], bool]:
    """Read the answers of a workbook.

    Parameters
    ----------
    path : Path
        An ``.xlsx`` file in the authors' layout, with this project's columns D to F or without them.
    checklist : Checklist
        The instrument.

    Returns
    -------
    answers : dict of int to Answer
        By item. An empty cell is an item that is not answered, not a no.
    evidence : bool
        Whether the workbook has this project's columns; without them evidence, place and confidence are ``None``.

    Raises
    ------
    UsageError
        When the file is refused (see :func:`dlrrc_core.recording.safe_xlsx.read`) or is no such workbook, and with every cell
        that holds a formula, a number, or a word that its item does not have.

    Notes
    -----
    Formulas are refused and never computed: what they show depends on the program that last saved the file.
    """
    sheet = _cells(safe_xlsx.read(path), path.name)
    items, _, _ = rows(checklist)
    wrong: list[str] = []

    def text(column: str, row: int) -> str | None:
        cell = sheet[row - 1]["ABCDEF".index(column)]
        value, kind = cell.value, cell.data_type
        if value is None:
            return None
        if kind == "f" or not isinstance(value, str):
            found = {"f": "a formula", "e": "an error", "b": "a logical value", "d": "a date"}.get(kind, "a number")
            wrong.append(f"{column}{row} holds {found}; allowed: text; type the text itself")
            return None
        if len(value) > MAX_TEXT:
            wrong.append(f"{column}{row} has {len(value)} characters; allowed: at most {MAX_TEXT}")
            return None
        return value.strip() or None

    ours = all(
        str(cell.value or "").strip().upper() == header
        for cell, header in zip(sheet[1][3 : 3 + len(OUR_HEADERS)], OUR_HEADERS, strict=True)
    )
    found: dict[int, Answer] = {}
    for number, row in items.items():
        standing = str(sheet[row - 1][0].value or "").strip().rstrip(".")
        if standing not in ("", str(number), f"{number}.0"):
            wrong.append(f"A{row} is '{standing[:40]}'; allowed: {number}, the item that has its place in row {row}")
        answer = _code(text("C", row), f"C{row} (item {number})", words(checklist, number), wrong)
        evidence, where, confidence = (text(column, row) if ours else None for column in "DEF")
        if confidence is not None and confidence.lower() not in CONFIDENCES:
            wrong.append(f"F{row} is '{confidence[:40]}'; allowed: {', '.join(CONFIDENCES)} or an empty cell")
            confidence = None
        found[number] = Answer.model_validate(
            {
                "answer": answer,
                "evidence": evidence,
                "where": where,
                "confidence": None if confidence is None else confidence.lower(),
            }
        )
    if wrong:
        raise UsageError(f"{path.name}, sheet {SHEET}:\n" + "\n".join(wrong))
    return found, ours


def _cells(content: bytes, file: str) -> list[Row]:
    """Return rows 1 to 45, columns A to F, of the sheet with the answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells which decorations it does not keep
        try:
            # read-only: cells are read one row after the other, and merged ranges (which may be huge) are not laid out
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
            names = list(book.sheetnames)
            if SHEET not in names:
                raise UsageError(
                    f"{file} has the sheets {', '.join(names)}; allowed: a workbook with the sheet {SHEET}"
                )
            found = [tuple(row) for row in book[SHEET].iter_rows(min_row=1, max_row=45, min_col=1, max_col=6)]
            book.close()
        except UsageError:
            raise
        except Exception as error:  # openpyxl raises whatever its parts raise on a broken file
            raise UsageError(f"{file} is no workbook that can be read ({type(error).__name__}: {error})") from error
    if len(found) < 38:
        raise UsageError(f"{file}, sheet {SHEET}: {len(found)} rows; allowed: the items in rows 4 to 38")
    return found


def _code(word: str | None, place: str, allowed: dict[str, str], wrong: list[str]) -> str | None:
    """Return the answer code of a word; add to ``wrong`` when the item does not have it."""
    if word is None:
        return None
    for code, own in allowed.items():
        if word.lower() == own.lower():
            return code
    options = [own.lower() for own in allowed.values()]
    hint = nearest(word, options)
    wrong.append(
        f"{place} is '{word[:40]}'; allowed: {', '.join(allowed.values())} or an empty cell"
        + (f"; {hint}" if hint else "")
    )
    return None
