"""``dlrrc new``: from Crossref, BibTeX or a title; whole or not at all, and never over something else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import dlrrc, tree_hash
from hypothesis import given, settings
from hypothesis import strategies as st
from recordkit import commit, git, small_checkout

from dlrrc_core import repository
from dlrrc_core.problems import UsageError
from dlrrc_core.recording import crossref, papers, ratings, references

# Answer of api.crossref.org for 10.1016/j.aim.2017.04.017, shortened (as recorded in 2018 by the tests of a public client).
TORIC = {
    "volume": "313",
    "author": [
        {"given": "Filippo", "family": "Callegaro", "sequence": "first", "affiliation": []},
        {"given": "Emanuele", "family": "Delucchi", "sequence": "additional", "affiliation": []},
    ],
    "container-title": ["Advances in Mathematics"],
    "title": ["The integer cohomology algebra of toric arrangements"],
    "issued": {"date-parts": [[2017, 6]]},
    "subtitle": [],
    "type": "journal-article",
    "DOI": "10.1016/j.aim.2017.04.017",
}
ENTRY = r"""
@article{mueller2022,
  author = {M{\"u}ller, Hans and van der Berg, Anna Maria and WU, T. and others},
  title = {{Grading of {CT} images: 5\,\% \& more \$ under $\sigma^2$}},
  journal = {European Radiology}, volume = 31, number = {7}, pages = {5021--5031}, year = 2022,
  doi = {https://doi.org/10.1007/s00330-022-00000-0},
}
"""


class Service(BaseHTTPRequestHandler):
    """Crossref as the tests need it; what was asked is noted on the server."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        body: bytes = json.dumps({"status": "ok", "message": TORIC}).encode()
        if "missing" in self.path:
            self.send_error(404)
            return
        if "busy" in self.path:
            self.send_response(429)
            self.send_header("Retry-After", "7")
            self.end_headers()
            return
        if "odd" in self.path:
            body = b"<html>"
        self.send_response(200)
        self.end_headers()
        if "slow" in self.path:
            for _ in range(40):
                time.sleep(0.05)
                self.wfile.write(b" ")
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def service() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return small_checkout(tmp_path)


def keys(value: Any) -> Any:
    """Return the keys of nested mappings."""
    return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else None


def test_a_new_paper_has_every_key_of_the_schema_and_passes_the_check(small: Path) -> None:
    result = dlrrc("new", "smith2024", "--field", "rcc", "--title", "=A: 'b' #c", "--year", "2024", cwd=small)
    assert (result.returncode, result.stdout.strip()) == (0, "data/papers/smith2024/paper.yaml")
    record = repository.load(small).papers["smith2024"]
    assert (record.title, record.year, record.journal, record.authors) == ("=A: 'b' #c", 2024, None, ())
    assert record.evidence_level == papers.BARE
    written = yaml.safe_load((small / "data/papers/smith2024/paper.yaml").read_text(encoding="utf-8"))
    assert keys(written) == keys(record.model_dump(mode="json"))
    assert list(written) == list(type(record).model_fields)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("zuo2021", "--title", "T", "--year", "2024"), "data/papers/zuo2021 is there already"),
        (("wang2023", "--title", "T", "--year", "2024"), "'wang2023' is a key of book/references.bib"),
        (("../up", "--title", "T", "--year", "2024"), "the id of the paper is '../up'"),
        (("Smith 2024", "--title", "T", "--year", "2024"), "for instance 'smith-2024'"),
        (("smith2024", "--title", "T"), "say one of: --doi D, --bibtex FILE, or --title T with --year Y"),
        (("smith2024",), "say one of"),
        (("smith2024", "--doi", "10.1000/x", "--title", "T", "--year", "2024"), "say one of"),
        (("smith2024", "--title", "T", "--year", "24"), "year is 24"),
        (("smith2024", "--title", " ", "--year", "2024"), "title is ''"),
        (("smith2024", "--doi", "doi.org/x"), "'doi.org/x' is no DOI"),
        (("smith2024", "--doi", "https://doi.org/10.3389/FONC.2021.746750"), "data/papers/zuo2021 has the DOI"),
        (("smith2024", "--bibtex", "none.bib"), "none.bib cannot be read"),
    ],
)
def test_what_cannot_be_added_gives_one_message_and_changes_nothing(
    small: Path, words: tuple[str, ...], said: str
) -> None:
    before = tree_hash(small)
    result = dlrrc("new", *words, "--field", "rcc", cwd=small)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert tree_hash(small) == before


