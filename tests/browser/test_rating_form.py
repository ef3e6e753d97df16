"""The rating form in a real browser: filled, reloaded, taken away, brought back and compared.

Expected scores come from :func:`dlrrc_core.scoring.score`, which its own tests check against printed tables; the script counts by itself.
Files are read back by the library's strict readers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from book_site import HTML, MODES, new_context
from playwright.sync_api import Browser, Page

from dlrrc_core import record_checks, repository, strict_yaml
from dlrrc_core.checklist import SPECIAL_CODES
from dlrrc_core.recording import workbook_read
from dlrrc_core.records import Answer, Rating
from dlrrc_core.scoring import score

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
REPO = repository.load(ROOT)
LIST = REPO.checklist
PAGE = "book/rating-form.html"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
SETS = 1000
BATCH = 250
HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "javascript:window.hacked=1",
    "=HYPERLINK(\"http://example.org\"; 'x')",
)
TEXTS = (
    *HOSTILE,
    "null",
    "no",
    "2.1",
    "1:30",
    "it's 'quoted' and \"quoted\"",
    "# no comment: a [list], {x: y}",
    "two\nlines\n\nand a third",
    "back\\slash and tab\tinside",
    "≤4 cm, „Fuhrman“, σ², \U0001f9e0",
    "- a dash",
    "a: b",
    "\u00a0hard\u00a0space\u00a0inside".strip(),
    "x" * 300,
)


def codes(number: int) -> list[str]:
    """Return every answer code of an item."""
    return [*LIST.units[number], *SPECIAL_CODES]


def random_rating(seed: int, complete: bool = False) -> dict[str, Any]:
    """Return a rating as the scripts hold it, with texts that are hard to write."""
    rng = random.Random(seed)
    text = lambda: rng.choice([None, *TEXTS])  # noqa: E731
    answers = {
        str(n): {
            "answer": rng.choice(codes(n) if complete else [None, *codes(n)]),
            "evidence": text(),
            "where": text(),
            "confidence": rng.choice([None, "high", "medium", "low"]),
        }
        for n in LIST.items
    }
    return {
        "paper": "singla2022",
        "rater": "reader-1",
        "kind": rng.choice(["human", "machine"]),
        "checklist": LIST.id,
        "paper_version": text(),
        "read": rng.choice(["full text", "full text and code", "abstract"]),
        "blinded": rng.choice([True, False]),
        "date": rng.choice([None, "2024-02-29"]),
        "conflict_of_interest": text(),
        "answers": answers,
    }


def as_record(rating: dict[str, Any]) -> Rating:
    """Return what the library should read from the file of a rating."""
    done = all(answer["answer"] is not None for answer in rating["answers"].values())
    return Rating.model_validate_json(json.dumps({**rating, "status": "complete" if done else "draft"}))


@pytest.fixture
def form(chromium: Browser, site: str) -> Iterator[Page]:
    """Open the page in light colours; it must stay silent."""
    context = new_context(chromium, "light", accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site + PAGE)
    yield page
    assert errors == []
    context.close()


def begin(page: Page, paper: str = "singla2022", rater: str = "reader-1") -> None:
    """Choose paper and rater."""
    page.get_by_label("Paper", exact=True).select_option(paper)
    page.get_by_label("Your id as a rater").fill(rater)
    page.get_by_role("button", name="Start or go on").click()


def fill_head(page: Page) -> None:
    """Fill in what every record has to say."""
    page.get_by_label("Who rates").select_option("human")
    page.get_by_label("What is read").select_option("full text")
    page.get_by_label("Did you see another rating").select_option("no")
    page.get_by_label("Version of the paper").fill("publisher PDF")
    page.get_by_label("Conflicts of interest").fill("none")
    page.get_by_label("Day on which").fill("2024-01-31")


def choose(page: Page, number: int, code: str) -> None:
    """Choose an answer."""
    page.locator(f'#dlrrc-rate-{number} input[value="{code}"]').check()


def download(page: Page, name: str, folder: Path) -> Path:
    """Press a button and return the file that comes."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def read_yaml(path: Path) -> Rating:
    """Read a rating with the library, and check it as `dlrrc check` does."""
    document = strict_yaml.load(path, path.parent)
    rating = strict_yaml.validate(document, Rating)
    place = ROOT / "data/papers" / rating.paper / "ratings" / f"{rating.rater}.yaml"
    assert record_checks.rating_problems(rating, document, place, LIST, None) == []
    return rating


