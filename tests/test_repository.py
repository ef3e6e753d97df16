"""Records as a whole: selection, raters, consensus, journals, fields; broken ones beyond those of test_bad_input."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from conftest import ROOT, tree_hash

from dlrrc_core import repository
from dlrrc_core.problems import DataError, UsageError
from dlrrc_core.repository import Repository

ZUO = "data/papers/zuo2021"
RATING = f"{ZUO}/ratings/machine-a.yaml"


def edit(root: Path, file: str, old: str, new: str) -> None:
    """Replace the first place of a text in a file."""
    text = (root / file).read_text(encoding="utf-8")
    assert old in text, f"{file} does not hold {old!r}"
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(root: Path) -> list[str]:
    """Return the messages for a broken checkout, and prove that reading changed nothing."""
    before = tree_hash(root)
    with pytest.raises(DataError) as caught:
        repository.load(root)
    assert tree_hash(root) == before
    return str(caught.value).splitlines()


def test_selection(repo: Repository) -> None:
    everything = repo.select()
    assert everything == sorted(path.parent.name for path in (ROOT / "data/papers").glob("*/paper.yaml"))
    by_field = [set(repo.select(field=field)) for field in repo.fields]
    practice = {paper for paper, record in repo.papers.items() if record.practice}
    assert set.union(*by_field, practice) == set(everything)
    assert not practice & set.union(*by_field)
    assert repo.select(paper="zuo2021") == repo.select("rcc", "zuo2021") == ["zuo2021"]
    assert repo.select("brain-tumour-mri", "zuo2021") == []
    for wrong in ({"field": "RCC"}, {"paper": "zuo2020"}):
        with pytest.raises(UsageError, match="did you mean"):
            repo.select(**wrong)


def test_percentile_of_a_journal(repo: Repository) -> None:
    # data/journals.csv: Frontiers in Oncology carries the paper by Zuo et al. (2021)
    assert repo.papers["zuo2021"].journal in repo.journals.index
    assert repo.journal_percentile("zuo2021") == float(repo.journals.loc[repo.papers["zuo2021"].journal, "percentile"])
    unknown = [paper for paper, record in repo.papers.items() if record.journal not in repo.journals.index]
    assert all(math.isnan(repo.journal_percentile(paper)) for paper in unknown)
    known = repo.journals["percentile"].dropna()
    assert known.between(0, 100).all()


def test_percentile_is_the_one_that_its_rank_implies(repo: Repository) -> None:
    # Clarivate: percentile = 100 (N - R + 0.5) / N, printed with two decimals
    rows = repo.journals[(repo.journals["rank"] != "") & repo.journals["metric"].str.startswith("JIF")]
    assert len(rows) > 0
    implied = 100 * (rows["of"].astype(int) - rows["rank"].astype(int) + 0.5) / rows["of"].astype(int)
    assert (rows["percentile"] - implied).abs().max() < 0.06


def test_fields_with_a_printed_review_come_first(repo: Repository) -> None:
    assert list(repo.fields) == ["rcc", "brain-tumour-mri"]
    assert list(repo.published) == ["rcc"]


def test_consensus_is_a_rating_of_its_own_kind(checkout: Path) -> None:
    text = (
        (checkout / RATING)
        .read_text(encoding="utf-8")
        .replace("kind: machine", "kind: consensus")
        .replace("rater: machine-a", "rater: consensus")
    )
    (checkout / ZUO / "consensus.yaml").write_text(text, encoding="utf-8")
    kinds = {rating.kind for rating in repository.load(checkout).ratings_of["zuo2021"]}
    assert kinds == {"machine", "consensus"}
    edit(checkout, f"{ZUO}/consensus.yaml", "kind: consensus", "kind: machine")
    assert any(
        f"{ZUO}/consensus.yaml:3:7: kind is 'machine'; allowed: 'consensus' in consensus.yaml, and only there" in line
        for line in problems(checkout)
    )


def test_rater_who_is_not_listed(checkout: Path) -> None:
    text = (
        (checkout / RATING)
        .read_text(encoding="utf-8")
        .replace("rater: machine-a", "rater: nobody-yet")
        .replace("kind: machine", "kind: human")
    )
    (checkout / ZUO / "ratings/nobody-yet.yaml").write_text(text, encoding="utf-8")
    (message,) = problems(checkout)
    assert message.startswith(
        f"{ZUO}/ratings/nobody-yet.yaml:2:8: the rater 'nobody-yet'; allowed: one of machine-a, machine-b"
    )
    assert message.endswith("; add data/raters/<id>.yaml, or start with `dlrrc new-rating`")
    edit(checkout, "data/raters.yaml", "raters:\n", "raters:\n  nobody-yet:\n    name: Ann\n    kind: human\n")
    raters = [rating.rater for rating in repository.load(checkout).ratings_of["zuo2021"]]
    assert {"machine-a", "machine-b", "nobody-yet"} <= set(raters)


def test_number_without_quotes_names_item_and_line(checkout: Path) -> None:
    # an unquoted No at item 16; its line is counted here, not by the reader
    lines = (checkout / RATING).read_text(encoding="utf-8").splitlines()
    at = lines.index("  16:") + 1
    lines[at] = "    answer: No"
    (checkout / RATING).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert problems(checkout) == [
        f"{RATING}:{at + 1}:13: answers.16.answer is No without quotes, which YAML reads as false; allowed: text; write 'no' in quotes"
    ]


# file, text to replace, replacement, words of the message
BROKEN = [
    (RATING, "date: null", "date: 2026-02-30", "date is '2026-02-30'"),
    (RATING, "date: null", "date: 30.06.2026", "date is '30.06.2026'"),
    (
        RATING,
        "read: full text",
        "read: everything",
        "read is 'everything'; allowed: 'full text', 'full text and code' or 'abstract'",
    ),
    (RATING, "confidence: high", "confidence: sure", "confidence is 'sure'; allowed: 'high', 'medium' or 'low'"),
    (RATING, "blinded: true", "blinded: 'true'", "blinded is 'true'"),
    (RATING, "  31:\n", "  x31:\n", "answers.x31"),
    (RATING, "answers:\n", "answers: []\nanswer_list:\n", "answers is a list"),
    (f"{ZUO}/paper.yaml", "url: https://", "url: javascript://", "url is 'javascript://"),
    (f"{ZUO}/paper.yaml", "url: https://", "url: https:// ", "url is 'https:// "),
    (
        f"{ZUO}/paper.yaml",
        "n_patients: null",
        "n_patients: -1",
        "study.n_patients is -1; allowed: Input should be greater than or equal to 0",
    ),
    (f"{ZUO}/paper.yaml", "n_patients: null", "n_patients: about 40", "study.n_patients is 'about 40'"),
    (f"{ZUO}/paper.yaml", "title: ", "title: ''\nold_title: ", "title is ''"),
    (f"{ZUO}/paper.yaml", "authors:\n", "authors: Zuo\nothers:\n", "authors is 'Zuo'"),
    (
        "data/raters.yaml",
        "kind: machine",
        "kind: oracle",
        "raters.machine-a.kind is 'oracle'; allowed: 'human' or 'machine'",
    ),
    ("data/fields/rcc/field.yaml", "id: rcc", "id: kidney", "id is 'kidney'; allowed: 'rcc' (the folder's name)"),
    (
        "data/fields/rcc/published.yaml",
        "percent: '4.5'",
        "percent: 4.5",
        "items.0.percent is the number 4.5; allowed: text; write '4.5' in quotes",
    ),
    ("data/fields/rcc/published.yaml", "percent: '4.5'", "percent: 4,5", "items.0.percent is '4,5'"),
    ("data/fields/rcc/published.yaml", "x: year", "x: years", "is 'years'; allowed: 'journal percentile' or 'year'"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"), BROKEN, ids=[f"{i}-{new.strip()[:25]}" for i, (_, _, new, _) in enumerate(BROKEN)]
)
def test_broken_records(small: Path, file: str, old: str, new: str, words: str) -> None:
    edit(small, file, old, new)
    found = problems(small)
    assert any(words in message for message in found), found
    assert any(message.startswith(f"{file}:") for message in found), found


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a checkout with one paper: quicker to copy and to read."""
    for name in ("checklist", "fields"):
        shutil.copytree(ROOT / "data" / name, tmp_path / "data" / name)
    shutil.copytree(ROOT / ZUO, tmp_path / ZUO)
    for name in ("raters.yaml", "journals.csv"):
        shutil.copy(ROOT / "data" / name, tmp_path / "data" / name)
    return tmp_path


def test_missing_files_are_named(small: Path) -> None:
    for file in (f"{ZUO}/paper.yaml", "data/raters.yaml", "data/journals.csv"):
        (small / file).unlink()
        assert any(message.startswith(f"{file}: cannot be read") for message in problems(small)), file
    (small / "data/checklist/dlrrc-1.0.yaml").unlink()
    assert problems(small)[0].startswith("data/checklist/dlrrc-1.0.yaml: cannot be read")


def test_folder_with_a_name_that_is_no_id(small: Path) -> None:
    (small / ZUO).rename(small / "data/papers/Zuo 2021")
    found = problems(small)
    assert any(
        "data/papers/Zuo 2021/paper.yaml:" in message and "'Zuo 2021' (the folder's name)" in message
        for message in found
    )
