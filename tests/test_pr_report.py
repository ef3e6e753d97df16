"""The report of a change: right numbers, nothing active in it, no traceback for broken records."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from dlrrc_core import pr_comment, prreport
from dlrrc_core.commands.pull_requests import app
from dlrrc_core.pr_markdown import MAX_CHARACTERS, as_markdown, code, doi_link
from dlrrc_core.pr_sources import Side, side
from dlrrc_core.problems import UsageError

RATING = "data/papers/zuo2021/ratings/machine-a.yaml"
HOSTILE = (
    "![x](http://evil.example/p.png) [go](javascript:alert(1)) @maintainer <script>alert(1)</script> `code` | cell |\n"
    "# heading #12 GH-7 owner/repo#3 &#64;team &commat;team www.evil.example http://evil.example <!-- x --> [a]: http://b \u202e\u200b"
)


def two_checkouts(folder: Path, papers: tuple[str, ...]) -> tuple[Path, Path]:
    """Return two checkouts with the same records of some papers."""
    for name in ("base", "head"):
        chosen = shutil.ignore_patterns("papers", "audit") if papers else None
        shutil.copytree(ROOT / "data", folder / name / "data", ignore=chosen)
        for paper in papers:
            shutil.copytree(ROOT / "data/papers" / paper, folder / name / "data/papers" / paper)
        (folder / name / "book").mkdir()
        shutil.copy(ROOT / "book" / "references.bib", folder / name / "book")
        shutil.copy(ROOT / "_config.yml", folder / name)
    return folder / "base", folder / "head"


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Return two checkouts with three papers."""
    return two_checkouts(tmp_path, ("zuo2021", "xi2020", "li2025"))


@pytest.fixture
def whole(tmp_path: Path) -> tuple[Path, Path]:
    """Return two checkouts with all records."""
    return two_checkouts(tmp_path, ())


def report_of(base: Path, head: Path) -> dict[str, Any]:
    return prreport.compare(Side("base", base), Side("head", head))


