"""The authors' workbook: its layout, and a rating written into it.

Sheet ``DLRRC`` has a title (row 1), headers (row 2), the parts one below the other with their items, and the totals (rows 40 to 45).
Answers stand in column C as the authors' words, which sheet ``Option`` lists. Columns D to F (evidence, place, confidence), the words
``Unclear`` and ``Not applicable``, and the bounds beside the total are this project's.
"""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from dlrrc_core.checklist import NOT_APPLICABLE, UNCLEAR, Checklist
from dlrrc_core.problems import UsageError
from dlrrc_core.records import Rating

SHEET, OPTIONS = "DLRRC", "Option"
HEADERS = ("NO", "ITEM")
OUR_HEADERS = ("EVIDENCE", "PLACE", "CONFIDENCE")
FIRST_ROW = 3
#: The authors' words for the options of a scale, best first, as the options stand in the checklist.
WORDS = {
    "yes-no": ("Yes", "No"),
    "suited-correct": ("And", "Or", "Nor"),
    "reasonable-complete": ("And", "Or", "Nor"),
    "code-access": ("Fully", "Partly", "Possible", "Not"),
    "data-access": ("Fully", "Partly", "Possible", "Not"),
    "weights-access": ("Accessible", "Inaccessible"),
}
SPECIAL_WORDS = {UNCLEAR: "Unclear", NOT_APPLICABLE: "Not applicable"}
OPEN_TEXT = "not answered"
NUMBER_TEXT_START = ("=", "+", "-", "@")
WIDTHS = {"A": 6, "B": 60, "C": 22, "D": 60, "E": 24, "F": 13}


def rows(checklist: Checklist) -> tuple[dict[int, int], dict[str, int], int]:
    """Return where everything stands.

    Parameters
    ----------
    checklist : Checklist
        The instrument.

    Returns
    -------
    items : dict of int to int
        Row of each item.
    headings : dict of str to int
        Row of the heading of each part.
    totals : int
        Row of the total of the first part; the others follow, and the total of all after them.
    """
    row = FIRST_ROW
    items: dict[int, int] = {}
    headings: dict[str, int] = {}
    for part in checklist.parts:
        headings[part.id] = row
        for i, item in enumerate(part.items, start=1):
            items[item.id] = row + i
        row += len(part.items) + 1
    return items, headings, row + 1


def words(checklist: Checklist, number: int) -> dict[str, str]:
    """Return the words of an item by answer code, with those for unclear and not applicable at the end."""
    options = checklist.scale(number).options
    own = dict(zip((option.code for option in options), WORDS[checklist.items[number].scale], strict=True))
    return own | SPECIAL_WORDS


def workbook(rating: Rating, checklist: Checklist, heading: str) -> bytes:
    """Return a rating as a workbook.

    Parameters
    ----------
    rating : Rating
        Answers, evidence, places and confidence; an item without an answer is an empty cell.
    checklist : Checklist
        The instrument; its points go into the formulas.
    heading : str
        Header of the answers, in the authors' workbook "Author - date".

    Returns
    -------
    bytes
        An ``.xlsx`` file. Totals are formulas that give what :func:`dlrrc_core.scoring.score` gives, and ``not answered``
        while an item is open.

    Raises
    ------
    UsageError
        When a text holds control characters, which a workbook cannot.
    """
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    items, headings, totals = rows(checklist)
    _text(sheet["A1"], checklist.title)
    for column, header in zip("ABCDEF", (*HEADERS, heading, *OUR_HEADERS), strict=True):
        _text(sheet[f"{column}2"], header)
    for part in checklist.parts:
        _text(sheet[f"A{headings[part.id]}"], f"Part {part.id}")
        _text(sheet[f"B{headings[part.id]}"], f"{part.title} ({part.points:g} points)")
        for item in part.items:
            row = items[item.id]
            sheet[f"A{row}"] = item.id
            _text(sheet[f"B{row}"], f"{item.title}: {' '.join(item.asks.split())}")
            if (answer := rating.answers.get(item.id)) is not None:
                word = None if answer.answer is None else words(checklist, item.id)[answer.answer]
                for column, text in zip("CDEF", (word, answer.evidence, answer.where, answer.confidence), strict=True):
                    _text(sheet[f"{column}{row}"], text)
    _totals(sheet, checklist, items, totals)
    _options(book.create_sheet(OPTIONS), sheet, checklist, items)
    for column, width in WIDTHS.items():
        sheet.column_dimensions[column].width = width
    for row in (1, 2, *headings.values(), *range(totals, totals + len(checklist.parts) + 1)):
        for cell in sheet[row]:
            cell.font = Font(bold=True)
    for row in items.values():
        for column in "BDE":
            sheet[f"{column}{row}"].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "C3"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _text(cell: Cell, value: str | None) -> None:
    """Put text into a cell, never a formula: what begins like one is marked as text, as a leading apostrophe does by hand."""
    if value is None:
        return
    try:
        cell.value = value
    except IllegalCharacterError as error:
        raise UsageError(f"{value!r} holds control characters, which a workbook cannot hold; delete them") from error
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(NUMBER_TEXT_START)


