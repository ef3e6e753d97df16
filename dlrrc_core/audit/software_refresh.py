"""Makes the tables of releases that come from the Python package index anew; only a maintainer runs this, never a build."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin

from packaging.version import InvalidVersion, Version

from dlrrc_core import files
from dlrrc_core.problems import UsageError

INDEX = "https://pypi.org/pypi"
RELEASES, BUILDS = "releases-pypi.csv", "builds-pypi.csv"
PACKAGES = {  # package on the index: product it is a release of
    "tensorflow": "tensorflow",
    "tensorflow-gpu": "tensorflow-gpu",
    "torch": "pytorch",
    "torchvision": "torchvision",
    "keras": "keras",
    "nvidia-cudnn-cu11": "cudnn",
    "nvidia-cudnn-cu12": "cudnn",
    "nvidia-cudnn-cu13": "cudnn",
}
BUILT_FOR_CUDA = {"torch": Version("1.13"), "tensorflow": Version("2.14")}  # first release that names its CUDA packages
RELEASE_COLUMNS = ("product", "package", "version", "date", "python", "source", "retrieved")
BUILD_COLUMNS = ("product", "version", "part", "part_version", "source", "retrieved")
SECONDS = 30
_PART = re.compile(r"^(?:nvidia-)?(cuda-runtime|cuda-toolkit|cudnn)(?:-cu\d+)?(?:\[[^]]*\])?\s*\(?==\s*([0-9][0-9.]*)")
Fetch = Callable[[str], bytes]


class MissingPageError(UsageError):
    """The index answered, but has no such page."""


def fetch(url: str) -> bytes:
    """Return the body of a page.

    Parameters
    ----------
    url : str

    Returns
    -------
    bytes

    Raises
    ------
    MissingPageError
        When the index has no such page.
    UsageError
        When the page cannot be had within half a minute.
    """
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        raise MissingPageError(
            f"{url} does not exist ({error}); allowed: a page of the index; nothing was changed"
        ) from None
    except (URLError, TimeoutError, ConnectionError) as error:
        raise UsageError(
            f"{url} cannot be read ({error}); allowed: run this with a network; nothing was changed"
        ) from None


def release_rows(payload: Mapping[str, Any], package: str, retrieved: str) -> list[dict[str, str]]:
    """Turn the index's record of a package into rows, one for each release with files.

    Parameters
    ----------
    payload : mapping
        Parsed ``https://pypi.org/pypi/<package>/json``.
    package : str
        A key of :data:`PACKAGES`.
    retrieved : str
        Date as ``YYYY-MM-DD``.

    Returns
    -------
    list of dict
        By version. The date is that of the first file; ``python`` lists the versions that have a file of their own, and
        is empty where one file serves every Python.
    """
    rows = []
    for text, published in payload["releases"].items():
        if not published or _version(text) is None:
            continue
        tags = {tag for file in published for tag in re.findall(r"cp(\d)(\d+)", file["python_version"])}
        rows.append(
            {
                "product": PACKAGES[package],
                "package": package,
                "version": text,
                "date": min(file["upload_time_iso_8601"] for file in published)[:10],
                "python": " ".join(f"{a}.{b}" for a, b in sorted(tags, key=lambda tag: (int(tag[0]), int(tag[1])))),
                "source": f"{INDEX}/{package}/json",
                "retrieved": retrieved,
            }
        )
    return sorted(rows, key=lambda row: Version(row["version"]))


def metadata_address(published: Iterable[Mapping[str, Any]], base: str) -> str | None:
    """Return where the metadata of a release's Linux file lie (PEP 658), or None where it has no such file.

    Parameters
    ----------
    published : iterable of mapping
        The files of one release in the index's record.
    base : str
        Address of that record; the files' own addresses may be relative to it.
    """
    for file in published:
        name = file["filename"]
        if "linux" in name and "x86_64" in name:
            return urljoin(base, file["url"]) + ".metadata"
    return None


def build_rows(metadata: str, package: str, version: str, source: str, retrieved: str) -> list[dict[str, str]]:
    """Turn the metadata of one release into rows, one for each CUDA package that it names with an exact version.

    Parameters
    ----------
    metadata : str
        The ``METADATA`` file of a wheel.
    package, retrieved : str
        As in :func:`release_rows`.
    version, source : str
        The release, and the page that a reader can open.

    Returns
    -------
    list of dict
        ``part`` is ``cuda`` or ``cudnn``; empty when the release names neither.
    """
    found: dict[str, str] = {}
    for line in metadata.splitlines():
        match = _PART.match(line.removeprefix("Requires-Dist:").strip().lower())
        if match and line.startswith("Requires-Dist:"):
            found.setdefault("cudnn" if match[1] == "cudnn" else "cuda", match[2])
    common = {"product": PACKAGES[package], "version": version, "source": source, "retrieved": retrieved}
    return [{**common, "part": part, "part_version": number} for part, number in sorted(found.items())]


def as_csv(rows: Iterable[Mapping[str, str]], columns: tuple[str, ...]) -> bytes:
    """Return rows as a table in UTF-8 with a header.

    Parameters
    ----------
    rows : iterable of mapping
        Every row has exactly these columns.
    columns : tuple of str

    Returns
    -------
    bytes
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def refresh(folder: Path, get: Fetch = fetch, today: date | None = None) -> tuple[Path, ...]:
    """Rewrite the tables that come from the package index.

    Parameters
    ----------
    folder : Path
        ``data/audit`` of a checkout.
    get : callable, optional
        Gives the body of an address; by default over the network.
    today : date, optional
        What is written as the day of retrieval.

    Returns
    -------
    tuple of Path
        The files that were written.

    Raises
    ------
    UsageError
        When a page cannot be had or is not what it was; no file has been touched then.
    """
    retrieved = (today or date.today()).isoformat()
    releases: list[dict[str, str]] = []
    builds: list[dict[str, str]] = []
    for package in PACKAGES:
        address = f"{INDEX}/{package}/json"
        page = get(address)
        try:
            payload = json.loads(page)
            rows = release_rows(payload, package, retrieved)
            addresses = {row["version"]: metadata_address(payload["releases"][row["version"]], address) for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"the index's record of {package} has changed ({error!r}); allowed: the form of 2026; nothing was changed"
            ) from None
        releases += rows
        for text, where in addresses.items():
            if where is not None and _names_cuda(package, Version(text)):
                with suppress(MissingPageError):  # not every release has its metadata apart from the file
                    source = f"https://pypi.org/project/{package}/{text}/#files"
                    builds += build_rows(get(where).decode(), package, text, source, retrieved)
    made = {RELEASES: as_csv(releases, RELEASE_COLUMNS), BUILDS: as_csv(builds, BUILD_COLUMNS)}
    for name, content in made.items():
        files.write(folder / name, content)
    return tuple(folder / name for name in made)


def _names_cuda(package: str, version: Version) -> bool:
    return package in BUILT_FOR_CUDA and version >= BUILT_FOR_CUDA[package] and not version.is_prerelease


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
