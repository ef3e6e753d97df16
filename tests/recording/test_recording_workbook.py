"""The authors' workbook: layout, round trip without a spreadsheet program, and files that are refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import dlrrc, tree_hash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from recordkit import random_rating, small_checkout

from dlrrc_core.problems import UsageError
from dlrrc_core.recording import exchange, ratings, safe_xlsx, workbook, workbook_read
from dlrrc_core.repository import Repository

# Layout of the authors' workbook: rows of the part headings and of the items, and the words of sheet Option.
HEADINGS = {"I": 3, "II": 8, "III": 19, "IV": 24, "V": 35}
ITEM_ROWS = [*range(4, 8), *range(9, 19), *range(20, 24), *range(25, 35), *range(36, 39)]
WORDS = {14: "And Or Nor", 26: "And Or Nor", 29: "Fully Partly Possible Not", 30: "Fully Partly Possible Not", 31: "Accessible Inaccessible"}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return small_checkout(tmp_path)


@pytest.fixture
def plain(tmp_path: Path, repo: Repository) -> Path:
    """Return a workbook with random answers."""
    path = tmp_path / "plain.xlsx"
    path.write_bytes(workbook.workbook(random_rating(1, repo.checklist), repo.checklist, "Zuo - 2021"))
    return path


def authors_own(path: Path, answers: dict[int, object]) -> Path:
    """Write a workbook as the checklist's authors have it: no column but A to C, and totals by their formulas."""
    book = Workbook()
    sheet = book.active
    sheet.title = "DLRRC"
    sheet["A1"], sheet["A2"], sheet["B2"], sheet["C2"] = "DLRRC", "NO", "ITEM", "Zuo - 2021"
    for number, row in enumerate(ITEM_ROWS, start=1):
        sheet[f"A{row}"] = number
        if number in answers:
            sheet[f"C{row}"] = answers[number]
    sheet["C45"] = "=SUM(C40:C44)"
    sheet.merge_cells("A1:C1")
    book.save(path)
    return path


def test_layout_is_the_authors(repo: Repository, plain: Path) -> None:
    items, headings, totals = workbook.rows(repo.checklist)
    assert (headings, list(items.values()), totals) == (HEADINGS, ITEM_ROWS, 40)
    for number in items:
        own = [
            word for code, word in workbook.words(repo.checklist, number).items() if code not in workbook.SPECIAL_WORDS
        ]
        assert own == WORDS.get(number, "Yes No").split()
    book = load_workbook(plain)
    sheet = book["DLRRC"]
    assert [sheet[f"{column}2"].value for column in "ABC"] == ["NO", "ITEM", "Zuo - 2021"]
    assert [sheet[f"A{row}"].value for row in ITEM_ROWS] == list(range(1, 32))
    assert all(str(sheet[f"C{row}"].value).startswith("=") for row in range(40, 46))
    listed = {cell.value for row in book["Option"].iter_rows() for cell in row}
    assert {
        "Yes",
        "No",
        "And",
        "Or",
        "Nor",
        "Fully",
        "Partly",
        "Possible",
        "Not",
        "Accessible",
        "Inaccessible",
    } < listed


@pytest.mark.parametrize("seed", range(20))
def test_answers_come_back(seed: int, repo: Repository, tmp_path: Path) -> None:
    rating = random_rating(seed, repo.checklist)
    (tmp_path / "a.xlsx").write_bytes(workbook.workbook(rating, repo.checklist, "=Zuo - 2021"))
    assert workbook_read.answers(tmp_path / "a.xlsx", repo.checklist) == (rating.answers, True)
    sheet = load_workbook(tmp_path / "a.xlsx")["DLRRC"]
    formulas = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert formulas == {*(f"C{row}" for row in range(40, 46)), "D45", "E45"}
    assert (sheet["C2"].value, sheet["C2"].data_type, sheet["C2"].quotePrefix) == ("=Zuo - 2021", "s", True)