def test_totals_intervals_and_parts_of_a_thousand_random_answer_sets(form: Page) -> None:
    rng = random.Random(31)
    sets = []
    for i in range(SETS):
        share = rng.choice([0, 0, 0.05, 0.3, 1]) if i > 1 else 1
        special = (
            [None, *SPECIAL_CODES] if i > 1 else [("not-applicable", None)[i]]
        )  # nothing applies; nothing answered
        sets.append({n: rng.choice(special if rng.random() < share else list(LIST.units[n])) for n in LIST.items})
    keys = [key for key in asdict(score({}, LIST)) if key != "interval"]
    wrong = []
    worst, whole = 0.0, 0
    for start in range(0, SETS, BATCH):
        batch = sets[start : start + BATCH]
        shown = form.evaluate(
            "sets => sets.map(window.dlrrcRating.score)", [{str(n): a for n, a in s.items()} for s in batch]
        )
        for answers, found in zip(batch, shown, strict=True):
            expected = asdict(score(answers, LIST))
            whole += expected["points"] is not None
            wrong += [
                f"{answers}: {key} {found[key]}, library {expected[key]}" for key in keys if found[key] != expected[key]
            ]
            worst = max(worst, *(abs(a - b) for a, b in zip(found["interval"], expected["interval"], strict=True)))
    assert wrong == [], "\n".join(wrong[:5])
    assert worst == 0  # both divide whole numbers in double precision
    assert 100 < whole < SETS - 100  # complete and open ones


def test_written_yaml_says_the_same_to_the_library_and_to_the_form(form: Page, tmp_path: Path) -> None:
    ratings = [random_rating(seed, complete=seed % 2 == 0) for seed in range(40)]
    texts = form.evaluate("all => all.map(window.dlrrcRating.write)", ratings)
    again = form.evaluate("all => all.map(window.dlrrcRating.read)", texts)
    for rating, text, back in zip(ratings, texts, again, strict=True):
        (tmp_path / "reader-1.yaml").write_text(text, encoding="utf-8")
        assert read_yaml(tmp_path / "reader-1.yaml") == as_record(rating)
        assert back == rating


def test_every_stored_rating_is_read_as_the_library_reads_it(form: Page) -> None:
    ratings = [rating for rating in REPO.ratings if rating.kind != "consensus"]
    paths = [ROOT / "data/papers" / rating.paper / "ratings" / f"{rating.rater}.yaml" for rating in ratings]
    found = form.evaluate(
        "texts => texts.map(window.dlrrcRating.read)", [path.read_text(encoding="utf-8") for path in paths]
    )
    assert len(found) > 50
    for rating, back in zip(ratings, found, strict=True):
        assert {**back, "status": rating.status} == json.loads(rating.model_dump_json())


BAD = {
    "an anchor": ("paper: singla2022", "paper: &a singla2022"),
    "a tag": ("rater: reader-1", "rater: !!str reader-1"),
    "a list": ("read: full text", "read: [full text]"),
    "a block": ("paper_version: null", "paper_version: >-\n  text"),
    "an unknown key": ("kind: human", "kind: human\nextra: 1"),
    "a key twice": ("kind: human", "kind: human\nkind: machine"),
    "an item twice": ("  2:\n", "  1:\n"),
    "an item too many": ("  31:\n", "  32:\n"),
    "an unknown answer": ("answer: 'yes'", "answer: 'maybe'"),
    "a logical answer": ("answer: 'yes'", "answer: yes"),
    "a number as text": ("where: null", "where: 2.1"),
    "a tab": ("  1:", "\t1:"),
    "a second document": ("answers:", "---\nanswers:"),
    "another checklist": ("dlrrc-1.0", "dlrrc-9.9"),
    "no such day": ("date: null", "date: '2023-02-29'"),
    "an id that is a path": ("paper: singla2022", "paper: '../../etc'"),
    "a prototype": ("kind: human", "kind: human\n__proto__: x"),
    "an open quote": ("date: null", "date: 'never closed"),
    "a consensus": ("kind: human", "kind: consensus"),
    "wrong indent": ("  1:", "   1:"),
}


