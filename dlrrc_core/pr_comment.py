"""The last gate before a report is posted: the job that may write comments trusts nothing that another job hands over.

Only the standard library is used, because that job installs nothing: ``python3 -I dlrrc_core/pr_comment.py report.md``. A report
of :mod:`dlrrc_core.prreport` never holds what is refused here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MAX_CHARACTERS = 60_000  # GitHub takes 65,536 in a comment
MARK = "<!-- dlrrc pr-report -->"  # by which the job finds its own comment again
NOTICE = "*Computed from the files of this change; it is no review, and nobody has looked at it yet.*"
REFUSED = "The report of this change was not posted, because it is not of the form that `dlrrc pr-report` writes."
DOI_LINK = re.compile(r"\[DOI\]\(https://doi\.org/10\.[0-9]{4,9}/[A-Za-z0-9._~%/-]{1,300}\)")
NEVER = {
    "HTML": re.compile("[<>]"),
    "a mention": re.compile("@"),
    "a character reference": re.compile("&[#A-Za-z]"),
    "a link": re.compile(r"\]\s*[(\[:]|://|www\.", re.IGNORECASE),
    "a reference to an issue": re.compile(r"#\d|\bGH-\d", re.IGNORECASE),
}


def refusal(text: str) -> str | None:
    """Return why a text must not be posted, or None.

    Parameters
    ----------
    text : str
        Markdown from a job without rights.

    Returns
    -------
    str or None
        The first reason: length, an invisible sign, or HTML, a mention, a link or a reference, wherever it stands.
    """
    if not text.strip() or len(text) > MAX_CHARACTERS:
        return f"{len(text)} characters (allowed: 1 to {MAX_CHARACTERS})"
    if any(not sign.isprintable() and sign != "\n" for sign in text):
        return "an invisible sign"
    rest = DOI_LINK.sub("(DOI) ", text)
    return next((name for name, pattern in NEVER.items() if pattern.search(rest)), None)


def body(raw: bytes) -> tuple[str, str | None]:
    """Return the comment to post, and why the report is not in it (None when it is).

    Parameters
    ----------
    raw : bytes
        The file as it was handed over.

    Returns
    -------
    tuple of (str, str or None)
    """
    try:
        text, reason = raw.decode("utf-8"), None
    except UnicodeDecodeError:
        text, reason = "", "text that is not UTF-8"
    reason = reason or refusal(text)
    return f"{MARK}\n{NOTICE}\n\n{REFUSED if reason else text.strip()}\n", reason


def main(words: list[str]) -> int:
    """Print the comment for a file; the reason of a refusal goes to stderr."""
    with Path(words[0]).open("rb") as stream:
        comment, reason = body(stream.read(4 * MAX_CHARACTERS + 1))
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(comment)
    if reason:
        sys.stderr.write(f"the report was not posted: it holds {reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