def test_an_empty_cell_is_not_answered_and_words_may_have_any_case(repo: Repository, tmp_path: Path) -> None:
    path = authors_own(tmp_path / "a.xlsx", {1: "yes", 2: " NO ", 3: "", 14: "Or", 29: "Not", 31: "Accessible"})
    answers, evidence = workbook_read.answers(path, repo.checklist)
    given_ = {number: answer.answer for number, answer in answers.items() if answer.answer is not None}
    assert given_ == {1: "yes", 2: "no", 14: "one", 29: "none", 31: "accessible"}
    assert not evidence
    assert len(answers) == 31


def test_all_wrong_cells_are_named_at_once(repo: Repository, tmp_path: Path) -> None:
    path = authors_own(
        tmp_path / "a.xlsx", {1: "=1+1", 2: 1, 3: True, 4: "Fully", 5: "Ye", 14: "Yes", 15: '=HYPERLINK("x")'}
    )
    with pytest.raises(UsageError) as caught:
        workbook_read.answers(path, repo.checklist)
    message = str(caught.value)
    for said in (
        "C4 holds a formula; allowed: text", "C5 holds a number", "C6 holds a logical value", "C7 (item 4) is 'Fully'; allowed: Yes, No,",
        "C9 (item 5) is 'Ye'", "did you mean 'yes'?", "C18 (item 14) is 'Yes'; allowed: And, Or, Nor,", "C20 holds a formula",
    ):  # fmt: skip
        assert said in message
    assert len(message.splitlines()) == 8


def test_rows_out_of_place_and_another_sheet_are_refused(repo: Repository, tmp_path: Path) -> None:
    path = authors_own(tmp_path / "a.xlsx", {})
    book = load_workbook(path)
    book["DLRRC"]["A4"] = 2
    book.save(path)
    with pytest.raises(UsageError, match="A4 is '2'; allowed: 1"):
        workbook_read.answers(path, repo.checklist)
    book["DLRRC"].title = "Sheet1"
    book.save(path)
    with pytest.raises(UsageError, match="has the sheets Sheet1; allowed: a workbook with the sheet DLRRC"):
        workbook_read.answers(path, repo.checklist)


def test_import_fills_a_new_rating_and_refuses_to_lose_answers(small: Path) -> None:
    authors_own(small / "a.xlsx", {1: "Yes", 14: "Nor"})
    words = ("import-xlsx", "a.xlsx", "--paper", "zuo2021", "--rater", "jane")
    result = dlrrc(*words, cwd=small)
    assert (result.returncode, result.stdout.split()) == (
        0,
        ["data/papers/zuo2021/ratings/jane.yaml", "data/raters/jane.yaml"],
    )
    rating = ratings.read_rating(small, "zuo2021", "jane")
    assert (rating.status, rating.kind, rating.answers[1].answer, rating.answers[14].answer) == (
        "draft", "human", "yes", "neither",
    )  # fmt: skip
    before = tree_hash(small / "data")
    result = dlrrc(*words, cwd=small)
    assert (result.returncode, tree_hash(small / "data")) == (2, before)
    assert "holds answers already; say --replace" in result.stderr
    authors_own(small / "a.xlsx", {1: "No"})
    assert dlrrc(*words, "--replace", cwd=small).returncode == 0
    assert ratings.read_rating(small, "zuo2021", "jane").answers[1].answer == "no"


def test_export_and_import_leave_a_rating_as_it_was(small: Path) -> None:
    before = ratings.read_rating(small, "zuo2021", "machine-a")
    result = dlrrc("export-xlsx", "a.xlsx", "--paper", "zuo2021", "--rater", "machine-a", cwd=small)
    assert result.returncode == 0, result.stderr
    assert load_workbook(small / "a.xlsx")["DLRRC"]["C2"].value == "Zuo - 2021"
    exchange.import_xlsx(small, small / "a.xlsx", "zuo2021", "machine-a", replace=True)
    assert ratings.read_rating(small, "zuo2021", "machine-a") == before
    again = dlrrc("export-xlsx", "a.xlsx", "--paper", "zuo2021", "--rater", "machine-a", cwd=small)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_evidence_stays_where_a_workbook_without_it_says_the_same(small: Path) -> None:
    before = ratings.read_rating(small, "zuo2021", "machine-a")
    authors_own(small / "a.xlsx", {1: "Yes", 2: "Yes"})  # item 1 was yes, item 2 was no
    exchange.import_xlsx(small, small / "a.xlsx", "zuo2021", "machine-a", replace=True)
    after = ratings.read_rating(small, "zuo2021", "machine-a")
    assert after.answers[1] == before.answers[1]
    assert (before.answers[2].answer, after.answers[2].answer, after.answers[2].evidence) == ("no", "yes", None)
    assert (after.status, after.read) == ("draft", before.read)


