"""BibTeX and RIS made from records: the entries that people wrote by hand, any text, and pybtex as the reader."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pybtex.database import Person, parse_string

from dlrrc_core.recording import bibliography, latex, papers, references
from dlrrc_core.records import Paper
from dlrrc_core.repository import Repository

# Facts of papers, and their entries as people had written them in book/references.bib before entries were made from records.
HAND_MADE: list[tuple[dict[str, Any], str]] = [
    (
        {
            "id": "afzal2023",
            "title": "Towards Equitable Kidney Tumor Segmentation: Bias Evaluation and Mitigation",
            "authors": ("Afzal MM", "Khan MO", "Mirza S"),
            "authors_complete": True,
            "year": 2023,
            "journal": "Machine Learning for Health (ML4H) Symposium, Proceedings of Machine Learning Research",
            "volume": "225",
            "pages": "13-26",
            "url": "https://proceedings.mlr.press/v225/afzal23a/afzal23a.pdf",
        },
        """@inproceedings{afzal2023,
  author = {Afzal, M. M. and Khan, M. O. and Mirza, S.},
  title = {{Towards Equitable Kidney Tumor Segmentation: Bias Evaluation and Mitigation}},
  booktitle = {Machine Learning for Health (ML4H) Symposium},
  series = {Proceedings of Machine Learning Research},
  volume = {225},
  pages = {13--26},
  year = {2023},
  url = {https://proceedings.mlr.press/v225/afzal23a/afzal23a.pdf},
}
""",
    ),
    (
        {
            "id": "linz2021",
            "title": "Automated segmentation of kidney and renal mass",
            "authors": ("Lin Z", "Cui Y"),
            "authors_complete": False,
            "year": 2021,
            "journal": "European Radiology",
            "volume": "31",
            "issue": "7",
            "pages": "5021-5031",
            "doi": "10.1007/s00330-020-07608-9",
            "url": "https://doi.org/10.1007/s00330-020-07608-9",
        },
        """@article{linz2021,
  author = {Lin, Z. and Cui, Y. and others},
  title = {{Automated segmentation of kidney and renal mass}},
  journal = {European Radiology},
  volume = {31},
  number = {7},
  pages = {5021--5031},
  year = {2021},
  doi = {10.1007/s00330-020-07608-9},
}
""",
    ),
    (
        {
            "id": "li2025",
            "title": "A weakly supervised deep learning model",
            "authors": ("Cuiping Li", "Shuai Li"),
            "authors_complete": True,
            "year": 2025,
            "journal": "Research Square preprint (not peer reviewed)",
            "doi": "10.21203/rs.3.rs-6489710/v1",
        },
        """@misc{li2025,
  author = {Cuiping Li and Shuai Li},
  title = {{A weakly supervised deep learning model}},
  howpublished = {Research Square preprint (not peer reviewed)},
  year = {2025},
  doi = {10.21203/rs.3.rs-6489710/v1},
}
""",
    ),
    (
        {"id": "relunet", "title": "Rel-UNet: Reliable Tumor Segmentation"},
        "@misc{relunet,\n  title = {{Rel-UNet: Reliable Tumor Segmentation}},\n}\n",
    ),
]


def made(facts: dict[str, Any]) -> Paper:
    """Return a record with some facts."""
    return papers.record(facts.get("id", "smith2024"), "rcc", facts)


@pytest.mark.parametrize(("facts", "entry"), HAND_MADE, ids=[facts["id"] for facts, _ in HAND_MADE])
def test_entries_are_those_that_people_wrote(facts: dict[str, Any], entry: str) -> None:
    assert bibliography.entry(made(facts)) == entry


def test_every_paper_has_one_entry_that_pybtex_reads(repo: Repository) -> None:
    entries = parse_string(bibliography.bibliography(repo), "bibtex").entries
    assert list(entries) == list(repo.papers)
    for name, entry in entries.items():
        paper = repo.papers[name]
        assert latex.plain(entry.fields["title"]) == " ".join(paper.title.split())
        assert entry.fields.get("year") == (None if paper.year is None else str(paper.year))
        people = [str(person) for person in entry.persons.get("author", [])]
        assert len(people) == len(paper.authors) + (bool(paper.authors) and not paper.authors_complete)
    only = parse_string(bibliography.bibliography(repo, "rcc"), "bibtex").entries
    assert list(only) == repo.select("rcc")


printable = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=60).filter(
    str.strip
)


@settings(deadline=None)  # the machine may be busy
@given(printable, printable)
def test_any_text_comes_back_from_its_field(title: str, journal: str) -> None:
    # peer: pybtex splits entries and fields by BibTeX's rules; nothing that a title holds may end its entry
    facts = {"title": title, "journal": journal, "year": 2024, "volume": "1", "authors": ("Teng Zuo",)}
    text = bibliography.entry(made(facts)) + bibliography.entry(made(HAND_MADE[3][0]))
    entries = parse_string(text, "bibtex").entries
    assert list(entries) == ["smith2024", "relunet"]
    fields = entries["smith2024"].fields
    place = fields.get("journal") or fields.get("booktitle") or fields.get("howpublished")
    assert fields["title"] == "{" + latex.escape(title) + "}"
    assert place == " ".join(latex.escape(journal).split())
    if not re.search(r"[`'\"^$~!?<>,|-]", title):  # LaTeX joins these with their neighbours, as in ``--``
        assert latex.plain(fields["title"]) == " ".join(title.split())


@settings(deadline=None)  # the machine may be busy
@given(printable)
def test_any_author_stays_one_author(author: str) -> None:
    text = bibliography.entry(made({"title": "T", "authors": (author, "Teng Zuo"), "authors_complete": True}))
    people = parse_string(text, "bibtex").entries["smith2024"].persons["author"]
    assert len(people) == 2
    assert str(people[1]) == "Zuo, Teng"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Zuo T", "Zuo, T."),
        ("Mohammadi Sepahvand N", "Mohammadi Sepahvand, N."),
        ("Teng Zuo", "Teng Zuo"),
        ("Marius de Groot", "Marius de Groot"),
        ("Zuo, Teng", "Zuo, Teng"),
        ("Uhm", "Uhm"),
        ("Kidney and Tumour Group", "{Kidney and Tumour Group}"),
        ("A & B {Group}", r"A \& B \textbraceleft{}Group\textbraceright{}"),
    ],
)
def test_names(author: str, name: str) -> None:
    assert latex.name(author) == name


@pytest.mark.parametrize(
    ("name", "author", "first"),
    [
        ("Zuo, Teng", "Teng Zuo", "Zuo"),
        ("Afzal, M. M.", "Afzal MM", "Afzal"),
        ("van der Berg, Anna", "van der Berg A", "van der Berg"),
        ("Mohammadi Sepahvand, Nazanin", "Mohammadi Sepahvand N", "Mohammadi Sepahvand"),
        (r"M{\"u}ller, J{\'e}r{\^o}me", "Jérôme Müller", "Müller"),
        ("WU, Hans", "Hans Wu", "Wu"),
        ("{The Kidney Group}", "The Kidney Group", "Group"),
    ],
)
def test_authors_of_entries_keep_their_surname(name: str, author: str, first: str) -> None:
    found = references.author(Person(name))
    assert (found, made({"title": "T", "authors": (found,)}).first_author) == (author, first)


def test_ris_by_hand() -> None:
    # by hand from the RIS specification: two letters, two spaces, hyphen, space; TY first, ER last
    assert bibliography.ris([made(HAND_MADE[0][0]), made(HAND_MADE[1][0] | {"authors": ("Teng Zuo", "Marius de Groot")})]) == (
        "TY  - CPAPER\nID  - afzal2023\nAU  - Afzal, M. M.\nAU  - Khan, M. O.\nAU  - Mirza, S.\n"
        "TI  - Towards Equitable Kidney Tumor Segmentation: Bias Evaluation and Mitigation\n"
        "T2  - Machine Learning for Health (ML4H) Symposium\nT3  - Proceedings of Machine Learning Research\n"
        "VL  - 225\nSP  - 13\nEP  - 26\nPY  - 2023\n"
        "UR  - https://proceedings.mlr.press/v225/afzal23a/afzal23a.pdf\nER  - \n"
        "\n"
        "TY  - JOUR\nID  - linz2021\nAU  - Zuo, Teng\nAU  - de Groot, Marius\n"
        "TI  - Automated segmentation of kidney and renal mass\nT2  - European Radiology\nVL  - 31\nIS  - 7\n"
        "SP  - 5021\nEP  - 5031\nPY  - 2021\nDO  - 10.1007/s00330-020-07608-9\n"
        "UR  - https://doi.org/10.1007/s00330-020-07608-9\nER  - \n"
    )  # fmt: skip


@settings(deadline=None)  # the machine may be busy
@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_no_text_ends_a_ris_record(title: str) -> None:
    lines = bibliography.ris([made({"title": title, "authors": ("Teng Zuo",)})]).split("\n")
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines if line)
    assert [line[:2] for line in lines if line] == ["TY", "ID", "AU", "TI", "ER"]
