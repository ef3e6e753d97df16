"""Every page of the built book in headless Chromium: in light, in dark and at 390 pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from book_site import HTML, MODES, html_pages, new_context
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from dlrrc_core import repository

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
DRAWN = "() => document.querySelectorAll('.dlrrc-plotly:not([data-drawn])').length === 0"


def visit(chromium: Browser, site: str, mode: str, look: Callable[[Page, str], list[str]]) -> list[str]:
    """Open every page in a mode and return all complaints of ``look``, of the network and of the console."""
    complaints: list[str] = []
    context = new_context(chromium, mode)
    page = context.new_page()
    at = ""
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{at}: console: {message.text}") if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(f"{at}: script error: {error}"))
    page.on("requestfailed", lambda request: complaints.append(f"{at}: request failed: {request.url}"))
    page.on(
        "request",
        lambda request: (
            complaints.append(f"{at}: leaves the site: {request.url}") if outside(request.url, site) else None
        ),
    )
    page.on(
        "response",
        lambda response: (
            complaints.append(f"{at}: status {response.status}: {response.url}") if response.status >= 400 else None
        ),
    )
    for at in html_pages():
        page.goto(site + at)
        page.wait_for_function(DRAWN, timeout=20_000)
        complaints += [f"{at}: {complaint}" for complaint in look(page, at)]
    context.close()
    return complaints


def outside(url: str, site: str) -> bool:
    """Tell whether a request goes to another place than the built book."""
    return not url.startswith((site, "data:", "blob:"))


def complaints_about(page: Page, name: str) -> list[str]:
    """Return what is wrong with figures, width and accessibility of an open page."""
    figures = page.evaluate(
        """() => ({
            wanted: document.querySelectorAll('.dlrrc-plotly').length,
            drawn: document.querySelectorAll('.dlrrc-plotly[data-drawn="true"]').length,
            plots: [...document.querySelectorAll('.dlrrc-plotly')].filter(d => d.querySelector('svg.main-svg')).length,
            nameless: [...document.querySelectorAll('article img, article svg[role=img]')]
                .filter(e => !(e.getAttribute('alt') || e.getAttribute('aria-label'))).length,
            captionless: [...document.querySelectorAll('figure')].filter(f => !f.querySelector('figcaption')).length,
            numberless: [...document.querySelectorAll('figure.dlrrc-figure')].filter(f => !f.querySelector('details table')).length,
            overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        })"""
    )
    found = []
    if not figures["wanted"] == figures["drawn"] == figures["plots"]:
        found.append(
            f"plotly figures wanted, drawn, in the page: {figures['wanted']}, {figures['drawn']}, {figures['plots']}"
        )
    found += [f"{figures[key]} {key} figure(s)" for key in ("nameless", "captionless", "numberless") if figures[key]]
    if figures["overflow"] > 0:
        found.append(f"the page is {figures['overflow']} pixels too wide")
    result = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"], "preload": False}
    )
    for violation in result.response["violations"]:
        places = [" ".join(node["target"]) for node in violation["nodes"][:3]]
        found.append(f"axe {violation['id']} ({violation['impact']}): {places}")
    return found


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "phone-dark"])
def test_every_page_is_clean(chromium: Browser, site: str, mode: str) -> None:
    complaints = visit(chromium, site, mode, complaints_about)
    assert complaints == [], "\n".join(complaints)


def test_there_are_plotly_figures_at_all() -> None:
    wanted = [page for page in html_pages() if 'class="dlrrc-plotly"' in (HTML / page).read_text(encoding="utf-8")]
    assert len(wanted) >= 2


def test_pages_work_from_a_folder_without_a_server(chromium: Browser) -> None:
    context = new_context(chromium, "light")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda request: errors.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None,
    )
    page.goto((HTML / "book/fields/rcc/overview.html").as_uri())
    page.wait_for_function(DRAWN, timeout=20_000)
    assert page.locator(".dlrrc-plotly svg.main-svg").count() > 0
    assert errors == []
    context.close()


def test_without_javascript_tables_and_numbers_are_there(chromium: Browser, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "book/fields/rcc/papers.html")
    assert page.locator("table.dlrrc tbody tr").count() == len(repository.load(ROOT).select(field="rcc"))
    context.close()


def test_table_sorts_and_filters_with_the_keyboard(chromium: Browser, site: str) -> None:
    context = new_context(chromium, "light")
    page = context.new_page()
    page.goto(site + "book/fields/rcc/papers.html")
    year = page.locator("#papers th", has_text="Year").locator("button")
    year.focus()
    page.keyboard.press("Enter")
    years = [
        int(text)
        for text in page.locator("#papers tbody tr:visible td:nth-child(2)").all_inner_texts()
        if text.isdigit()
    ]
    assert years == sorted(years)
    page.keyboard.press("Enter")
    years = [
        int(text)
        for text in page.locator("#papers tbody tr:visible td:nth-child(2)").all_inner_texts()
        if text.isdigit()
    ]
    assert years == sorted(years, reverse=True)
    page.locator("#papers input").first.fill("zuo")
    assert page.locator("#papers tbody tr:visible").count() == 1
    context.close()


def test_every_internal_link_leads_somewhere() -> None:
    broken = []
    for name in html_pages():
        soup = BeautifulSoup((HTML / name).read_text(encoding="utf-8"), "html.parser")
        for tag in soup.select("a[href], link[href], img[src], script[src]"):
            address = tag.get("href") or tag.get("src")
            path, fragment = urldefrag(urljoin(f"/{name}", str(address)))
            if path.startswith(("http:", "https:", "mailto:", "data:", "javascript:")):
                continue
            target = HTML / unquote(urlsplit(path).path).lstrip("/")
            if not target.exists():
                broken.append(f"{name}: {address}")
            elif fragment and target.suffix == ".html" and not _has_id(target, unquote(fragment)):
                broken.append(f"{name}: {address} (no such place)")
    assert broken == []


_IDS: dict[Path, set[str]] = {}


def _has_id(page: Path, fragment: str) -> bool:
    """Tell whether a page has an element with an id."""
    if page not in _IDS:
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        _IDS[page] = {str(tag["id"]) for tag in soup.select("[id]")}
    return fragment in _IDS[page]
