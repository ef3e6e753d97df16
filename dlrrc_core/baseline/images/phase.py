"""The contrast phase of a CT series, read from its description."""

from __future__ import annotations

import re

# In this order: "non contrast arterial" would be unenhanced, "delayed nephrographic" delayed. \W and _ count as ends of words.
WORDS = (
    (
        "unenhanced",
        r"non[ _-]?con(?:trast)?|unenhanced|native|without|w/?o|pre(?=\W|_|$)(?! ?op)|c-|plain|stone|precontrast|noncontrast",
    ),
    ("delayed", r"delay(?:s|ed)?|del|late|excretory|nephro delay|\d+ ?min"),
    ("arterial", r"art(?:erial)?|cortico(?:medullary)?|cmp|ap phase|cortical"),
    ("nephrographic", r"nephro(?:graphic|genic)?|parenchymal?|npp?"),
    ("venous", r"(?:portal[ _-]?)?ven(?:ous)?|pv|pvp|portal"),
    ("enhanced", r"post|with|w|contrast|c\+|i\+|ce|isovue\d*|omni|enhanced"),
)
PATTERNS = tuple(
    (name, re.compile(rf"(?:^|(?<=[\W_\d]))(?:{words})(?=$|[\W_])", re.IGNORECASE)) for name, words in WORDS
)
ORDER = ("arterial", "nephrographic", "venous", "delayed", "enhanced", "unknown", "unenhanced")


def phase(description: str) -> str:
    """Guess the contrast phase from a series description.

    Parameters
    ----------
    description : str
        ``SeriesDescription`` as it stands in the header.

    Returns
    -------
    str
        ``"arterial"`` (corticomedullary), ``"nephrographic"``, ``"venous"``, ``"delayed"``, ``"unenhanced"``, ``"enhanced"`` (contrast,
        but no phase said) or ``"unknown"``. The names stand in ``ORDER`` from the most to the least wanted: zuo2021 prefers the arterial
        phase where there are several.

    Notes
    -----
    A description is free text; the guess is as good as its words. Nothing is measured in the image.
    """
    return next((name for name, words in PATTERNS if words.search(description)), "unknown")
