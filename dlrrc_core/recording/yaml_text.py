"""Records as YAML text in the look of the files that are there, proved by reading them back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from dlrrc_core import strict_yaml
from dlrrc_core.problems import UsageError
from dlrrc_core.records import Identifier

WIDTH = 105
IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
Model = TypeVar("Model", bound=BaseModel)


class _Dumper(yaml.SafeDumper):
    """PyYAML's writer with lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists like mappings."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values twice: records hold no aliases."""
        return True


def dump(data: Any) -> str:
    """Return plain data as YAML text that :mod:`dlrrc_core.strict_yaml` reads back unchanged.

    Parameters
    ----------
    data : dict, list, str, int, float, bool or None
        Plain data; keys keep their order.

    Returns
    -------
    str
        Block style, UTF-8 characters as they are, lines of about 105 characters, an end of line at the end.
    """
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False)


def proved(text: str, record: Model, file: str) -> bytes:
    """Return the bytes of a record's text after reading it back.

    Parameters
    ----------
    text : str
        YAML text.
    record : pydantic.BaseModel
        What the text has to say.
    file : str
        Name for messages.

    Returns
    -------
    bytes
        The text in UTF-8.

    Raises
    ------
    DataError
        When the text cannot be read as such a record.
    UsageError
        When it can, and says something else (for instance characters that YAML does not keep).
    """
    if strict_yaml.validate(strict_yaml.parse(text, file), type(record)) != record:
        raise UsageError(f"{file} would not say what it has to; leave out control characters and odd line ends")
    return text.encode("utf-8")


def identifier(value: str, what: str) -> str:
    """Return an id that may name a file.

    Raises
    ------
    UsageError
        When it holds anything but small letters, digits and hyphens.
    """
    try:
        return IDENTIFIER.validate_python(value)
    except ValidationError as error:
        suggestion = re.sub(r"[^a-z0-9-]+", "-", value.lower()).strip("-")[:40]
        allowed = "a small letter, then 1 to 39 small letters, digits or hyphens"
        hint = f"; for instance '{suggestion}'" if re.fullmatch(r"[a-z][a-z0-9-]{1,39}", suggestion) else ""
        raise UsageError(f"the {what} is '{value}'; allowed: {allowed}{hint}") from error


def paper_folder(root: Path, paper: str) -> Path:
    """Return the folder of a paper that exists.

    Raises
    ------
    UsageError
        When the id is none, or no paper has it.
    """
    folder = root / "data" / "papers" / identifier(paper, "id of the paper")
    if not (folder / "paper.yaml").is_file() or folder.is_symlink():
        raise UsageError(f"there is no data/papers/{paper}/paper.yaml; add the paper first with `dlrrc new {paper}`")
    return folder
