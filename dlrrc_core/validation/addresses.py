"""Rules about text wherever it stands, comments included: e-mail addresses, addresses that are no web pages, invisible signs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from dlrrc_core.problems import DataError, Problem, relative
from dlrrc_core.repository import Reading
from dlrrc_core.strict_yaml import MAX_PROBLEMS, Document
from dlrrc_core.text_files import read_text

SUFFIXES = (".yaml", ".csv", ".md", ".json", ".txt")
# every repetition is bounded, so that a long line of one sign takes no longer than any other
BEFORE = "[A-Za-z0-9._%+-]"  # signs before the @ of an e-mail address
EMAIL = re.compile(
    rf"(?<={BEFORE})(?:@|\s?[\[(]\s?at\s?[\])]\s?)((?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}})", re.ASCII
)
WEB = re.compile(r"https?://[^\s<>\"'|]{1,2000}", re.IGNORECASE)
OTHER_SCHEME = re.compile(
    r"(?<![a-z0-9+.-])(?!https?://)([a-z][a-z0-9+.-]{1,20}://|(?:javascript|vbscript):(?=\S)|data:[a-z]{1,20}/[a-z0-9.+-]{1,40}[;,])",
    re.IGNORECASE | re.ASCII,
)
# control characters except the tab, line separators, marks and overrides of direction; joiners are letters of some scripts
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def check(reading: Reading) -> Iterator[Problem]:
    """Yield what must not stand in any text of records and bibliography.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules URL-002, URL-003, TEXT-001 and TEXT-002; at most 500 for one file.
    """
    for path in _texts(reading.root):
        try:
            text = read_text(path, reading.root)
        except DataError:  # the loader says so for every record
            continue
        yield from islice(_of_text(text, relative(path, reading.root)), MAX_PROBLEMS)
    groups = (reading.papers.values(), reading.ratings, reading.fields.values(), reading.published.values())
    for group in groups:
        for entry in group:
            yield from islice(_escaped_signs(entry.document), MAX_PROBLEMS)


def _texts(root: Path) -> Iterator[Path]:
    data = (path for path in sorted((root / "data").rglob("*")) if path.suffix in SUFFIXES)
    yield from (path for path in (*data, root / "book" / "references.bib") if path.is_file())


def _of_text(text: str, file: str) -> Iterator[Problem]:
    """Yield the problems of a text, line by line."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        plain = line.removesuffix("\r")
        if sign := INVISIBLE.search(plain):
            yield _invisible(file, number, sign.start() + 1, sign[0])
        hosts = [span for found in WEB.finditer(plain) for span in [_host_span(found)]]
        for found in EMAIL.finditer(plain):
            name = re.search(f"{BEFORE}{{1,64}}$", plain[max(found.start() - 64, 0) : found.start()])
            start = found.start() - (len(name[0]) if name else 0)
            if not any(first <= start < end for first, end in hosts):
                what = f"an e-mail address at {found[1]}"  # not the whole of it: messages are public as well
                yield Problem(file, number, start + 1, what, "no e-mail address", "", "DLRRC-TEXT-001")
        for found in OTHER_SCHEME.finditer(plain):
            what = f"an address that starts with '{found[1]}'"
            yield Problem(file, number, found.start() + 1, what, "http:// or https://", "", "DLRRC-URL-002", found[1])
        for found in WEB.finditer(plain):
            if reason := _no_public_host(found[0]):
                yield Problem(file, number, found.start() + 1, reason, "a public host alone", "", "DLRRC-URL-003")


def _host_span(found: re.Match[str]) -> tuple[int, int]:
    """Return where the part of an address stands that names user and host."""
    start = found.start() + found[0].index("//") + 2
    length = len(re.split(r"[/?#]", found[0].split("//", 1)[1], maxsplit=1)[0])
    return start, start + length


def _no_public_host(url: str) -> str | None:
    """Return why an address names no public host, or None."""
    try:
        parts = urlsplit(url.rstrip(".,;:)]}"))
        host = parts.hostname or ""
    except ValueError:
        return "an address that cannot be read"
    if "@" in parts.netloc:
        return "an address with a user name before its host"
    try:
        return None if ipaddress.ip_address(host).is_global else f"an address with the host '{host}'"
    except ValueError:  # a name
        local = "." not in host or host.rsplit(".", 1)[-1] in ("local", "localhost", "internal", "lan", "home")
        return f"an address with the host '{host}'" if local else None


def _escaped_signs(document: Document) -> Iterator[Problem]:
    """Yield invisible signs that YAML escapes hide, so that only the value holds them."""
    for line, column, value in document.places.values():
        if (sign := INVISIBLE.search(value)) and sign[0] not in "\r":
            yield _invisible(document.file, line, column, sign[0])


def _invisible(file: str, line: int, column: int, sign: str) -> Problem:
    found = f"the invisible sign U+{ord(sign):04X}"
    return Problem(file, line, column, found, "signs that can be seen", "type the text again", "DLRRC-TEXT-002")
