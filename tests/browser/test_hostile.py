"""A record that attacks the reader in every free-text field, opened in a real browser: nothing runs, nothing is loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from book_site import new_context
from playwright.sync_api import Browser

from dlrrc_core import paperpages, repository

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # the record is that of the fast suite

from test_html import HOSTILE, hostile_repository  # noqa: E402

WATCH = "window.ran = []; window.alert = (x) => window.ran.push(x);"
PAYLOADS = [
    *HOSTILE,
    "<svg/onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "{{ ''.__class__ }} {raw}`<script>alert(1)</script>`",
    "<details open ontoggle=alert(1)>",
]


@pytest.mark.browser
@pytest.mark.parametrize("text", PAYLOADS)
def test_page_of_a_hostile_record_runs_nothing_and_shows_the_text(chromium: Browser, text: str) -> None:
    records = hostile_repository(repository.load(ROOT), text)
    context = new_context(chromium, "light")
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: said.append(f"request: {request.url}"))
    scripts = "".join(
        f"<script>{(ROOT / 'book/_static' / name).read_text(encoding='utf-8')}</script>" for name in ("tables.js",)
    )
    page.set_content(
        f"<!doctype html><title>x</title><script>{WATCH}</script><article>{paperpages.body(records, 'hostile')}</article>{scripts}"
    )
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    for element in page.locator("article a, article summary, article th button").all()[:40]:
        element.dispatch_event("mouseover")
        element.dispatch_event("click")
    page.wait_for_timeout(150)
    assert page.evaluate("window.ran") == []
    assert said == []
    assert page.locator("article script, article img, article iframe, article svg").count() == 0
    assert text.split()[0] in page.locator("article").inner_text()
    context.close()


@pytest.mark.browser
def test_the_watch_notices_a_payload_that_runs(chromium: Browser) -> None:
    page = new_context(chromium, "light").new_page()
    page.set_content(f"<script>{WATCH}</script><article><svg onload=alert(1)></svg></article>")
    page.wait_for_timeout(150)
    assert page.evaluate("window.ran") == [1]
    page.context.close()