@pytest.mark.parametrize("what", list(BAD))
def test_anything_else_is_refused_with_a_message(form: Page, what: str) -> None:
    rating = random_rating(0) | {"kind": "human", "date": None, "paper_version": None, "read": "full text"}
    for answer in rating["answers"].values():
        answer.update(answer=None, evidence=None, where=None)
    rating["answers"]["1"]["answer"] = "yes"
    old, new = BAD[what]
    text = form.evaluate("window.dlrrcRating.write", rating)
    assert old in text
    message = form.evaluate(
        "text => { try { window.dlrrcRating.read(text); return null } catch (e) { return e.constructor.name + ': ' + e.message } }",
        text.replace(old, new, 1),
    )
    assert message is not None
    assert message.startswith("RatingError: ")
    assert "allowed: " in message


def test_workbooks_are_read_by_the_library(form: Page, tmp_path: Path) -> None:
    for seed in range(12):
        rating = random_rating(seed)
        content = form.evaluate("rating => Array.from(window.dlrrcRating.workbook(rating))", rating)
        path = tmp_path / "a.xlsx"
        path.write_bytes(bytes(content))
        found, ours = workbook_read.answers(path, LIST)
        assert ours
        assert found == as_record(rating).answers


def test_fill_reload_resume_export_import_compare(form: Page, tmp_path: Path) -> None:
    begin(form)
    assert form.locator("#dlrrc-rating input[type=radio]:checked").count() == 0
    assert not form.locator(".dlrrc-rate-panel").is_visible()
    assert form.locator(".dlrrc-rate-points:visible").count() == 0
    fill_head(form)
    expected: dict[int, Answer] = {}
    for number in range(1, 11):
        code = codes(number)[number % len(codes(number))]
        choose(form, number, code)
        item = form.locator(f"#dlrrc-rate-{number}")
        item.get_by_label("Evidence").fill(TEXTS[number % 4])
        item.get_by_label("Place").fill("p. 4")
        item.get_by_label("Confidence").select_option("medium")
        expected[number] = Answer(answer=code, evidence=TEXTS[number % 4], where="p. 4", confidence="medium")
    form.reload()
    assert "Your draft is back." in form.locator("#dlrrc-rating").inner_text()
    assert "10 of 31 answered" in form.locator(".dlrrc-rate-bar").inner_text()
    assert form.get_by_role("button", name="Compare with the stored ratings").is_disabled()
    assert "Machine rater" not in form.locator("#dlrrc-rating").inner_text()
    draft = read_yaml(download(form, "Download the rating (YAML)", tmp_path))
    assert (draft.status, draft.blinded, str(draft.date)) == ("draft", True, "2024-01-31")
    assert {n: draft.answers[n] for n in expected} == expected
    for number in range(11, 32):
        choose(form, number, codes(number)[0])
    path = download(form, "Download the rating (YAML)", tmp_path)
    complete = read_yaml(path)
    assert complete.status == "complete"
    found, _ = workbook_read.answers(download(form, "Download the workbook", tmp_path), LIST)
    assert found == complete.answers
    form.get_by_label("Show points").check()
    low, high = score({n: a.answer for n, a in complete.answers.items()}, LIST).interval
    shown = form.locator(".dlrrc-rate-bar strong").inner_text()
    assert [float(word) for word in shown.removesuffix(" of 100 points").split(" to ")] == pytest.approx(
        sorted({low, high}), abs=0.005
    )  # two places are shown
    form.get_by_role("button", name="Compare with the stored ratings").click()
    rows = form.locator(".dlrrc-rating table.dlrrc tbody tr")
    assert rows.count() == 31
    stored = REPO.ratings_of["singla2022"]
    for number, row in enumerate(rows.all(), start=1):
        own = complete.answers[number].answer
        same = sum(rating.answers[number].answer == own for rating in stored)
        cells = row.locator("td").all_inner_texts()
        assert cells[0].split("\n")[0] == LIST.label(number, own)
        assert [text.split("\n")[0] for text in cells[1:-1]] == [
            LIST.label(number, r.answers[number].answer) for r in stored
        ]
        assert cells[-1] == f"{same} of {len(stored)}"
    other = next(code for code in codes(1) if code != expected[1].answer)
    choose(form, 1, other)  # after the comparison the rating is no longer blinded
    assert rows.first.locator("td").first.inner_text().split("\n")[0] == LIST.label(1, other)
    path = download(form, "Download the rating (YAML)", tmp_path)
    changed = read_yaml(path)
    assert (changed.blinded, changed.answers[1].answer) == (False, other)
    form.get_by_role("button", name="Close this rating").click()
    form.get_by_label("Import a rating").set_input_files(path)
    form.get_by_text("Imported: singla2022").wait_for()
    assert form.locator(f'#dlrrc-rate-1 input[value="{other}"]').is_checked()
    assert form.evaluate("window.hacked") is None


