"""YAML files read strictly: every value keeps its place, and what YAML would hide is an error.

PyYAML parses; this module refuses what a contributor cannot have meant (duplicate keys, aliases, tags, very large files) and
remembers the line of every value, so that a message can point at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from dlrrc_core.problems import DataError, Problem, relative
from dlrrc_core.records import Doi, Identifier, Url
from dlrrc_core.text_files import read_text

MAX_VALUES = 20_000  # the largest record has a tenth of it
MAX_PROBLEMS = 500  # of one file: a hostile file may hold one in every second byte
LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml where it is there: the same nodes, ten times faster
MAX_DEPTH = 12
Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]
PATTERN_RULES = {  # rules of their own for the texts with a fixed form
    get_args(kind)[1].pattern: rule
    for kind, rule in ((Doi, "DLRRC-DOI-001"), (Identifier, "DLRRC-ID-001"), (Url, "DLRRC-URL-001"))
}


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

    def problem(self, location: Location, found: str, allowed: str, fix: str = "", rule: str = "") -> Problem:
        """Return a problem at ``location``, or at its nearest parent that stands in the file."""
        keys = tuple(str(key) for key in location)
        value = self.places[keys][2] if keys in self.places else ""
        while keys not in self.places and keys:
            keys = keys[:-1]
        line, column, _ = self.places.get(keys, (1, 1, ""))
        return Problem(self.file, line, column, found, allowed, fix, rule, value or None)

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
    return parse(read_text(path, root), file)


def parse(text: str, file: str) -> Document:
    """Parse YAML text; see :func:`load`."""
    try:
        problems = list(islice(_forbidden_events(text, file), MAX_PROBLEMS))
        if problems:
            raise DataError(problems)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise DataError(
            [Problem(file, line, column, f"not YAML: {what}", "YAML", "check indentation and quotes", "DLRRC-YAML-001")]
        ) from error
    except yaml.YAMLError as error:  # for instance a control character
        found = f"not YAML: {' '.join(str(error).split())}"
        raise DataError([Problem(file, 1, 1, found, "YAML", rule="DLRRC-YAML-001")]) from error
    places: dict[Location, tuple[int, int, str]] = {}
    data = _plain(node, (), places, problems, file) if node is not None else None
    if problems:
        raise DataError(problems)
    return Document(file, data, places)


def _forbidden_events(text: str, file: str) -> Iterator[Problem]:
    """Yield a problem for each alias, tag, second document, for too deep nesting and too many values, before anything is built."""
    depth = documents = 0
    for number, event in enumerate(yaml.parse(text, Loader=LOADER)):
        at: Any = event.start_mark
        line, column = at.line + 1, at.column + 1
        if number > MAX_VALUES:
            found = f"more than {MAX_VALUES} keys, values and brackets"
            yield Problem(file, line, column, found, "less data in one file", rule="DLRRC-YAML-008")
            return
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                found, allowed = "a second YAML document", "one document in a file"
                yield Problem(file, line, column, found, allowed, rule="DLRRC-YAML-002")
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                found = f"nesting deeper than {MAX_DEPTH} levels"
                yield Problem(file, line, column, found, "flatter data", rule="DLRRC-YAML-003")
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if anchor:
            found = f"the anchor or alias '{anchor}'"
            yield Problem(file, line, column, found, "values written out", rule="DLRRC-YAML-004")
        elif tag:
            found = f"the tag '{tag}'"
            yield Problem(file, line, column, found, "plain values without tags", rule="DLRRC-YAML-005")


def _plain(node: yaml.Node, at: tuple[str, ...], places: dict, problems: list[Problem], file: str) -> Any:
    """Turn a YAML node into plain data and note where every value stands."""
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        places[at] = (line, column, "")
        result: dict[Any, Any] = {}
        lines: dict[Any, int] = {}  # of each key, and of each key as text: 1 and "1" are one key, and so are 1 and 1.0
        for key_node, value_node in node.value:
            key_line, key_column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if not isinstance(key_node, yaml.ScalarNode):
                found, allowed = "a list or mapping as a key", "text or a number as key"
                problems.append(Problem(file, key_line, 1, found, allowed, rule="DLRRC-YAML-006"))
                continue
            key = _scalar(key_node)
            if isinstance(key, bool) or key is None:
                key = key_node.value
            first = lines.get(key, lines.get(str(key)))
            if first is not None:
                found = f"the key '{'.'.join((*at, str(key)))}' for the second time (first in line {first})"
                fix = "delete one of the two"
                problems.append(Problem(file, key_line, key_column, found, "each key once", fix, "DLRRC-YAML-007"))
                continue
            result[key] = _plain(value_node, (*at, str(key)), places, problems, file)
            lines[key] = lines[str(key)] = places[(*at, str(key))][0]
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
        details = error.errors(include_url=False)[:MAX_PROBLEMS]
        raise DataError(_explain(document, detail) for detail in details) from error


def _explain(document: Document, detail: Any) -> Problem:
    """Turn one pydantic error into a problem with found, allowed and fix."""
    location = tuple(detail["loc"])
    name = ".".join(str(key) for key in location) or "the file"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        found, fix = f"'{name}' is missing", f"add '{location[-1]}:'"
        return document.problem(location[:-1], found, "every required key", fix, "DLRRC-SCHEMA-001")
    if kind == "extra_forbidden":
        found, fix = f"unknown key '{name}'", "check the spelling or delete it"
        return document.problem(location, found, "only keys of the schema", fix, "DLRRC-SCHEMA-002")
    value, written = detail["input"], document.written(location)
    kinds = {dict: "a mapping", list: "a list", type(None): "empty"}
    shown = shorten(repr(value), 100, placeholder="...") if len(repr(value)) > 100 else repr(value)
    found = f"{name} is {kinds.get(type(value), shown)}"
    if isinstance(value, bool) and kind == "string_type":
        found = f"{name} is {written} without quotes, which YAML reads as {str(value).lower()}"
        return document.problem(location, found, "text", f"write '{written.lower()}' in quotes", "DLRRC-SCHEMA-003")
    if kind == "string_type" and isinstance(value, (int, float)):
        fix = f"write '{written}' in quotes"
        return document.problem(location, f"{name} is the number {written}", "text", fix, "DLRRC-SCHEMA-003")
    allowed = str(context.get("expected") or context.get("pattern") or detail["msg"])
    if kind == "model_type":
        allowed = "keys with values"
    return document.problem(location, found, allowed, rule=_rule_of(kind, context))


def _rule_of(kind: str, context: dict[str, Any]) -> str:
    """Return the rule that a pydantic error breaks."""
    if kind.startswith("date"):
        return "DLRRC-DATE-001"
    if kind.endswith("_type"):
        return "DLRRC-SCHEMA-004"
    if kind in ("literal_error", "enum"):
        return "DLRRC-SCHEMA-005"
    return PATTERN_RULES.get(str(context.get("pattern")), "DLRRC-SCHEMA-006")
