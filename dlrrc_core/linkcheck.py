"""The weekly look outwards: whether the addresses in the records still answer, and which notices Crossref links to the papers.

Every address is asked once, one after the other, with a pause for each host and within one time for everything. A publisher may
refuse programs (status 401, 403 or 429): that says nothing about the address and is counted apart.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import shutil
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dlrrc_core.problems import UsageError
from dlrrc_core.recording import crossref
from dlrrc_core.repository import Repository

SECONDS = 10.0  # for one answer
PAUSE = 1.0  # between two requests to one host
LIMIT = 1200.0  # for everything
REFUSES_PROGRAMS = (401, 403, 405, 406, 418, 429, 503)
NOTICE_DOI = re.compile(r"DOI (10\.\S+?)\.?$")
Ask = Callable[[str], str | None]


@dataclass(frozen=True)
class Address:
    """An address of a record: the paper, the key that holds it, and the address."""

    paper: str
    key: str
    url: str


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes
    ----------
    dead : tuple of (Address, str)
        Addresses that did not answer with a page, with the reason.
    refused : tuple of (Address, str)
        Addresses whose server answers people, but not programs.
    notices : tuple of (str, str)
        Paper and notice (a retraction, a correction, ...) that Crossref links and the record does not name.
    failed : tuple of (str, str)
        Papers about which Crossref said nothing, with the reason.
    asked, left : int
        Requests that were made, and those for which no time was left.
    """

    dead: tuple[tuple[Address, str], ...]
    refused: tuple[tuple[Address, str], ...]
    notices: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]
    asked: int
    left: int

    @property
    def news(self) -> bool:
        """Return whether somebody has to look."""
        return bool(self.dead or self.notices)


def addresses(repository: Repository) -> list[Address]:
    """Return the addresses of all papers: their own, and those of code, data and weights.

    Parameters
    ----------
    repository : Repository
        All records.

    Returns
    -------
    list of Address
        By paper. DOIs are not among them: Crossref is asked about those.
    """
    found = []
    for name, paper in repository.papers.items():
        places = {"url": paper.url}
        places |= {f"artefacts.{kind}.url": getattr(paper.artefacts, kind).url for kind in ("code", "data", "weights")}
        found += [Address(name, key, url) for key, url in places.items() if url]
    return found


def check_links(
    repository: Repository,
    ask: Ask | None = None,
    api: str = crossref.API,
    limit: float = LIMIT,
    pause: float = PAUSE,
) -> Checked:
    """Ask every address, and Crossref about every DOI.

    Parameters
    ----------
    repository : Repository
        All records.
    ask : callable, optional
        Returns None for an address that answers, else the reason; by default :func:`answer`.
    api : str, default "https://api.crossref.org"
        Address of Crossref's service.
    limit : float, default 1200
        Seconds for everything; what is left then is counted, not asked.
    pause : float, default 1
        Seconds between two requests to one host.

    Returns
    -------
    Checked

    Notes
    -----
    A notice is what Crossref calls ``updated-by``: the DOI of a later work of the publisher, or of Retraction Watch, whose
    ``update-to`` names the paper. A record that names this DOI under ``notices`` has seen it.
    """
    asker = ask or (lambda url: answer(url, crossref.user_agent(repository.root)))
    end, last = time.monotonic() + limit, dict[str, float]()
    dead: list[tuple[Address, str]] = []
    refused: list[tuple[Address, str]] = []
    notices: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    asked = left = 0
    said: dict[str, str | None] = {}  # one request for an address that stands in several places
    with_doi = [(name, paper.doi) for name, paper in repository.papers.items() if paper.doi]
    with tempfile.TemporaryDirectory() as folder:  # answers of earlier weeks are not wanted
        fresh = Path(folder)
        if (citation := repository.root / "CITATION.cff").is_file():
            shutil.copy(citation, fresh)  # names the project to Crossref
        for name, doi in with_doi:
            if not _turn(api, last, pause, end):
                left += 1
                continue
            asked += 1
            try:
                found = crossref.facts(fresh, doi, api, SECONDS)["notices"]
            except UsageError as error:
                failed.append((name, str(error)))
                continue
            known = " ".join(repository.papers[name].notices).lower()
            notices += [(name, notice) for notice in found if _notice_doi(notice) not in known]
    for address in addresses(repository):
        if address.url not in said:
            if not _turn(address.url, last, pause, end):
                left += 1
                continue
            asked += 1
            said[address.url] = asker(address.url)
        if reason := said[address.url]:
            refuses = any(reason == f"status {status}" for status in REFUSES_PROGRAMS)
            (refused if refuses else dead).append((address, reason))
    return Checked(tuple(dead), tuple(refused), tuple(notices), tuple(failed), asked, left)