def test_an_unknown_field_names_the_fields(small: Path) -> None:
    result = dlrrc("new", "smith2024", "--field", "rc", "--title", "T", "--year", "2024", cwd=small)
    assert result.returncode == 2
    assert "unknown field 'rc'; allowed: brain-tumour-mri, rcc" in result.stderr


def test_from_bibtex(small: Path) -> None:
    (small / "one.bib").write_text(ENTRY, encoding="utf-8")
    result = dlrrc("new", "mueller2022", "--field", "rcc", "--bibtex", "one.bib", cwd=small)
    assert result.returncode == 0, result.stderr
    record = repository.load(small).papers["mueller2022"]
    assert record.title == "Grading of CT images: 5 % & more $ under $\\sigma^2$"
    assert record.authors == ("Hans Müller", "van der Berg AM", "Wu T")
    assert record.first_author == "Müller"
    assert not record.authors_complete
    assert (record.journal, record.volume, record.issue, record.pages) == ("European Radiology", "31", "7", "5021-5031")
    assert (record.year, record.doi) == (2022, "10.1007/s00330-022-00000-0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "@article{a, title={T}}\n@article{b, title={U}}",
            "2 entries (a, b); allowed: one entry, or one with the key 'x1'",
        ),
        ("nothing", "no entry"),
        ("@article{a, year=2020}", "has no title"),
        ("@article{a, title={T", "no BibTeX that can be read"),
        ("@article{a, title=undefined}", "no BibTeX that can be read"),
    ],
)
def test_bibtex_that_cannot_be_used(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"one\.bib") as caught:
        references.parse(text, "x1", "one.bib")
    assert said in str(caught.value)


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60))
def test_any_text_is_a_paper_or_one_message(text: str) -> None:
    try:
        references.parse("@article{a, title={" + text + "}}", "x1", "one.bib")
    except UsageError as error:
        assert "one.bib" in str(error)


def test_crossref_is_asked_once_politely_and_kept(small: Path, service: Any) -> None:
    api, asked = service
    facts = crossref.facts(small, "https://doi.org/10.1016/j.aim.2017.04.017", api)
    again = crossref.facts(small, "doi:10.1016/J.AIM.2017.04.017", api)
    assert [path for path, _ in asked] == ["/works/10.1016%2Fj.aim.2017.04.017"]
    agent = asked[0][1]["User-Agent"]
    assert agent.startswith("dlrrc/")
    assert "@" not in agent
    assert "mailto" not in agent
    assert facts["title"] == again["title"] == "The integer cohomology algebra of toric arrangements"
    assert facts["authors"] == ("Filippo Callegaro", "Emanuele Delucchi")
    assert (facts["journal"], facts["volume"], facts["year"], facts["published"]) == (
        "Advances in Mathematics", "313", 2017, None,
    )  # fmt: skip
    assert (facts["issue"], facts["pages"], facts["licence"], facts["notices"]) == (None, None, None, ())
    path = papers.new_paper(small, "callegaro2017", "rcc", facts)
    assert path.exists()
    assert repository.load(small).papers["callegaro2017"].sources[0].where.endswith("10.1016%2Fj.aim.2017.04.017")


