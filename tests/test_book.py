"""`jb build .` on a fresh checkout makes the book; an edited answer reaches the built page and re-runs only what reads it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
JB = Path(sys.executable).with_name("jb")
COPIED = ("_config.yml", "_toc.yml", "book", "data", "notebooks")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what the book is made from, without any computed page, built once."""
    root = tmp_path_factory.mktemp("checkout")
    made = (
        shutil.ignore_patterns("*.ipynb", "fields")
        if (ROOT / "book/fields").exists()
        else shutil.ignore_patterns("*.ipynb")
    )
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=made if name == "book" else None)
        else:
            shutil.copy(source, root / name)
    build(root)
    return root


def build(root: Path) -> str:
    """Run the book's build and return what it printed."""
    result = subprocess.run([JB, "build", ".", "-q"], cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def mean_of(root: Path, field: str) -> str:
    """Return the mean score on the built overview page of a field."""
    html = (root / f"_build/html/book/fields/{field}/overview.html").read_text(encoding="utf-8")
    found = re.search(r'data-stat="groups\.mean\.total\.mean"[^>]*>([^<]+)<', html)
    assert found
    return found[1]


def times(root: Path) -> dict[str, int]:
    """Return when each computed page was written."""
    state = json.loads((root / "_build/dlrrc/pages.json").read_text(encoding="utf-8"))
    return {page: (root / page).stat().st_mtime_ns for page in state}


@pytest.mark.slow
def test_plain_build_makes_every_page(checkout: Path) -> None:
    assert len(list((checkout / "_build/html/book/papers").glob("*.html"))) == len(
        list((ROOT / "data/papers").glob("*/paper.yaml"))
    )
    assert (checkout / "_build/html/index.html").is_file()
    assert (checkout / "_build/html/_static/plotly.min.js").is_file()


@pytest.mark.slow
def test_quiet_output_has_no_progress_bar(checkout: Path) -> None:
    assert "page/s" not in build(checkout)


@pytest.mark.slow
def test_edited_answer_changes_the_page_and_leaves_the_other_field_alone(checkout: Path) -> None:
    before, kept = times(checkout), {field: mean_of(checkout, field) for field in ("rcc", "brain-tumour-mri")}
    rating = checkout / "data/papers/zuo2021/ratings/machine-a.yaml"
    original = rating.read_text(encoding="utf-8")
    changed = original.replace("answer: 'no'", "answer: 'yes'", 1)
    assert changed != original
    rating.write_text(changed, encoding="utf-8")
    try:
        build(checkout)
        assert mean_of(checkout, "rcc") != kept["rcc"]
        assert mean_of(checkout, "brain-tumour-mri") == kept["brain-tumour-mri"]
        written = {page for page, when in times(checkout).items() if when != before[page]}
        assert "book/fields/rcc/overview.ipynb" in written
        assert not [
            page for page in written if "brain-tumour-mri" in page or "checklist" in page or "crosswalk" in page
        ]
    finally:
        rating.write_text(original, encoding="utf-8")


@pytest.mark.slow
def test_broken_record_stops_the_build_with_its_place_and_keeps_the_last_book(checkout: Path) -> None:
    rating = checkout / "data/papers/zuo2021/ratings/machine-a.yaml"
    original, page = rating.read_text(encoding="utf-8"), checkout / "_build/html/book/fields/rcc/overview.html"
    last_good = page.read_bytes()
    rating.write_text(original.replace("answer: 'no'", "answer: No", 1), encoding="utf-8")
    try:
        result = subprocess.run([JB, "build", ".", "-q"], cwd=checkout, capture_output=True, text=True, check=False)
        assert result.returncode != 0
        assert re.search(
            r"zuo2021/ratings/machine-a\.yaml:\d+:\d+: answers\.\d+\.answer is No without quotes",
            result.stdout + result.stderr,
        )
        assert page.read_bytes() == last_good
    finally:
        rating.write_text(original, encoding="utf-8")


@pytest.mark.slow
def test_chapter_missing_from_the_table_of_contents_stops_the_build(checkout: Path) -> None:
    toc = checkout / "_toc.yml"
    original = toc.read_text(encoding="utf-8")
    toc.write_text(original.replace("      - file: book/compare\n", ""), encoding="utf-8")
    try:
        result = subprocess.run([JB, "build", ".", "-q"], cwd=checkout, capture_output=True, text=True, check=False)
        assert result.returncode != 0
        assert "book/compare" in result.stdout + result.stderr
    finally:
        toc.write_text(original, encoding="utf-8")


@pytest.mark.slow
def test_hostile_title_stays_text_on_every_built_page(checkout: Path) -> None:
    paper = checkout / "data/papers/hostile/paper.yaml"
    record = (ROOT / "data/papers/zuo2021/paper.yaml").read_text(encoding="utf-8")
    title = """'<script>alert(1)</script> "><img src=x onerror=alert(1)> {raw}`x` [y](javascript:alert(1))'"""
    record = re.sub(r"^title:.*\n(?:  .*\n)*", f"title: {title}\n", record, count=1, flags=re.MULTILINE)
    paper.parent.mkdir()
    paper.write_text(record.replace("id: zuo2021", "id: hostile", 1), encoding="utf-8")
    try:
        build(checkout)
        pages = {path: path.read_text(encoding="utf-8") for path in (checkout / "_build/html").rglob("*.html")}
        assert sum("&lt;script&gt;alert(1)" in html for html in pages.values()) >= 2
        index = (checkout / "_build/html/searchindex.js").read_text(encoding="utf-8")
        for name, html in [*pages.items(), ("search index", index)]:
            assert "<script>alert(1)" not in html, name
            assert "<img src=x" not in html, name
            assert 'href="javascript:' not in html, name
    finally:
        shutil.rmtree(paper.parent)
