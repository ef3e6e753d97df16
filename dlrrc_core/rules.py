"""The rules that records obey, with permanent ids, read from ``rules.yaml`` beside this file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from dlrrc_core import strict_yaml
from dlrrc_core.problems import UsageError

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    id : str
        For instance ``DLRRC-ITEM-003``; never used for another rule.
    severity : {"error", "warning", "info"}
        The rule says MUST, SHOULD or MAY.
    says, why, fix : str
        The rule, its reason, and how to mend what breaks it.
    """

    id: str
    severity: Severity
    says: str
    why: str
    fix: str

    @property
    def group(self) -> str:
        """Return the middle of the id: ``ITEM``."""
        return self.id.split("-")[1]


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by id, in the order of ``rules.yaml``.

    Returns
    -------
    dict of str to Rule
    """
    text = files("dlrrc_core").joinpath("rules.yaml").read_text(encoding="utf-8")
    return {entry["id"]: Rule(**entry) for entry in strict_yaml.parse(text, "rules.yaml").data}


def find_rule(name: str) -> Rule:
    """Return the rule of an id.

    Parameters
    ----------
    name : str
        Id, in upper or lower case; ``DLRRC-`` may be left out.

    Returns
    -------
    Rule

    Raises
    ------
    UsageError
        With the nearest id when it is unknown.
    """
    wanted = name.strip().upper()
    if not wanted.startswith("DLRRC-"):
        wanted = f"DLRRC-{wanted}"
    if wanted in rules():
        return rules()[wanted]
    groups = list(dict.fromkeys(rule.group for rule in rules().values()))
    near = get_close_matches(wanted[:40], list(rules()), n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise UsageError(f"unknown rule '{name}'; allowed: the ids that `dlrrc rules` lists, of {', '.join(groups)}{hint}")


def as_data() -> list[dict[str, str]]:
    """Return all rules as plain data, for pages and other programs.

    Returns
    -------
    list of dict
        ``id``, ``group``, ``severity``, ``says``, ``why`` and ``fix`` of each rule, in the order of ``rules.yaml``.
    """
    return [{"group": rule.group, **asdict(rule)} for rule in rules().values()]