def packed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Change the parts of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
)
OUTSIDE = b"""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Type="http://x/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>"""
MACRO_TYPE = b"""<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>"""
REFUSED: list[tuple[str, Callable[[dict[str, bytes]], object], str]] = [
    ("macros", lambda parts: parts.update({"xl/vbaProject.bin": b"x"}), "holds macros"),
    ("macro type", lambda parts: parts.update({"[Content_Types].xml": MACRO_TYPE}), "holds macros"),
    ("link", lambda parts: parts.update({"xl/externalLinks/externalLink1.xml": b"<a/>"}), "links to other files"),
    ("outside", lambda parts: parts.update({"xl/worksheets/_rels/sheet1.xml.rels": OUTSIDE}), "links to other files"),
    ("object", lambda parts: parts.update({"xl/embeddings/o.bin": b"x"}), "embedded objects"),
    ("connection", lambda parts: parts.update({"xl/connections.xml": b"<a/>"}), "connections to databases"),
    ("entities", lambda parts: parts.update({"xl/worksheets/sheet1.xml": ENTITIES}), "XML with a document type"),
    ("utf-16", lambda parts: parts.update({"xl/styles.xml": ENTITIES.decode().encode("utf-16")}), "a document type"),
    ("ratio", lambda parts: parts.update({"xl/media/a.bin": b"0" * 5_000_000}), "packed more than 200 times"),
    ("unpacked", lambda parts: parts.update({f"xl/{i}.bin": b"0" * 9_000_000 for i in range(3)}), "bytes unpacked"),
    ("parts", lambda parts: parts.update({f"xl/{i}.bin": b"" for i in range(300)}), "parts (allowed: at most 200)"),
    ("broken xml", lambda parts: parts.update({"xl/workbook.xml": b"<a>"}), "broken XML"),
    ("no sheet", lambda parts: parts.pop("xl/workbook.xml"), "no workbook that can be read"),
    ("no workbook", lambda parts: parts.pop("[Content_Types].xml"), "an archive, but no workbook"),
]