def _totals(sheet: Worksheet, checklist: Checklist, items: dict[int, int], first: int) -> None:
    """Write the formulas of parts and total: reached points, and the words ``not answered`` while an item is open."""
    ids = list(checklist.items)
    for i, part in enumerate(checklist.parts):
        numbers = [item.id for item in part.items]
        _text(sheet[f"B{first + i}"], f"Part {part.id}")
        closed = f"AND({_open(checklist, items, numbers)}=0,{_most(checklist, items, numbers)}>0)"
        sheet[f"C{first + i}"] = f'=IF({closed},{_reached(checklist, items, numbers)},"{OPEN_TEXT}")'
    row = first + len(checklist.parts)
    _text(sheet[f"B{row}"], "Total")
    _text(sheet[f"D{row - 1}"], "lowest total that the answers allow")
    _text(sheet[f"E{row - 1}"], "highest total")
    reached, most, full = _reached(checklist, items, ids), _most(checklist, items, ids), f"{checklist.total_points:g}"
    still_open = _open_points(checklist, items)
    sheet[f"D{row}"] = f"=IF({most}>0,{full}*({reached})/({most}),0)"
    sheet[f"E{row}"] = f"=IF({most}>0,{full}*({reached}+{still_open})/({most}),{full})"
    sheet[f"C{row}"] = f'=IF(AND({_open(checklist, items, ids)}=0,{most}>0),D{row},"{OPEN_TEXT}")'


def _ranges(checklist: Checklist, items: dict[int, int], numbers: list[int]) -> list[tuple[str, list[int]]]:
    """Return runs of neighbouring items with the same words and points, as ranges of column C."""
    runs: list[list[int]] = []
    for number in numbers:
        last = runs[-1][-1] if runs else None
        joined = last is not None and items[number] == items[last] + 1
        if joined and last is not None and checklist.units[number] == checklist.units[last]:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [(f"C{items[run[0]]}:C{items[run[-1]]}", run) for run in runs]


def _reached(checklist: Checklist, items: dict[int, int], numbers: list[int]) -> str:
    """Return the formula of the points that the answers reach."""
    terms = []
    for cells, run in _ranges(checklist, items, numbers):
        for code, word in words(checklist, run[0]).items():
            points = checklist.units[run[0]].get(code, 0) * checklist.unit_points
            if points:
                terms.append(f'{points:g}*COUNTIF({cells},"{word}")')
    return "+".join(terms)


def _most(checklist: Checklist, items: dict[int, int], numbers: list[int]) -> str:
    """Return the formula of the points that applicable items can give."""
    whole = sum(checklist.max_units[number] for number in numbers) * checklist.unit_points
    terms = [
        f'-{checklist.max_units[run[0]] * checklist.unit_points:g}*COUNTIF({cells},"{SPECIAL_WORDS[NOT_APPLICABLE]}")'
        for cells, run in _ranges(checklist, items, numbers)
    ]
    return f"({whole:g}{''.join(terms)})"


def _settled(checklist: Checklist, cells: str, number: int) -> str:
    """Return the formula of how many items of a range have an answer that settles them."""
    found = [word for code, word in words(checklist, number).items() if code != UNCLEAR]
    return "+".join(f'COUNTIF({cells},"{word}")' for word in found)


def _open(checklist: Checklist, items: dict[int, int], numbers: list[int]) -> str:
    """Return the formula of how many items are open: empty, unclear, or a word that the item does not have."""
    ranges = _ranges(checklist, items, numbers)
    return f"({len(numbers)}-({'+'.join(_settled(checklist, cells, run[0]) for cells, run in ranges)}))"


def _open_points(checklist: Checklist, items: dict[int, int]) -> str:
    """Return the formula of the points that open items could still give."""
    return "+".join(
        f"{checklist.max_units[run[0]] * checklist.unit_points:g}*({len(run)}-({_settled(checklist, cells, run[0])}))"
        for cells, run in _ranges(checklist, items, list(checklist.items))
    )


def _options(listed: Worksheet, sheet: Worksheet, checklist: Checklist, items: dict[int, int]) -> None:
    """List the words, one column per kind of answer, and offer them in the cells of the answers."""
    columns: dict[tuple[str, ...], str] = {}
    for number, row in items.items():
        offered = tuple(words(checklist, number).values())
        if offered not in columns:
            columns[offered] = column = "ABCDEFGH"[len(columns)]
            for i, word in enumerate(offered, start=1):
                _text(listed[f"{column}{i}"], word)
        column = columns[offered]
        choice = DataValidation("list", formula1=f"{OPTIONS}!${column}$1:${column}${len(offered)}", allow_blank=True)
        choice.error = "Choose one of the words of sheet Option, or leave the cell empty."
        choice.add(f"C{row}")
        sheet.add_data_validation(choice)