def test_an_imported_rating_does_not_overwrite_a_draft(form: Page, tmp_path: Path) -> None:
    begin(form)
    choose(form, 1, "yes")
    form.get_by_role("button", name="Close this rating").click()
    rating = random_rating(5)
    path = tmp_path / "reader-1.yaml"
    path.write_text(form.evaluate("window.dlrrcRating.write", rating), encoding="utf-8")
    form.get_by_label("Import a rating").set_input_files(path)
    form.get_by_text("Imported: singla2022").wait_for()
    form.get_by_role("button", name="Close this rating").click()
    form.get_by_role("button", name="Go on with singla2022, rater reader-1, kept copy 2").click()
    assert form.locator("#dlrrc-rate-1 input[value=yes]").is_checked()
    assert "1 of 31 answered" in form.locator(".dlrrc-rate-bar").inner_text()


def test_hostile_text_stays_text(form: Page, tmp_path: Path) -> None:
    rating = random_rating(1, complete=True)
    for i, answer in enumerate(rating["answers"].values()):
        answer.update(evidence=HOSTILE[i % len(HOSTILE)], where=HOSTILE[(i + 1) % len(HOSTILE)])
    path = tmp_path / "reader-1.yaml"
    path.write_text(form.evaluate("window.dlrrcRating.write", rating), encoding="utf-8")
    form.get_by_label("Import a rating").set_input_files(path)
    form.get_by_text("Imported: singla2022").wait_for()
    form.get_by_role("button", name="Compare with the stored ratings").click()
    form.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    bad = tmp_path / "<img src=x onerror=alert(1)>.yaml"
    bad.write_text(f"{HOSTILE[1]}\n", encoding="utf-8")
    form.get_by_role("button", name="Close this rating").click()
    form.get_by_label("Import a rating").set_input_files(bad)
    form.locator("#dlrrc-rate-problems p").first.wait_for()  # a file is read in the background
    assert HOSTILE[1] in form.locator("#dlrrc-rate-problems").inner_text()
    form.evaluate(
        "text => localStorage.setItem('dlrrc-rating:' + text, text)", HOSTILE[1]
    )  # what another page of the same site could leave behind
    form.reload()
    assert form.locator("#dlrrc-rating :is(img, script, a[href^='javascript'], [onerror])").count() == 0
    assert form.evaluate("window.hacked") is None


def test_keyboard_alone_answers_a_question(form: Page) -> None:
    begin(form)
    form.locator("#dlrrc-rate-14 input[type=radio]").first.focus()
    form.keyboard.press("2")
    assert form.evaluate("document.activeElement.value") == "one"
    form.keyboard.press("Tab")
    form.keyboard.type("only one of the two")
    form.keyboard.press("Tab")
    form.keyboard.type("Methods 2.2")
    form.keyboard.press("Tab")
    form.keyboard.type("m")
    saved = form.evaluate("JSON.parse(localStorage.getItem('dlrrc-rating:singla2022:reader-1')).rating.answers[14]")
    assert saved == {
        "answer": "one",
        "evidence": "only one of the two",
        "where": "Methods 2.2",
        "confidence": "medium",
    }
    form.keyboard.press("Control+Enter")
    assert form.evaluate("document.activeElement.name") == "dlrrc-rate-answer-15"
    form.keyboard.press("u")
    form.keyboard.press("Enter")
    assert form.evaluate("document.activeElement.name") == "dlrrc-rate-answer-16"
    form.keyboard.press("Space")
    form.keyboard.press("ArrowDown")
    assert form.evaluate("document.activeElement.value") == "no"
    form.keyboard.press("Delete")
    assert form.locator("#dlrrc-rate-16 input:checked").count() == 0
    assert form.locator("#dlrrc-rate-15 input[value=unclear]").is_checked()


