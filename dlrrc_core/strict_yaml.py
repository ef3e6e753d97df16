"""YAML files read strictly: every value keeps its place, and what YAML would hide is an error.

PyYAML parses; this module refuses what a contributor cannot have meant (duplicate keys, aliases, tags, very large files) and
remembers the line of every value, so that a message can point at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dlrrc_core.problems import DataError, Problem, relative

MAX_BYTES = 1_000_000
LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml where it is there: the same nodes, ten times faster
MAX_DEPTH = 12
Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML file: its plain data, and where each value stands.

    Attributes
    ----------
    file : str
        Name used in messages.
    data : object
        Nested dict, list, str, int, float, bool or None; dates stay text.
    places : dict
        Location (keys and indices from the root, keys as text) to ``(line, column, text as written)``.
    """

    file: str
    data: Any
    places: dict[Location, tuple[int, int, str]]

    def problem(self, location: Location, found: str, allowed: str, fix: str = "") -> Problem:
        """Return a problem at ``location``, or at its nearest parent that stands in the file."""
        keys = tuple(str(key) for key in location)
        while keys not in self.places and keys:
            keys = keys[:-1]
        line, column, _ = self.places.get(keys, (1, 1, ""))
        return Problem(self.file, line, column, found, allowed, fix)

    def written(self, location: Location) -> str:
        """Return the value at ``location`` as it is written in the file."""
        return self.places.get(tuple(str(key) for key in location), (0, 0, ""))[2]


def load(path: Path, root: Path) -> Document:
    """Read one YAML file.

    Parameters
    ----------
    path : Path
        File to read.
    root : Path
        Root of the repository; messages name the file relative to it.

    Returns
    -------
    Document

    Raises
    ------
    DataError
        When the file cannot be read, is no YAML, holds duplicate keys, aliases or tags, or is too large or too deep.
    """
    file = relative(path, root)
    if path.is_symlink():  # could lead out of the repository, and its content into a message
        raise DataError([Problem(file, 0, 0, "a link", "a file of its own")])
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise DataError([Problem(file, 1, 1, f"the file has {len(raw)} bytes", f"at most {MAX_BYTES} bytes")])
        return parse(raw.decode("utf-8"), file)
    except OSError as error:
        raise DataError([Problem(file, 0, 0, f"cannot be read ({error.strerror})", "a readable file")]) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            [Problem(file, line, 1, "text that is not UTF-8", "UTF-8 text", "save the file as UTF-8")]
        ) from error


def parse(text: str, file: str) -> Document:
    """Parse YAML text; see :func:`load`."""
    try:
        problems = list(_forbidden_events(text, file))
        if problems:
            raise DataError(problems)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise DataError(
            [Problem(file, line, column, f"not YAML: {what}", "YAML", "check indentation and quotes")]
        ) from error
    except yaml.YAMLError as error:  # for instance a control character
        raise DataError([Problem(file, 1, 1, f"not YAML: {' '.join(str(error).split())}", "YAML")]) from error
    places: dict[Location, tuple[int, int, str]] = {}
    data = _plain(node, (), places, problems, file) if node is not None else None
    if problems:
        raise DataError(problems)
    return Document(file, data, places)


def _forbidden_events(text: str, file: str) -> Iterator[Problem]:
    """Yield a problem for each alias, tag, second document and for too deep nesting, before anything is built."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=LOADER):
        at: Any = event.start_mark
        line, column = at.line + 1, at.column + 1
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                yield Problem(file, line, column, "a second YAML document", "one document in a file")
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                yield Problem(file, line, column, f"nesting deeper than {MAX_DEPTH} levels", "flatter data")
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if anchor:
            yield Problem(file, line, column, f"the anchor or alias '{anchor}'", "values written out")
        elif tag:
            yield Problem(file, line, column, f"the tag '{tag}'", "plain values without tags")


def _plain(node: yaml.Node, at: tuple[str, ...], places: dict, problems: list[Problem], file: str) -> Any:
    """Turn a YAML node into plain data and note where every value stands."""
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        places[at] = (line, column, "")
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(
                    Problem(
                        file, key_node.start_mark.line + 1, 1, "a list or mapping as a key", "text or a number as key"
                    )
                )
                continue
            key = _scalar(key_node)
            if isinstance(key, bool) or key is None:
                key = key_node.value
            same = [other for other in result if other == key or str(other) == str(key)]  # 1 and 1.0 are one key
            if same:
                first = places[(*at, str(same[0]))][0]
                problems.append(
                    Problem(
                        file,
                        key_node.start_mark.line + 1,
                        key_node.start_mark.column + 1,
                        f"the key '{'.'.join((*at, str(key)))}' for the second time (first in line {first})",
                        "each key once",
                        "delete one of the two",
                    )
                )
                continue
            result[key] = _plain(value_node, (*at, str(key)), places, problems, file)
        return result
    if isinstance(node, yaml.SequenceNode):
        places[at] = (line, column, "")
        return [_plain(child, (*at, str(i)), places, problems, file) for i, child in enumerate(node.value)]
    places[at] = (line, column, node.value)
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """Return a scalar as text, int, float, bool or None.

    Dates stay text, and so does what YAML 1.1 reads as a number but people do not: ``0150`` (octal), ``1:30`` (base 60), ``1_000``.
    """
    kind, text = node.tag.rsplit(":", 1)[-1], node.value
    if kind == "bool":
        return text.lower() in {"yes", "true", "on"}
    if kind == "null":
        return None
    if kind == "int" and re.fullmatch(r"[-+]?(0|[1-9]\d{0,17})", text):
        return int(text)
    if kind == "float" and re.fullmatch(r"[-+]?(0|[1-9]\d*)\.\d+([eE][-+]?\d+)?", text):
        return float(text)
    return text


def validate(document: Document, model: type[Model]) -> Model:
    """Check a document against a pydantic model.

    Parameters
    ----------
    document : Document
        What was read.
    model : type
        A model of :mod:`dlrrc_core.records` or :mod:`dlrrc_core.checklist`.

    Returns
    -------
    Model
        The validated, frozen record.

    Raises
    ------
    DataError
        With every error of the file, each at its line.
    """
    try:
        return model.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        raise DataError(_explain(document, detail) for detail in error.errors(include_url=False)) from error


def _explain(document: Document, detail: Any) -> Problem:
    """Turn one pydantic error into a problem with found, allowed and fix."""
    location = tuple(detail["loc"])
    name = ".".join(str(key) for key in location) or "the file"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return document.problem(location[:-1], f"'{name}' is missing", "every required key", f"add '{location[-1]}:'")
    if kind == "extra_forbidden":
        return document.problem(
            location, f"unknown key '{name}'", "only keys of the schema", "check the spelling or delete it"
        )
    value, written = detail["input"], document.written(location)
    kinds = {dict: "a mapping", list: "a list", type(None): "empty"}
    shown = shorten(repr(value), 100, placeholder="...") if len(repr(value)) > 100 else repr(value)
    found = f"{name} is {kinds.get(type(value), shown)}"
    if isinstance(value, bool) and kind == "string_type":
        return document.problem(
            location,
            f"{name} is {written} without quotes, which YAML reads as {str(value).lower()}",
            "text",
            f"write '{written.lower()}' in quotes",
        )
    if kind == "string_type" and isinstance(value, (int, float)):
        return document.problem(location, f"{name} is the number {written}", "text", f"write '{written}' in quotes")
    if kind == "model_type":
        return document.problem(location, found, "keys with values")
    allowed = str(context.get("expected") or context.get("pattern") or detail["msg"])
    return document.problem(location, found, allowed)
