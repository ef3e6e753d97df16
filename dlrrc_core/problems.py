"""What is wrong with a file, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


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
    """

    file: str
    line: int
    column: int
    found: str
    allowed: str
    fix: str = ""

    def __str__(self) -> str:
        """Return ``file:line:column: found; allowed: ...; how to mend it``."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.found}; allowed: {self.allowed}"
        return f"{text}; {self.fix}" if self.fix else text


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


def nearest(value: object, allowed: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest allowed value, or an empty string when none is near."""
    match = get_close_matches(str(value).strip().lower(), list(allowed), n=1, cutoff=0.6)
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
