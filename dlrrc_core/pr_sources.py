"""The two sides of a change: folders, or revisions of git whose records are written out without running anything of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from dlrrc_core.git_output import git
from dlrrc_core.problems import Problem, UsageError
from dlrrc_core.text_files import MAX_BYTES

READ = ("data", "book/references.bib", "_config.yml")  # everything that the validator reads
UNREAD = "data/baseline/runs/"  # but for the answers of networks, which no score depends on and which may be large
MAX_FILES = 20_000
SECONDS = 120
REVISION = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./^~@{}-]{0,199}")
LINK, FILES = "120000", ("100644", "100755")  # modes of git


@dataclass(frozen=True)
class Side:
    """One side of a change.

    Attributes
    ----------
    name : str
        As it was asked for.
    root : Path
        Folder with ``data/``.
    refused : tuple of Problem
        Files of the revision that were not written out: links and files over 1 MB.
    """

    name: str
    root: Path
    refused: tuple[Problem, ...] = ()


@contextmanager
def side(name: str, repository: Path) -> Iterator[Side]:
    """Open one side of a change.

    Parameters
    ----------
    name : str
        Folder of a checkout, or a revision of git (``main``, ``HEAD^1``, a hash). A folder comes first.
    repository : Path
        Checkout whose history holds the revision.

    Yields
    ------
    Side
        A revision is written into a temporary folder that is gone afterwards.

    Raises
    ------
    UsageError
        When the name is neither, when git is missing, or when the revision holds more than 20,000 files of data.

    Notes
    -----
    Files are read with ``git ls-tree`` and ``git cat-file``: no attribute, filter or hook of the revision has a say, so that
    nothing of it runs, and a ``.gitattributes`` cannot hide a record (``git archive`` would obey ``export-ignore``).
    """
    folder = Path(name)
    if name and folder.is_dir():
        if not (folder / "data").is_dir():
            raise UsageError(f"{name} holds no folder data; allowed: a checkout of the review, or a revision of git")
        yield Side(name, folder.resolve())
        return
    if not REVISION.fullmatch(name):
        raise UsageError(f"'{name}' is neither a folder nor a revision; allowed: a checkout, or a branch, tag or hash")
    commit = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").decode()
    with TemporaryDirectory(prefix="dlrrc-") as temporary:
        root = Path(temporary).resolve()
        (root / "data").mkdir()
        yield Side(name, root, tuple(_write_out(repository, commit.strip(), root)))


def _write_out(repository: Path, commit: str, root: Path) -> Iterator[Problem]:
    """Write the files of a revision that the validator reads; yield those that are refused."""
    listed = _git(repository, "ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *READ)
    rows = [row for row in listed.split(b"\0") if row]
    if len(rows) > MAX_FILES:
        raise UsageError(f"{commit} holds {len(rows)} files of data; allowed: at most {MAX_FILES}")
    wanted: list[tuple[str, Path]] = []
    for row in rows:
        head, raw = row.split(b"\t", 1)
        mode, _, blob, size = head.decode().split()
        name = raw.decode("utf-8", "replace")
        if name.startswith(UNREAD):
            continue
        parts = PurePosixPath(name).parts
        if mode == LINK:
            yield Problem(name, 0, 0, "a link", "a file of its own", rule="DLRRC-FILE-002")
        elif mode not in FILES or not {".", "..", ".git"}.isdisjoint(parts) or "\\" in name:
            yield Problem(name, 0, 0, "no regular file", "a regular file", rule="DLRRC-FILE-001")
        elif int(size) > MAX_BYTES:
            found, allowed = f"the file has {size} bytes", f"at most {MAX_BYTES} bytes"
            yield Problem(name, 0, 0, found, allowed, rule="DLRRC-FILE-003")
        else:
            wanted.append((blob, root.joinpath(*parts)))
    asked = "".join(f"{blob}\n" for blob, _ in wanted).encode()
    answer = _git(repository, "cat-file", "--batch", given=asked)
    at = 0
    for _, path in wanted:
        end = answer.index(b"\n", at)
        length = int(answer[at:end].split()[2])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer[end + 1 : end + 1 + length])
        at = end + length + 2


def _git(repository: Path, *words: str, given: bytes = b"") -> bytes:
    """Return what a git command prints."""
    silent = f"{words[-1].removesuffix('^{commit}')} is neither a folder nor a known revision"
    missing = "git is not installed; install it, or name two folders"
    return git(repository, *words, missing=missing, silent=silent, given=given, seconds=SECONDS)
