"""What the browser tests and ``shots.py`` share: the built pages, a local server, a browser."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

HTML = Path(os.environ.get("DLRRC_HTML", Path(__file__).parents[2] / "_build" / "html"))

#: Colour scheme and window of each way a page is looked at.
MODES: dict[str, dict[str, Any]] = {
    "light": {"theme": "light", "viewport": {"width": 1400, "height": 900}},
    "dark": {"theme": "dark", "viewport": {"width": 1400, "height": 900}},
    "phone": {"theme": "light", "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "phone-dark": {"theme": "dark", "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def html_pages() -> list[str]:
    """Return every page of the built site, as paths below its folder.

    Left out: the theme's template fragments in ``_static``, and the top ``index.html``, which only forwards to the
    first page.
    """
    pages = (path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))
    return sorted(page for page in pages if not page.startswith("_") and page != "index.html")


def is_chapter(page: str) -> bool:
    """Tell whether a page comes from a source file; per-paper pages and the search page come from templates."""
    source = HTML / "_sources" / page.removesuffix(".html")
    return any(source.with_name(source.name + suffix).exists() for suffix in (".md", ".ipynb"))


def find_chromium() -> str:
    """Return the path of a Chromium or Chrome.

    Raises
    ------
    FileNotFoundError
        If there is none, with the command that installs one.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("DLRRC_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise FileNotFoundError(
            "the browser tests need Chromium: `apt-get install chromium`, or set DLRRC_CHROMIUM to its path"
        )
    return found


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve files without a line on stderr for each."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serve() -> Iterator[str]:
    """Serve the built site on a free local port and yield its address."""
    handler = functools.partial(QuietHandler, directory=str(HTML))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the system's Chromium and yield it."""
    playwright: Playwright
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            yield launched
        finally:
            launched.close()


def new_context(launched: Browser, mode: str, **options: Any) -> BrowserContext:
    """Return a browser context for one of :data:`MODES`."""
    settings = dict(MODES[mode])
    theme = settings.pop("theme")
    context = launched.new_context(**settings, color_scheme=theme, reduced_motion="reduce", **options)
    # The theme reads its choice from here; setting it is what its switch does.
    context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}');")
    return context