def load(path: Path) -> Any:
    """Read YAML with a reader that knows nothing of this project."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def edit(path: Path, item: int, **answer: str | None) -> None:
    """Change an answer of a rating."""
    record = load(path)
    record["answers"][item] |= answer
    path.write_text(yaml.safe_dump(record, allow_unicode=True, sort_keys=False), encoding="utf-8")


def points_by_hand(root: Path, rating: Path) -> float:
    """Return the points of a complete rating by a sum over plain YAML."""
    checklist = load(root / "data/checklist/dlrrc-1.0.yaml")
    scale = {item["id"]: item["scale"] for part in checklist["parts"] for item in part["items"]}
    points = {
        name: {option["code"]: option["points"] for option in one["options"]}
        for name, one in checklist["scales"].items()
    }
    answers = load(rating)["answers"]
    return float(sum(points[scale[number]][answer["answer"]] for number, answer in answers.items()))


def means_by_hand(root: Path, field: str) -> dict[str, float]:
    """Return the mean points of each rater's papers in a field, and of the papers' means, from plain YAML."""
    by_rater: dict[str, list[float]] = {}
    by_paper: list[float] = []
    for folder in sorted((root / "data/papers").iterdir()):
        found = {path.stem: points_by_hand(root, path) for path in sorted(folder.glob("ratings/*.yaml"))}
        paper = load(folder / "paper.yaml")
        if field in (paper.get("fields") or []) and found:
            by_paper.append(statistics.fmean(found.values()))
            for rater, points in found.items():
                by_rater.setdefault(rater, []).append(points)
    return {
        **{rater: statistics.fmean(points) for rater, points in by_rater.items()},
        "mean": statistics.fmean(by_paper),
    }


def test_one_changed_answer_gives_total_answer_and_means(whole: tuple[Path, Path]) -> None:
    base, head = whole
    edit(head / RATING, 1, answer="no", evidence="No labels.", where="Methods")
    report = report_of(base, head)
    assert report["files"] == {RATING: "changed"}
    (rating,) = report["ratings"]
    assert (rating["paper"], rating["rater"], rating["status"]) == ("zuo2021", "machine-a", "changed")
    assert rating["before"]["points"] == points_by_hand(base, base / RATING)
    assert rating["after"]["points"] == points_by_hand(head, head / RATING) == rating["before"]["points"] - 2.5
    (change,) = rating["items"]
    assert [change[key] for key in ("item", "from", "to", "evidence")] == [1, "yes", "no", "No labels."]
    (field,) = report["fields"]
    assert field["field"] == "rcc"
    for where, root in (("before", base), ("after", head)):
        by_hand = means_by_hand(root, "rcc")
        groups = field[where]["groups"]
        assert groups.keys() == by_hand.keys()
        for name, mean in by_hand.items():  # sums of multiples of 2.5: worst difference seen 0
            assert groups[name]["mean"] == pytest.approx(mean, abs=1e-12)
        assert groups["mean"]["n"] == 8
    text = as_markdown(report)
    was, now = (means_by_hand(root, "rcc")["mean"] for root in whole)
    assert f"mean {was:.1f} → {now:.1f} points" in text
    assert "| `zuo2021` | `machine-a` | changed | 62.5 | 60.0 |" in text
    assert report["errors"] == 0
    assert report["strict"] == []
    assert pr_comment.refusal(text) is None


def test_an_open_item_gives_an_interval(sides: tuple[Path, Path]) -> None:
    edit(sides[1] / RATING, 1, answer="unclear")
    (rating,) = report_of(*sides)["ratings"]
    points = points_by_hand(sides[0], sides[0] / RATING)
    assert rating["after"] == {"points": None, "low": points - 2.5, "high": points, "open": 1}
    assert "60.0 to 62.5 (1 open item)" in as_markdown(report_of(*sides))


def test_nothing_changed_says_so(sides: tuple[Path, Path]) -> None:
    report = report_of(*sides)
    assert [report[key] for key in ("files", "papers", "ratings", "fields", "strict", "errors")] == [
        {},
        [],
        [],
        [],
        [],
        0,
    ]
    assert "No record is changed" in as_markdown(report)
    assert pr_comment.refusal(as_markdown(report)) is None


def test_reworded_evidence_is_no_changed_answer(sides: tuple[Path, Path]) -> None:
    edit(sides[1] / RATING, 3, evidence="In other words.")
    (rating,) = report_of(*sides)["ratings"]
    assert (rating["items"], rating["reworded"]) == ([], [3])


def test_missing_evidence_and_duplicate_are_found(sides: tuple[Path, Path]) -> None:
    base, head = sides
    edit(head / RATING, 1, evidence=None, where=None)
    shutil.copytree(head / "data/papers/zuo2021", head / "data/papers/twin2021")
    for path in (head / "data/papers/twin2021").rglob("*.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace(": zuo2021\n", ": twin2021\n"), encoding="utf-8")
    report = report_of(base, head)
    assert {(one["file"], one["rule"]) for one in report["evidence"]} >= {(RATING, "DLRRC-EVID-001")}
    # the later record in the alphabet carries the finding, although the other one is new
    assert ("data/papers/zuo2021/paper.yaml", "DLRRC-DOI-002") in {
        (one["file"], one["rule"]) for one in report["duplicates"]
    }
    assert report["errors"] >= 2
    (paper,) = report["papers"]
    assert (paper["paper"], paper["status"], paper["keys"]) == ("twin2021", "new", [])
    text = as_markdown(report)
    assert "[DOI](https://doi.org/10.3389/fonc.2021.746750)" in text
    assert pr_comment.refusal(text) is None


def test_findings_of_other_records_are_not_counted_against_the_change(sides: tuple[Path, Path]) -> None:
    for root in sides:
        edit(root / "data/papers/xi2020/ratings/machine-a.yaml", 1, answer="perhaps")
    edit(sides[1] / RATING, 1, answer="no")
    report = report_of(*sides)
    assert report["errors"] == 0
    assert "DLRRC-ITEM-003" in {one["rule"] for one in report["others"]}


def test_hostile_text_stays_inert(sides: tuple[Path, Path]) -> None:
    base, head = sides
    edit(head / RATING, 1, answer="no", evidence=HOSTILE, where=HOSTILE[:150])
    paper = head / "data/papers/zuo2021/paper.yaml"
    record = load(paper)
    record |= {"title": HOSTILE, "doi": "10.1234/x)(http://evil.example"}
    paper.write_text(yaml.safe_dump(record), encoding="utf-8")
    folder = head / "data/papers/a|b`c <img src=x> @all](http:"
    folder.mkdir()
    (folder / "paper.yaml").write_text("id: [\n", encoding="utf-8")
    text = as_markdown(report_of(base, head))
    assert_inert(text)
    assert "＠maintainer" in text  # it is shown, not hidden


def assert_inert(text: str) -> None:
    """Ask the gate, and another Markdown parser with everything switched on that GitHub has."""
    assert pr_comment.refusal(text) is None
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    inline = [child for token in tokens for child in token.children or []]
    assert not [one for one in [*tokens, *inline] if one.type in ("html_block", "html_inline", "image")]
    links = [one.attrs["href"] for one in inline if one.type == "link_open"]
    assert all(str(link).startswith("https://doi.org/10.") for link in links)
    outside = "".join(child.content for child in inline if child.type == "text")
    assert "evil" not in outside
    assert "maintainer" not in outside
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert {line.count("|") for line in rows} <= {5, 6}  # no cell broke out of its column


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text(alphabet="`|<>@&#[]()!:/.wWgGhH-1*_~\\\n\r\t \u202e\u00a0"))
def test_a_code_span_holds_every_text(text: str) -> None:
    span = f"before {code(text, 40)} after"
    assert pr_comment.refusal(span) is None
    (paragraph,) = [token for token in MarkdownIt("commonmark").parse(span) if token.type == "inline"]
    assert [child.type for child in paragraph.children or []] == ["text", "code_inline", "text"]


@pytest.mark.parametrize(
    "text",
    [
        "<b>",
        "@somebody",
        "&#64;somebody",
        "&commat;x",
        "[x](http://evil.example)",
        "[DOI](https://doi.org.evil.example/10.1234/x)",
        "[free money](https://doi.org/10.1234/x)",
        "[DOI](https://doi.org/10.1234/x)](http://evil.example)",
        "[x][y]",
        "[y]: //evil.example",
        "https://evil.example",
        "WWW.evil.example",
        "owner/repo#12",
        "gh-12",
        "a\u202eb",
        "a\x00b",
        " ",
        "x" * 60_001,
    ],
)
def test_the_gate_refuses(text: str) -> None:
    assert pr_comment.refusal(text) is not None
    posted, reason = pr_comment.body(text.encode())
    assert reason
    assert text.strip() == "" or text not in posted
    assert posted.startswith(pr_comment.MARK)


def test_the_gate_runs_alone_and_takes_any_bytes(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("## What this change does\n\n`x` → 1, [DOI](https://doi.org/10.1234/x)\n", encoding="utf-8")
    bad.write_bytes(b"\xff\xfe@everybody")
    shown = []
    for path in (good, bad):
        command = ["python3", "-I", "-S", str(ROOT / "dlrrc_core/pr_comment.py"), str(path)]
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, check=True)
        shown.append(done.stdout.decode("utf-8"))
    assert "`x` → 1, [DOI](https://doi.org/10.1234/x)" in shown[0]
    assert pr_comment.REFUSED in shown[1]
    assert "everybody" not in shown[1]


def test_the_report_has_an_end(sides: tuple[Path, Path]) -> None:
    base, head = sides
    for path in sorted(head.glob("data/papers/*/ratings/*.yaml")):
        rating = load(path)
        for number, answer in rating["answers"].items():
            answer["answer"] = "unclear" if number % 2 else "not-applicable"
        path.write_text(yaml.safe_dump(rating, allow_unicode=True), encoding="utf-8")
    report = report_of(base, head)
    changed = sum(len(rating["items"]) for rating in report["ratings"])
    assert changed > 150
    text = as_markdown(report)
    assert f"and {changed - 40} more." in text
    assert pr_comment.refusal(text) is None
    finding = {
        "rule": "R",
        "severity": "error",
        "file": "f" * 150,
        "line": 1,
        "message": "m" * 400,
        "allowed": "a" * 400,
    }
    longest = as_markdown(
        report
        | {name: [finding] * 100 for name in ("evidence", "duplicates")}
        | {"strict": [{**finding, "line": i} for i in range(2, 99)]}
    )
    assert 55_000 < len(longest) <= MAX_CHARACTERS
    assert longest.endswith("The rest is cut; run `dlrrc pr-report` for all of it.\n")
    assert pr_comment.refusal(longest) is None


@pytest.mark.parametrize(
    "content",
    [b"answers: [\n", b"\xff\xfe", b"", b"a: &a [*a]\n", b"paper: zuo2021\nanswers:\n  1: {answer: no}\n"],
)
def test_a_broken_rating_gives_findings(sides: tuple[Path, Path], content: bytes) -> None:
    (sides[1] / RATING).write_bytes(content)
    report = report_of(*sides)
    assert report["errors"] > 0
    assert RATING in {one["file"] for one in report["strict"]}
    (rating,) = report["ratings"]
    assert (rating["status"], rating["after"]) == ("cannot be read", None)
    (field,) = report["fields"]  # the statistics are those of the ratings that can be read
    assert [field[where]["groups"]["machine-a"]["n"] for where in ("before", "after")] == [3, 2]


@pytest.mark.parametrize("file", ["data/checklist/dlrrc-1.0.yaml", "data/raters.yaml", "data/journals.csv"])
def test_a_broken_file_for_all_records_gives_findings(sides: tuple[Path, Path], file: str) -> None:
    (sides[1] / file).write_text("x: [", encoding="utf-8")
    report = report_of(*sides)
    assert report["errors"] > 0
    assert pr_comment.refusal(as_markdown(report)) is None


def test_a_journal_that_stands_twice_gives_a_finding(sides: tuple[Path, Path]) -> None:
    path = sides[1] / "data/journals.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    journal = load(sides[1] / "data/papers/zuo2021/paper.yaml")["journal"]
    twice = next(line for line in lines if line.startswith(journal))
    path.write_text("\n".join([*lines, twice, ""]), encoding="utf-8")
    assert "DLRRC-JOUR-003" in {one["rule"] for one in report_of(*sides)["strict"]}


def test_links_are_never_followed(sides: tuple[Path, Path], tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("secret: 12345\n", encoding="utf-8")
    (sides[1] / RATING).unlink()
    (sides[1] / RATING).symlink_to(secret)
    report = report_of(*sides)
    assert report["errors"] > 0
    assert "12345" not in json.dumps(report)


def git(root: Path, *words: str) -> None:
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *names, "-C", str(root), *words], check=True, capture_output=True)


def test_revisions_of_git_and_their_attributes(sides: tuple[Path, Path]) -> None:
    _, root = sides
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "before")
    edit(root / RATING, 1, answer="no")
    (root / ".gitattributes").write_text("data/** export-ignore\n", encoding="utf-8")  # would hide it from git archive
    (root / "data/papers/zuo2021/ratings/link.yaml").symlink_to("/etc/passwd")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "after")
    report = prreport.pr_report("HEAD^1", "main", root)
    assert [rating["after"] and rating["after"]["points"] for rating in report["ratings"]] == [60.0]
    assert ("data/papers/zuo2021/ratings/link.yaml", "DLRRC-FILE-002") in {
        (one["file"], one["rule"]) for one in report["strict"]
    }
    (root / "data/papers/zuo2021/ratings/link.yaml").unlink()
    with side("HEAD", root) as committed:
        assert prreport.changed_files(committed.root, root) == {}


@pytest.mark.parametrize("name", ["--upload-pack=x", "no-such-branch", "a b", "", "-h", "HEAD:data", "/nowhere"])
def test_what_is_no_revision_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="neither a folder nor a"), side(name, ROOT):
        pass


@pytest.mark.parametrize(
    ("doi", "link"),
    [
        (None, ""),
        ("10.1/x", ""),
        ("10.1234/a(b)c", "[DOI](https://doi.org/10.1234/a%28b%29c)"),
        ("10.1234/x)(y", "[DOI](https://doi.org/10.1234/x%29%28y)"),
    ],
)
def test_doi_links(doi: str | None, link: str) -> None:
    assert doi_link(doi) == link


def test_the_command(sides: tuple[Path, Path], tmp_path: Path) -> None:
    base, head = sides
    run = CliRunner()
    same = run.invoke(app, ["pr-report", str(base), str(head)])
    assert (same.exit_code, "No record is changed" in same.stdout) == (0, True)
    (head / RATING).write_text("answers: [\n", encoding="utf-8")
    broken = run.invoke(app, ["pr-report", str(base), str(head), "--output", str(tmp_path / "out")])
    assert broken.exit_code == 1
    assert json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["errors"] > 0
    assert (tmp_path / "out/report.md").read_text(encoding="utf-8").startswith("## What this change does")
    assert run.invoke(app, ["pr-report", "no-such-branch", str(head)]).exit_code == 2
