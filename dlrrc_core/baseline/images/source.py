"""Where series are downloaded from: the public bucket of the Imaging Data Commons, over HTTPS and without an account."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dlrrc_core.baseline.images.reading import MAX_BYTES
from dlrrc_core.problems import UsageError

ENDPOINT = "https://{bucket}.s3.amazonaws.com"
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.dcm")  # a name from elsewhere must not lead out of the folder
IDS = re.compile(r"[A-Za-z0-9-]{1,64}")
MD5 = re.compile(r"[0-9a-f]{32}")
TIMEOUT = 60.0  # seconds without a byte
MAX_LISTING = 20_000_000  # bytes of one page of a listing; 1000 files need 400 kB
CHUNK = 1 << 20
SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True)
class Remote:
    """One file of a series in the bucket.

    Attributes
    ----------
    name : str
        File name.
    size : int
        Bytes.
    md5 : str
        Checksum that the bucket states; empty when it states none (files that were uploaded in parts).
    """

    name: str
    size: int
    md5: str


class Source(Protocol):
    """What :func:`dlrrc_core.baseline.images.download.build` downloads from; tests give their own."""

    def listing(self, bucket: str, uuid: str) -> list[Remote]:
        """Return the files of a series."""

    def fetch(self, bucket: str, uuid: str, file: Remote, path: Path) -> None:
        """Write one file to a path."""


class Offline(UsageError):  # noqa: N818 - read as a state
    """The source does not answer."""


class Bucket:
    """The public bucket.

    Parameters
    ----------
    endpoint : str, default "https://{bucket}.s3.amazonaws.com"
        Address, with ``{bucket}`` where the name of the bucket belongs.

    Notes
    -----
    The index gives no checksums. The listing of the bucket (S3 ListObjectsV2) gives sizes and ETags, which are MD5 sums for files that
    were uploaded whole; both are checked after the download.
    """

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint = endpoint

    def listing(self, bucket: str, uuid: str) -> list[Remote]:
        """Return the files of a series; the listing comes in pages.

        Parameters
        ----------
        bucket : str
            ``aws_bucket`` of the index.
        uuid : str
            ``crdc_series_uuid`` of the index.

        Raises
        ------
        Offline
            When there is no answer.
        UsageError
            When the answer is no listing, or holds a name that is no plain file name or a file above the limit.
        """
        found: list[Remote] = []
        token = ""
        while True:
            query = {"list-type": "2", "prefix": f"{uuid}/"} | ({"continuation-token": token} if token else {})
            with self._open(f"{self._address(bucket, uuid)}/?{urllib.parse.urlencode(query)}") as answer:
                page = answer.read(MAX_LISTING)
            try:
                tree = ElementTree.fromstring(page)
                found += [_remote(uuid, item) for item in tree.iter(f"{SPACE}Contents")]
            except (ElementTree.ParseError, ValueError, TypeError) as error:
                raise UsageError(
                    f"the listing of series {uuid} cannot be read ({error}); allowed: a listing of S3"
                ) from error
            token = tree.findtext(f"{SPACE}NextContinuationToken") or ""
            if not token:
                return sorted(found, key=lambda file: file.name)

    def fetch(self, bucket: str, uuid: str, file: Remote, path: Path) -> None:
        """Write one file; never more bytes than the listing said.

        Parameters
        ----------
        bucket, uuid
            As for :meth:`listing`.
        file : Remote
            From the listing.
        path : Path
            Where it is written.
        """
        with self._open(f"{self._address(bucket, uuid)}/{uuid}/{file.name}") as answer, path.open("wb") as stream:
            left = file.size + 1
            try:
                while left > 0 and (part := answer.read(min(CHUNK, left))):
                    stream.write(part)
                    left -= len(part)
            except (OSError, http.client.HTTPException) as error:
                raise _offline(self.endpoint, error) from error

    def _address(self, bucket: str, uuid: str) -> str:
        if not (IDS.fullmatch(bucket) and IDS.fullmatch(uuid)):
            raise UsageError(f"bucket '{bucket}', series '{uuid}'; allowed: letters, digits and hyphens")
        return self.endpoint.format(bucket=bucket)

    def _open(self, address: str) -> http.client.HTTPResponse:
        try:
            answer: http.client.HTTPResponse = urllib.request.urlopen(address, timeout=TIMEOUT)
            return answer
        except (OSError, http.client.HTTPException) as error:  # URLError and HTTPError are OSErrors
            raise _offline(self.endpoint, error) from error


def _remote(uuid: str, item: ElementTree.Element) -> Remote:
    """Return one entry of a listing."""
    key = item.findtext(f"{SPACE}Key") or ""
    name, size = key.removeprefix(f"{uuid}/"), int(item.findtext(f"{SPACE}Size") or "")
    if not NAMES.fullmatch(name) or not 0 < size <= MAX_BYTES:
        raise ValueError(f"file '{key}' of {size} bytes")
    tag = (item.findtext(f"{SPACE}ETag") or "").strip('"')
    return Remote(name, size, tag if MD5.fullmatch(tag) else "")


def _offline(endpoint: str, error: Exception) -> Offline:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
    return Offline(
        f"{endpoint.format(bucket='idc-open-data')} does not answer ({error}); allowed: a machine with a network"
    )
