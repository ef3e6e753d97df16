"""What is wrong with a file, said so that a person can mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

MAX_CHARACTERS = 2000  # of a part of a message; a record may hold a megabyte in one word
# control characters, line separators and what turns the direction of text: they could forge lines of a log
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, with its place.

    Parameters
    ----------
    file : str
        File, relative to the repository where possible.
    line, column : int
        Place in the file, counted from 1; 0 when the problem has no place in a text.
    found : str
        What stands there.
    allowed : str
        What may stand there.
    fix : str, default ""
        How to mend it, when that is more than choosing an allowed value.
    rule : str, default ""
        Id of the rule that is broken, one of :func:`dlrrc_core.rules.rules`; empty for files without rules.
    value : str or None, default None
        The value as it is written, where the problem is about one; not part of the message.
    """

    file: str
    line: int
    column: int
    found: str
    allowed: str
    fix: str = ""
    rule: str = ""
    value: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Return ``file:line:column: found; allowed: ...; how to mend it``, as one line that holds no control character."""
        return f"{self.place}: {self.what}; {visible(self.fix)}" if self.fix else f"{self.place}: {self.what}"

    @property
    def place(self) -> str:
        """Return ``file:line:column``, or the file alone."""
        return visible(f"{self.file}:{self.line}:{self.column}" if self.line else self.file)

    @property
    def what(self) -> str:
        """Return what was found and what is allowed, in one line."""
        return f"{visible(self.found)}; allowed: {visible(self.allowed)}"


class DataError(ValueError):
    """One or more problems in files; the message holds one line per problem.

    Parameters
    ----------
    problems : iterable of Problem
        Everything that was found; never empty.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(ValueError):
    """A command or function was called with a value that does not exist here (a field, paper, basis or option)."""


class PageError(RuntimeError):
    """One or more pages failed; the message names template, parameters, cell and exception of each."""


def visible(text: str) -> str:
    """Return a text of a contributor as one line: control characters as escapes, and at most 2000 characters.

    Parameters
    ----------
    text : str
        Anything that a record may hold.

    Returns
    -------
    str
        Without line breaks, so that it cannot pass for a line of its own in a log.
    """
    shown = text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}... ({len(text)} characters)"
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", shown)


def nearest(value: object, allowed: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest allowed value, or an empty string when none is near."""
    match = get_close_matches(
        str(value)[:100].strip().lower(), list(allowed), n=1, cutoff=0.6
    )  # its time grows with length
    return f"did you mean '{match[0]}'?" if match else ""


def one_of(value: str, allowed: Iterable[str], what: str) -> str:
    """Return ``value`` if it is allowed.

    Raises
    ------
    UsageError
        With the allowed values and the nearest one.
    """
    options = list(allowed)
    if value in options:
        return value
    hint = nearest(value, options)
    raise UsageError(f"unknown {what} '{value}'; allowed: {', '.join(options)}" + (f"; {hint}" if hint else ""))


def relative(path: Path, root: Path) -> str:
    """Return ``path`` relative to ``root`` with forward slashes, or as it is when it lies elsewhere."""
    for place, base in (
        (path.absolute(), root.absolute()),
        (path.resolve(), root.resolve()),
    ):  # a link keeps its own name
        if place.is_relative_to(base):
            return place.relative_to(base).as_posix()
    return path.as_posix()
