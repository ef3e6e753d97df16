"""Text files of contributors, read with limits: no links, no pipes, at most 1 MB, UTF-8."""

from __future__ import annotations

import stat
from pathlib import Path

from dlrrc_core.problems import DataError, Problem, relative

MAX_BYTES = 1_000_000


def read_text(path: Path, root: Path) -> str:
    """Read a text file of a contributor.

    Parameters
    ----------
    path : Path
        File to read.
    root : Path
        Root of the repository.

    Returns
    -------
    str

    Raises
    ------
    DataError
        When the file, or a folder between it and the root, is a link (it could lead out of the repository, and its content into a
        message), is no regular file, is larger than 1 MB or is not UTF-8.
    """
    file = relative(path, root)

    def refused(line: int, found: str, allowed: str, fix: str, rule: str) -> DataError:
        return DataError([Problem(file, line, min(line, 1), found, allowed, fix, rule)])

    if is_linked(path, root):
        raise refused(0, "a link", "a file of its own", "", "DLRRC-FILE-002")
    try:
        if stat.S_ISFIFO(path.stat().st_mode):  # reading one would wait for ever
            raise refused(0, "cannot be read (a pipe)", "a readable file", "", "DLRRC-FILE-001")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            size = path.stat().st_size
            raise refused(1, f"the file has {size} bytes", f"at most {MAX_BYTES} bytes", "", "DLRRC-FILE-003")
        return raw.decode("utf-8")
    except OSError as error:
        raise refused(0, f"cannot be read ({error.strerror})", "a readable file", "", "DLRRC-FILE-001") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refused(
            line, "text that is not UTF-8", "UTF-8 text", "save the file as UTF-8", "DLRRC-FILE-004"
        ) from error


def is_linked(path: Path, root: Path) -> bool:
    """Return whether a path, or a folder between it and the root, is a link."""
    inside = path.parents[: path.parents.index(root)] if root in path.parents else ()
    return any(part.is_symlink() for part in (path, *inside))