@pytest.mark.parametrize(("change", "said"), [entry[1:] for entry in REFUSED], ids=[entry[0] for entry in REFUSED])
def test_dangerous_workbooks_are_refused(
    plain: Path, repo: Repository, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        workbook_read.answers(packed(plain, change), repo.checklist)
    assert said in str(caught.value)


def test_other_files_are_refused(plain: Path, repo: Repository, tmp_path: Path) -> None:
    plain.rename(tmp_path / "plain.xlsm")
    (tmp_path / "text.xlsx").write_text("no archive")
    (tmp_path / "large.xlsx").write_bytes(b"0" * (safe_xlsx.MAX_BYTES + 1))
    for name, said in (
        ("plain.xlsm", "is no .xlsx workbook"),
        ("text.xlsx", "no workbook that can be unpacked"),
        ("large.xlsx", "allowed: at most 2000000"),
        ("none.xlsx", "cannot be read"),
    ):
        with pytest.raises(UsageError) as caught:
            workbook_read.answers(tmp_path / name, repo.checklist)
        assert said in str(caught.value)


def test_a_merged_range_of_all_cells_costs_nothing(plain: Path, repo: Repository) -> None:
    # openpyxl lays out merged ranges cell by cell unless it reads row by row: 17 thousand million cells here
    def merge(parts: dict[str, bytes]) -> None:
        sheet = parts["xl/worksheets/sheet1.xml"]
        merged = b'</sheetData><mergeCells count="1"><mergeCell ref="G1:XFD1048576"/></mergeCells>'
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", merged)

    assert workbook_read.answers(packed(plain, merge), repo.checklist)[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
def test_damaged_workbooks_are_read_or_refused(plain: Path, repo: Repository, at: int, junk: bytes) -> None:
    content = bytearray(plain.read_bytes())
    place = at % len(content)
    content[place : place + len(junk)] = junk
    damaged = plain.with_name("damaged.xlsx")
    damaged.write_bytes(bytes(content))
    try:
        answers, _ = workbook_read.answers(damaged, repo.checklist)
    except UsageError as error:
        assert "damaged.xlsx" in str(error)
    else:
        assert len(answers) == 31


def test_control_characters_are_refused_on_the_way_out(repo: Repository) -> None:
    rating = random_rating(1, repo.checklist)
    answers = rating.answers | {1: rating.answers[1].model_copy(update={"evidence": "a\x01b"})}
    with pytest.raises(UsageError, match="control characters"):
        workbook.workbook(rating.model_copy(update={"answers": answers}), repo.checklist, "Zuo - 2021")


def test_new_rating_shows_questions_and_nothing_of_other_raters(small: Path) -> None:
    other = (small / "data/papers/zuo2021/ratings/machine-a.yaml").read_text(encoding="utf-8")
    result = dlrrc("new-rating", "zuo2021", "--rater", "jane", "--kind", "human", cwd=small)
    assert result.returncode == 0, result.stderr
    text = (small / "data/papers/zuo2021/ratings/jane.yaml").read_text(encoding="utf-8")
    rating = ratings.read_rating(small, "zuo2021", "jane")
    assert {answer.answer for answer in rating.answers.values()} == {None}
    assert list(rating.answers) == list(range(1, 32))
    squeezed = " ".join(text.replace("#", " ").split())
    checklist = ratings.instrument(small)
    for item in checklist.items.values():
        assert " ".join(item.asks.split()) in squeezed
    evidence = [line.strip() for line in other.splitlines() if line.strip().startswith("evidence: ")]
    assert not [line for line in evidence if line in text]
    assert "machine" not in text
    again = dlrrc("new-rating", "zuo2021", "--rater", "jane", "--kind", "human", cwd=small)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody2024", "--rater", "jane", "--kind", "human"), "there is no data/papers/nobody2024/paper.yaml"),
        (("zuo2021", "--rater", "machine-b", "--kind", "machine"), "is there already"),
        (("patel2023", "--rater", "machine-b", "--kind", "human"), "is of the kind machine, not human"),
        (("zuo2021", "--rater", "consensus", "--kind", "human"), "'consensus' is the name of every consensus"),
        (("zuo2021", "--rater", "../x", "--kind", "human"), "the id of the rater is '../x'"),
        (("zuo2021", "--rater", "jane", "--kind", "human", "--read", "all"), "unknown kind of reading 'all'"),
    ],
)
def test_ratings_that_cannot_be_started(small: Path, words: tuple[str, ...], said: str) -> None:
    (small / "data/papers/patel2023/ratings/machine-b.yaml").unlink(missing_ok=True)
    before = tree_hash(small)
    result = dlrrc("new-rating", *words, cwd=small)
    assert (result.returncode, tree_hash(small)) == (2, before)
    assert said in result.stderr


def test_raters_of_two_files_are_one_problem(small: Path) -> None:
    (small / "data/raters").mkdir(exist_ok=True)
    (small / "data/raters/machine-a.yaml").write_text("name: A\nkind: machine\n")
    (small / "data/raters/Bad Name.yaml").write_text("name: A\nkind: machine\n")
    (small / "data/raters/broken.yaml").write_text("kind: robot\n")
    raters, problems = ratings.read_raters(small)
    assert {"machine-a", "machine-b"} <= set(raters)
    assert not {"Bad Name", "broken"} & set(raters)
    said = "\n".join(str(problem) for problem in problems)
    assert "stands in data/raters.yaml too" in said
    assert "the file name 'Bad Name'" in said
    assert "broken.yaml:1:1: 'name' is missing" in said
