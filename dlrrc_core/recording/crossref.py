"""Facts of a paper from Crossref's REST API: asked once, kept below ``_build``, and never waited for long.

https://api.crossref.org (terms of politeness: https://www.crossref.org/documentation/retrieve-metadata/rest-api/). The caller says
who asks by the project's address; no e-mail address of a contributor is sent.
"""

from __future__ import annotations

import datetime
import hashlib
import html
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from importlib import metadata
from pathlib import Path
from typing import Any

from dlrrc_core import files
from dlrrc_core.problems import UsageError
from dlrrc_core.recording.references import full_name

API = "https://api.crossref.org"
CACHE = Path("_build", "dlrrc", "crossref")
SECONDS = 15.0
MAX_BYTES = 5_000_000
PREFIX = re.compile(r"^\s*(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
BY_HAND = "add the paper with --bibtex FILE or with --title T --year Y instead"


def normal(doi: str) -> str:
    """Return a DOI without the address or ``doi:`` before it.

    Raises
    ------
    UsageError
        When it is no DOI.
    """
    text = urllib.parse.unquote(PREFIX.sub("", doi)) if PREFIX.match(doi) else doi
    text = text.strip()
    if not re.fullmatch(r"10\.\d{4,9}/\S+", text) or len(text) > 200 or not text.isprintable():
        raise UsageError(
            f"'{doi}' is no DOI; allowed: 10., a number, a slash and a name, as in 10.3389/fonc.2021.746750"
        )
    return text


def facts(root: Path, doi: str, api: str = API, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the facts of a paper that Crossref has.

    Parameters
    ----------
    root : Path
        Root of the checkout; answers are kept below its ``_build``, and used again without a request.
    doi : str
        DOI, also as an address.
    api : str, default "https://api.crossref.org"
        Address of the service.
    seconds : float, default 15
        Longest time for the whole answer.

    Returns
    -------
    dict
        Keys of :class:`dlrrc_core.records.Paper`; ``sources`` names the request and its day.

    Raises
    ------
    UsageError
        When the DOI is none or is not known, when there is no network, or the answer cannot be used.
    """
    wanted = normal(doi)
    address = f"{api}/works/{urllib.parse.quote(wanted, safe='')}"
    kept = root / CACHE / f"{hashlib.sha256(address.lower().encode()).hexdigest()[:32]}.json"
    try:
        answer = json.loads(kept.read_text(encoding="utf-8"))
        work, day = answer["message"], str(answer["asked"])
    except (OSError, ValueError, KeyError, TypeError):
        work = _message(_get(address, seconds, root), address)
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        files.write(kept, json.dumps({"asked": day, "message": work}, ensure_ascii=False).encode())
    source = {"where": address, "gave": f"Crossref's record of the DOI, asked on {day}"}
    return {**from_work(work), "doi": wanted, "sources": (source,)}


def _get(address: str, seconds: float, root: Path) -> bytes:
    """Return the body of an answer, within a time and a size."""
    request = urllib.request.Request(address, headers={"User-Agent": user_agent(root), "Accept": "application/json"})
    end, body = time.monotonic() + seconds, b""
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            while piece := response.read1(65536):
                body += piece
                if time.monotonic() > end:
                    raise TimeoutError
                if len(body) > MAX_BYTES:
                    raise UsageError(f"the answer of {address} has more than {MAX_BYTES} bytes; {BY_HAND}")
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:
                raise UsageError(f"Crossref does not know this DOI ({address}); check it, or {BY_HAND}") from error
            again = error.headers.get("Retry-After")
            wait = f" (it asks to wait {again} seconds)" if again and again.isdigit() else ""
            raise UsageError(
                f"Crossref answered with status {error.code}{wait}; try again later, or {BY_HAND}"
            ) from error
    except TimeoutError as error:
        raise UsageError(
            f"Crossref did not answer within {seconds:g} seconds; try again later, or {BY_HAND}"
        ) from error
    except (OSError, http.client.HTTPException) as error:  # urllib.error.URLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        if isinstance(reason, TimeoutError):
            raise UsageError(
                f"Crossref did not answer within {seconds:g} seconds; try again later, or {BY_HAND}"
            ) from error
        raise UsageError(f"Crossref cannot be reached ({reason}): no network? {BY_HAND}") from error
    return body


def _message(body: bytes, address: str) -> dict[str, Any]:
    """Return the work of an answer."""
    try:
        work = json.loads(body)["message"]
        if isinstance(work, dict):
            return work
    except (ValueError, KeyError, TypeError):
        pass
    raise UsageError(f"the answer of {address} is not what Crossref documents; {BY_HAND}")


def user_agent(root: Path) -> str:
    """Return the name under which requests go out: program, version and, where CITATION.cff names it, the project's address."""
    try:
        found = re.search(
            r"^(?:repository-code|url):\s*['\"]?(https?://[^\s'\"]+)", (root / "CITATION.cff").read_text("utf-8"), re.M
        )
    except OSError:
        found = None
    return f"dlrrc/{metadata.version('dlrrc')} ({found[1] if found else 'DLRRC living review'})"


def from_work(work: dict[str, Any]) -> dict[str, Any]:
    """Return Crossref's record of a work under the keys of ``paper.yaml``.

    Parameters
    ----------
    work : dict
        ``message`` of an answer to ``/works/<doi>``; anything may be missing.

    Returns
    -------
    dict
        ``year`` is that of the printed issue where there is one, else the earliest; ``published`` the earliest full date.
        ``notices`` names later notices that Crossref links (a correction, a retraction). What is missing is ``None``.

    Raises
    ------
    UsageError
        When the work has no title.
    """
    title = _text(work.get("title"))
    if title is None:
        raise UsageError(f"Crossref's record has no title; {BY_HAND}")
    if subtitle := _text(work.get("subtitle")):
        title = title if subtitle in title else f"{title}: {subtitle}"
    authors = tuple(name for person in _list(work.get("author")) if (name := _author(person)))
    full = sorted(
        date for key in ("published-online", "published-print", "issued") if len(date := _date(work, key)) == 3
    )
    years = _date(work, "published-print") or _date(work, "issued") or _date(work, "published-online")
    licences = [entry for entry in _list(work.get("license")) if isinstance(entry, dict)]
    licences = [entry for entry in licences if entry.get("content-version") == "vor"] or licences
    licence = str(licences[0].get("URL") or "") if licences else ""
    return {
        "title": title,
        "authors": authors,
        "authors_complete": bool(authors),
        "year": years[0] if years else None,
        "published": datetime.date(*full[0]) if full else None,
        "journal": _journal(work),
        "volume": _text(work.get("volume")),
        "issue": _text(work.get("issue")),
        "pages": _text(work.get("page")) or _text(work.get("article-number")),
        "licence": licence or None,
        "notices": tuple(notice for entry in _list(work.get("updated-by")) if (notice := _notice(entry))),
    }


def _journal(work: dict[str, Any]) -> str | None:
    """Return where a work appeared; a preprint is called one."""
    if work.get("type") == "posted-content":
        server = next(
            (_text(entry.get("name")) for entry in _list(work.get("institution")) if isinstance(entry, dict)), None
        )
        server = server or _text(work.get("group-title")) or _text(work.get("publisher"))
        return f"{server} preprint (not peer reviewed)" if server else "Preprint (not peer reviewed)"
    named = work.get("container-title")
    places = [text for place in ([named] if isinstance(named, str) else _list(named)) if (text := _text(place))]
    if work.get("type") == "book-chapter" and len(places) > 1:
        places = [f"{places[-1]}, {places[0]}"]  # Crossref names the series first
    return places[0] if places else None


def _author(person: Any) -> str | None:
    """Return an author's name; a group has one name only."""
    if not isinstance(person, dict):
        return None
    family, given = _text(person.get("family")), _text(person.get("given"))
    return full_name(family, given or "") if family else _text(person.get("name")) or given


def _notice(entry: Any) -> str | None:
    """Return a later notice in words."""
    if not isinstance(entry, dict) or not entry.get("DOI"):
        return None
    return f"Crossref links a notice of the type '{_text(entry.get('type')) or 'not given'}': DOI {entry['DOI']}."


def _date(work: dict[str, Any], key: str) -> tuple[int, ...]:
    """Return year, month and day of a date, as far as they are there and possible."""
    value = work.get(key)
    parts = value.get("date-parts") if isinstance(value, dict) else None
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    numbers = tuple(part for part in first if isinstance(part, int))
    if not numbers or not 1990 <= numbers[0] <= 2100:
        return ()
    try:
        datetime.date(*(*numbers, 1, 1)[:3])
    except ValueError:
        return numbers[:1]
    return numbers[:3]


def _list(value: Any) -> list[Any]:
    """Return a list, empty for anything else."""
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    """Return text without markup and line ends; the first of a list; None when nothing is left."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, str):
        return None
    value = re.sub(r"<!\[CDATA\[|\]\]>", "", html.unescape(value))
    plain = html.unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", value))
    return " ".join(plain.split()) or None