@pytest.mark.parametrize(
    ("doi", "said"),
    [
        ("10.1000/missing", "Crossref does not know this DOI"),
        ("10.1000/busy", "status 429 (it asks to wait 7 seconds)"),
        ("10.1000/odd", "not what Crossref documents"),
        ("10.1000/slow", "did not answer within 0.5 seconds"),
    ],
)
def test_answers_that_cannot_be_used_are_one_message_and_are_not_kept(
    small: Path, service: Any, doi: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        crossref.facts(small, doi, service[0], seconds=0.5)
    assert said in str(caught.value)
    assert not list((small / crossref.CACHE).glob("*"))


def test_no_network_is_one_message(small: Path) -> None:
    with pytest.raises(UsageError) as caught:
        crossref.facts(small, "10.1000/x", "http://127.0.0.1:9", seconds=2)  # nothing listens on the discard port
    assert "Crossref cannot be reached" in str(caught.value)
    assert "--bibtex FILE" in str(caught.value)


def test_the_agent_names_the_project(tmp_path: Path) -> None:
    (tmp_path / "CITATION.cff").write_text("title: x\nrepository-code: 'https://example.org/review'\n")
    assert crossref.user_agent(tmp_path).endswith("(https://example.org/review)")


def test_markup_groups_preprints_and_notices() -> None:
    # forms seen in answers: markup and CDATA in titles, dates of null, group authors, updates named by Crossref
    facts = crossref.from_work(
        {
            "title": ["<![CDATA[<B>Grade &amp;\n <i>stage</i></B>]]>"],
            "author": [{"name": "The Kidney Group"}, {"family": "Mohammadi Sepahvand", "given": "Nazanin"}],
            "type": "posted-content",
            "institution": [{"name": "Research Square"}],
            "issued": {"date-parts": [[None]]},
            "published-online": {"date-parts": [[2021, 11, 18]]},
            "license": [{"content-version": "tdm", "URL": "https://a.org/tdm"}, {"content-version": "vor", "URL": "https://b.org"}],
            "updated-by": [{"DOI": "10.5555/n", "type": "correction", "label": "Correction"}],
        }
    )  # fmt: skip
    assert facts["title"] == "Grade & stage"
    assert facts["authors"] == ("The Kidney Group", "Mohammadi Sepahvand N")
    assert facts["journal"] == "Research Square preprint (not peer reviewed)"
    assert (facts["year"], str(facts["published"]), facts["licence"]) == (2021, "2021-11-18", "https://b.org")
    assert facts["notices"] == ("Crossref links a notice of the type 'correction': DOI 10.5555/n.",)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["family", "given", "name", "date-parts", "URL", "DOI"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.sampled_from(
    ["author", "issued", "published-online", "published-print", "container-title", "license", "updated-by", "institution", "type", "page", "subtitle"]
), json_values))  # fmt: skip
def test_any_shape_of_an_answer_gives_facts(work: dict[str, Any]) -> None:
    facts = crossref.from_work(work | {"title": ["T"]})
    assert facts["title"].startswith("T")


def test_two_people_add_papers_and_two_rate_one_and_all_merges(tmp_path: Path) -> None:
    root = small_checkout(tmp_path)
    git(root, "init", "-q", "-b", "main")
    commit(root, "Start")
    people = ("ada", "bob")
    for person in people:
        git(root, "checkout", "-q", "-b", person, "main")
        papers.new_paper(root, f"{person}2024", "rcc", {"title": f"Paper of {person}", "year": 2024})
        ratings.new_rating(root, "zuo2021", person, "human", name=person.title())
        commit(root, f"Paper and rating of {person}", who=person.title())
    git(root, "checkout", "-q", "main")
    for person in people:
        git(root, "merge", "-q", "--no-edit", person)
    assert git(root, "status", "--porcelain") == ""
    assert {"ada2024", "bob2024"} <= {path.name for path in (root / "data/papers").iterdir()}
    raters, problems = ratings.read_raters(root)
    assert (problems, raters["ada"].name, raters["bob"].name) == ([], "Ada", "Bob")
    for person in people:
        assert ratings.read_rating(root, "zuo2021", person).rater == person
