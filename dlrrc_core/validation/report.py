"""Findings of the validator as text, JSON and annotations of GitHub."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from dlrrc_core.problems import Problem, visible
from dlrrc_core.rules import SEVERITIES, Severity, rules

MAX_VALUE = 200  # characters of a value that are shown
COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}  # the workflow commands of GitHub


@dataclass(frozen=True, order=True)
class Finding:
    """A problem with the severity of its rule."""

    problem: Problem

    @property
    def severity(self) -> Severity:
        """Return the severity of the rule; what has no rule is an error."""
        rule = rules().get(self.problem.rule)
        return rule.severity if rule else "error"

    @property
    def fix(self) -> str:
        """Return how to mend it: what fits this value, else the advice of the rule."""
        rule = rules().get(self.problem.rule)
        return visible(self.problem.fix or (rule.fix if rule else ""))

    @property
    def sentence(self) -> str:
        """Return what was found, what is allowed and how to mend it, in one line."""
        return "; ".join([self.problem.what, self.fix] if self.fix else [self.problem.what])

    def as_data(self) -> dict[str, Any]:
        """Return rule, severity, file, line, column, value, allowed, message and fix."""
        problem = self.problem
        value = problem.value
        if value is not None and len(value) > MAX_VALUE:
            value = f"{value[:MAX_VALUE]}..."
        return {
            "rule": problem.rule,
            "severity": self.severity,
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "value": value,
            "allowed": visible(problem.allowed),
            "message": visible(problem.found),
            "fix": self.fix,
        }

    def as_text(self) -> str:
        """Return ``file:line:column: error DLRRC-ITEM-003: found; allowed: ...; how to mend it``."""
        problem = self.problem
        return f"{problem.place}: {self.severity} {problem.rule}: {self.sentence}"

    def as_github(self) -> str:
        """Return a workflow command that GitHub shows beside the line of the file."""
        problem = self.problem
        place = {"file": problem.file}
        if problem.line:
            place |= {"line": str(problem.line), "col": str(max(problem.column, 1))}
        place["title"] = problem.rule
        properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in place.items())
        return f"::{COMMANDS[self.severity]} {properties}::{_escaped(self.sentence)}"


def _escaped(text: str, more: str = "") -> str:
    """Return text as GitHub's runner wants it: per cent, line ends and (in properties) colon and comma as codes."""
    return "".join(f"%{ord(sign):02X}" if sign in "%\r\n" + more else sign for sign in text)


@dataclass(frozen=True)
class Report:
    """Everything that the validator found.

    Attributes
    ----------
    findings : tuple of Finding
        Sorted by file, line and column.
    read : dict of str to int
        How many records were read, by kind: papers, ratings, fields.
    """

    findings: tuple[Finding, ...]
    read: dict[str, int]

    def count(self, severity: Severity) -> int:
        """Return how many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def errors(self) -> int:
        """Return the number of errors."""
        return self.count("error")

    @property
    def by_rule(self) -> dict[str, int]:
        """Return how often each rule is broken, in the order of the rules."""
        found = Counter(finding.problem.rule for finding in self.findings)
        return {rule: found[rule] for rule in rules() if found[rule]}

    def at_least(self, least: Severity) -> list[Finding]:
        """Return the findings that matter at least as much as a severity."""
        kept = SEVERITIES[: SEVERITIES.index(least) + 1]
        return [finding for finding in self.findings if finding.severity in kept]

    def as_json(self, least: Severity = "info") -> str:
        """Return findings of at least a severity as JSON, and the counts of all."""
        found = [finding.as_data() for finding in self.at_least(least)]
        counts = {f"{severity}s": self.count(severity) for severity in SEVERITIES}
        return json.dumps({"findings": found, **counts}, indent=2, ensure_ascii=True)

    def as_text(self, least: Severity = "info") -> str:
        """Return one line per finding of at least a severity, and one with the counts of all."""
        return "\n".join([*(finding.as_text() for finding in self.at_least(least)), self.summary()])

    def as_github(self, least: Severity = "info") -> str:
        """Return one workflow command per finding of at least a severity, and one line with the counts of all."""
        return "\n".join([*(finding.as_github() for finding in self.at_least(least)), self.summary()])

    def summary(self) -> str:
        """Return what was read and how much was found, as one line."""
        read = ", ".join(f"{number} {kind}" for kind, number in self.read.items())
        counts = ", ".join(
            f"{self.count(severity)} {_plural(severity, self.count(severity))}" for severity in SEVERITIES
        )
        return f"{read}: {counts if self.findings else 'no problem'}"


def _plural(severity: Severity, number: int) -> str:
    return {"error": "error", "warning": "warning", "info": "note"}[severity] + ("" if number == 1 else "s")