def _notice_doi(notice: str) -> str:
    """Return the DOI at the end of a notice in words, else all of it."""
    found = NOTICE_DOI.search(notice)
    return (found[1] if found else notice).lower()


def _turn(url: str, last: dict[str, float], pause: float, end: float) -> bool:
    """Wait until a host may be asked again; return False when the time for everything is over."""
    host = urlsplit(url).hostname or ""
    wait = max(last.get(host, 0.0) + pause - time.monotonic(), 0.0)
    if time.monotonic() + wait > end:
        return False
    time.sleep(wait)
    last[host] = time.monotonic()
    return True


def answer(url: str, agent: str, seconds: float = SECONDS, public: bool = True) -> str | None:
    """Ask an address for its head, and for its page where the server knows no such question.

    Parameters
    ----------
    url : str
        Web address.
    agent : str
        Name under which the request goes out.
    seconds : float, default 10
        Longest wait.
    public : bool, default True
        Whether only public hosts are asked, also after a redirection.

    Returns
    -------
    str or None
        None when a page answers, else the reason: ``status 404``, ``no answer``, ...
    """
    reason = None
    for method in ("HEAD", "GET"):
        reason = _once(url, method, agent, seconds, public)
        if reason is None or not reason.startswith("status"):
            break
    return reason


class _Careful(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to a public web address."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if not _is_public(newurl):
            raise urllib.error.URLError("a redirection to a host that is not public")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _once(url: str, method: str, agent: str, seconds: float, public: bool) -> str | None:
    if public and not _is_public(url):
        return "no public host of this name"
    opener = urllib.request.build_opener(*([_Careful] if public else []))
    request = urllib.request.Request(url, method=method, headers={"User-Agent": agent})
    try:
        with opener.open(request, timeout=seconds) as response:
            response.read(1)
    except urllib.error.HTTPError as error:
        with error:
            return f"status {error.code}"
    except TimeoutError:
        return f"no answer within {seconds:g} seconds"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        return f"no answer ({reason})"
    return None


def _is_public(url: str) -> bool:
    """Return whether an address is a web page of a host all of whose numbers are public."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return False
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return False
    return bool(found) and all(ipaddress.ip_address(entry[4][0]).is_global for entry in found)


def as_markdown(checked: Checked) -> str:
    """Return what was found as the text of an issue.

    Parameters
    ----------
    checked : Checked
        Result of :func:`check_links`.

    Returns
    -------
    str
        Markdown in which nothing of a record or an answer is active.
    """
    return "\n".join(_lines(checked)) + "\n"


def _lines(checked: Checked) -> Iterator[str]:
    from dlrrc_core.pr_markdown import code

    def listed(title: str, rows: list[str], advice: str) -> Iterator[str]:
        if rows:
            yield from (f"## {title}", "", advice, "", *rows, "")

    yield from listed(
        "Notices about papers",
        [f"- {code(paper)}: {code(notice)}" for paper, notice in checked.notices],
        "Crossref links these notices, and the record does not name them. Read each one, then add it under `notices`.",
    )
    for title, group, advice in (
        ("Addresses that do not answer", checked.dead, "Try again by hand before a record is changed."),
        ("Addresses that refuse programs", checked.refused, "These say nothing about the page; for information only."),
    ):
        rows = [f"- {code(a.paper)} {code(a.key)}: {code(a.url, 300)} ({code(reason)})" for a, reason in group]
        yield from listed(title, rows, advice)
    yield from listed(
        "Papers about which Crossref said nothing",
        [f"- {code(paper)}: {code(reason)}" for paper, reason in checked.failed],
        "No conclusion can be drawn from these.",
    )
    yield f"{checked.asked} requests; {checked.left} were left out because the time was over."
