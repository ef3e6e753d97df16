"""Text to BibTeX and back: what LaTeX gives a meaning is escaped, and names get the form that BibTeX splits rightly."""

from __future__ import annotations

import re

from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # not \{, which BibTeX counts as an opening brace
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}
#: What pybtex leaves as it is: LaTeX for signs that mean something to LaTeX itself.
SIGNS = {
    r"\$": "$",
    r"\{": "{",
    r"\}": "}",
    r"\textbackslash": "\\",
    r"\textbraceleft": "{",
    r"\textbraceright": "}",
    r"\textasciicircum": "^",
    r"\textasciitilde": "~",
    r"\textdollar": "$",
}
COMMAND = r"\\(?:[${}]|text(?:backslash|brace(?:left|right)|ascii(?:circum|tilde)|dollar)(?![A-Za-z]))"
KEPT = re.compile(rf"(?P<command>{COMMAND})(?:(?<=[a-z])(?:\{{\}}| ))?|(?<!\\)\$[^$]*\$")  # a sign, or a formula
FIRST_PRIVATE = 0xE000  # private use characters stand for what is kept while pybtex reads the rest
VERBATIM = {"{": "%7B", "}": "%7D", " ": "%20", "\\": "%5C"}


def escape(text: str) -> str:
    """Return text as the value of a BibTeX field; any white space becomes one space."""
    return "".join(ESCAPES.get(sign, sign) for sign in " ".join(text.split()))


def address(text: str) -> str:
    """Return a DOI or URL as the value of a field that BibTeX styles print verbatim: only what would break the entry is coded."""
    return "".join(VERBATIM.get(sign, sign) for sign in text.strip())


def plain(latex: str) -> str:
    r"""Return the value of a BibTeX field as plain text.

    Parameters
    ----------
    latex : str
        Field with accents, escapes and protecting braces; formulas stay as they are.

    Returns
    -------
    str
        Unicode text without line ends.

    Notes
    -----
    pybtex (latexcodec) decodes; it keeps ``\$``, ``\textbraceleft`` and their like, which are put in afterwards.
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(SIGNS[found["command"]] if found["command"] else found[0])
        return chr(FIRST_PRIVATE + len(kept) - 1)

    hidden = KEPT.sub(keep, latex.replace(r"\,", " "))
    try:
        text = str(Text.from_latex(hidden).render_as("text"))
    except (PybtexError, ValueError):
        text = hidden.replace("{", "").replace("}", "")
    for i, value in enumerate(kept):
        text = text.replace(chr(FIRST_PRIVATE + i), value)
    return " ".join(text.split())


def name(author: str) -> str:
    """Return an author of a record as a BibTeX name.

    Parameters
    ----------
    author : str
        ``Zuo T`` or ``Mohammadi Sepahvand N`` (surname, initials), ``Teng Zuo``, or ``Zuo, Teng``.

    Returns
    -------
    str
        ``Zuo, T.``, ``Mohammadi Sepahvand, N.``; other forms stay, with braces around what BibTeX would split wrongly.
    """
    text = " ".join(author.split())
    words = text.split(" ")
    if len(words) > 1 and "," not in text and re.fullmatch(r"[^\W\d_a-z]{1,3}", words[-1]) and words[-1].isupper():
        return escape(" ".join(words[:-1])) + ", " + " ".join(f"{letter}." for letter in words[-1])
    shown = escape(text)
    if re.search(r"\band\b", text, re.IGNORECASE) or text.count(",") > 2 or text.lower() == "others":
        return "{" + shown + "}"  # the name of a group
    return shown
