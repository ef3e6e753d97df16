"""Fixtures of the browser tests. A missing book or browser is a failure that says what to do, never a skip."""

from __future__ import annotations

from collections.abc import Iterator

import book_site
import pytest
from playwright.sync_api import Browser


@pytest.fixture(scope="session", autouse=True)
def built_book() -> None:
    """Fail at once when there is no book to look at."""
    if not (book_site.HTML / "index.html").is_file():
        pytest.exit(f"no built book in {book_site.HTML}: run `make book` first", returncode=1)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Serve the built book; the value is its address."""
    with book_site.serve() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium once."""
    with book_site.browser() as launched:
        yield launched
