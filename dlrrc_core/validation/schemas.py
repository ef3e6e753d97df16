"""JSON Schemas of the records, with the items, option codes and fields of this checkout, for editors and other programs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from dlrrc_core.checklist import SPECIAL_CODES, Checklist, Questions
from dlrrc_core.fields import FieldInfo, Published, Raters
from dlrrc_core.problems import DataError, one_of
from dlrrc_core.records import Paper, Rating
from dlrrc_core.repository import Reading

KINDS: dict[str, type[BaseModel]] = {
    "paper": Paper,
    "rating": Rating,
    "field": FieldInfo,
    "published": Published,
    "raters": Raters,
    "questions": Questions,
    "checklist": Checklist,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str, reading: Reading) -> dict[str, Any]:
    """Return the JSON Schema of a kind of record.

    Parameters
    ----------
    kind : {"paper", "rating", "field", "published", "raters", "questions", "checklist"}
        What the file holds.
    reading : Reading
        Records of a checkout: the checklist gives items and codes, the fields their ids.

    Returns
    -------
    dict
        A schema of the dialect 2020-12. Keys of mappings are text, as JSON has them.

    Raises
    ------
    UsageError
        When the kind does not exist.
    DataError
        When the checklist is broken, so that its items are not known.
    """
    model = KINDS[one_of(kind, KINDS, "kind of record")]
    if reading.checklist is None:
        raise DataError(problem for problem in reading.problems if "data/checklist/" in problem.file)
    found: dict[str, Any] = {"$schema": DIALECT, **model.model_json_schema()}
    if kind == "paper":
        found["properties"]["fields"]["items"]["enum"] = list(reading.fields)
    elif kind == "rating":
        found["properties"]["checklist"] = {"const": reading.checklist.id}
        found["properties"]["answers"] = _answers(reading.checklist)
        _require_all_when_complete(found, reading.checklist)
    elif kind == "questions":
        items = {str(number): {"$ref": "#/$defs/Question"} for number in reading.checklist.items}
        found["properties"]["questions"] = {"type": "object", "properties": items, "additionalProperties": False}
    return found


def _answers(checklist: Checklist) -> dict[str, Any]:
    """Return the schema of all answers: one key per item, with its title and the codes of its scale."""
    items = {}
    for number, item in checklist.items.items():
        codes = [*checklist.units[number], *SPECIAL_CODES, None]
        items[str(number)] = {
            "title": item.title,
            "description": f"{item.asks} {item.guidance}",
            "allOf": [{"$ref": "#/$defs/Answer"}, {"properties": {"answer": {"enum": codes}}}],
        }
    return {"type": "object", "properties": items, "additionalProperties": False}


def _require_all_when_complete(found: dict[str, Any], checklist: Checklist) -> None:
    """Add to a schema of ratings that a complete one answers every item."""
    answered = {"properties": {"answer": {"not": {"type": "null"}}}}
    every = {str(number): answered for number in checklist.items}
    found["if"] = {"properties": {"status": {"const": "complete"}}}
    found["then"] = {"properties": {"answers": {"required": list(every), "properties": every}}}