def test_what_is_missing_is_named_and_gets_the_focus(form: Page) -> None:
    form.get_by_role("button", name="Start or go on").click()
    assert "No paper is chosen" in form.locator("#dlrrc-rate-problems").inner_text()
    begin(form, rater="Me & You")
    assert "'Me & You'" in form.locator("#dlrrc-rate-problems").inner_text()
    begin(form)
    form.get_by_role("button", name="Download the rating (YAML)").click()
    assert "Who rates" in form.locator("#dlrrc-rate-problems").inner_text()
    assert form.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


def test_without_storage_the_form_works_and_says_so(chromium: Browser, site: str, tmp_path: Path) -> None:
    context = new_context(chromium, "light", accept_downloads=True)
    context.add_init_script(
        "Object.defineProperty(Storage.prototype, 'setItem', { value() { throw new DOMException('', 'QuotaExceededError') } })"
    )
    page = context.new_page()
    page.goto(site + PAGE)
    assert "keeps no drafts" in page.locator("#dlrrc-rating").inner_text()
    begin(page)
    fill_head(page)
    choose(page, 1, "yes")
    page.get_by_role("button", name="Close this rating").click()
    page.get_by_role("button", name="Go on with singla2022, rater reader-1").click()
    found = read_yaml(download(page, "Download the rating (YAML)", tmp_path))
    assert found.answers[1].answer == "yes"
    context.close()


def test_link_for_a_pull_request_only_where_it_fits(form: Page) -> None:
    address = {"url": "https://github.com/example/review", "branch": "main"}
    run = "([rating, address]) => window.dlrrcRating.requestAddress(rating, address)"
    short = random_rating(2)
    for answer in short["answers"].values():
        answer.update(evidence="said in the text", where="p. 1")
    link = form.evaluate(run, [short, address])
    assert len(link.encode()) <= 8000
    found = parse_qs(urlsplit(link).query)
    assert urlsplit(link).path == "/example/review/new/main"
    assert found["filename"] == ["data/papers/singla2022/ratings/reader-1.yaml"]
    assert strict_yaml.validate(strict_yaml.parse(found["value"][0], "a.yaml"), Rating) == as_record(short)
    short["answers"]["1"]["evidence"] = "x" * 4000
    assert form.evaluate(run, [short, address]) is None
    assert form.evaluate(run, [random_rating(2), None]) is None


@pytest.mark.parametrize("mode", list(MODES))
def test_the_open_form_is_accessible_and_fits_the_window(chromium: Browser, site: str, mode: str) -> None:
    context = new_context(chromium, mode)
    page = context.new_page()
    page.goto(site + PAGE)
    begin(page)
    page.get_by_label("Show points").check()
    for number in LIST.items:
        choose(page, number, codes(number)[number % 2])
    page.get_by_role("button", name="Compare with the stored ratings").click()
    page.locator("#dlrrc-rate-3 textarea").fill("wide" * 200)
    page.wait_for_timeout(200)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    assert result.response["violations"] == []
    assert too_wide <= 0
    page.locator("#dlrrc-rate-14").scroll_into_view_if_needed()
    assert page.locator(".dlrrc-rate-bar").bounding_box()["y"] < page.viewport_size["height"]  # in sight while rating
    context.close()


def test_the_form_works_from_a_folder_without_a_server(chromium: Browser) -> None:
    # no script of the test's own that writes to the storage: with one, Chromium now and then forgets what file:// pages stored just before
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: errors.append(request.url) if not request.url.startswith("file:") else None)
    page.goto((HTML / PAGE).as_uri())
    begin(page, "milecki2023")
    choose(page, 31, "accessible")
    page.reload()
    assert page.locator("#dlrrc-rate-31 input[value=accessible]").is_checked()
    assert errors == []
    context.close()


def test_print_shows_every_text_in_full(form: Page) -> None:
    begin(form)
    form.locator("#dlrrc-rate-2 textarea").fill("long " * 300 + "end")
    form.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    form.emulate_media(media="print")
    assert form.locator(".dlrrc-rate-print tbody tr").count() == 31
    assert form.get_by_text("long end").is_visible()
    assert not form.locator(".dlrrc-rate-form").is_visible()
