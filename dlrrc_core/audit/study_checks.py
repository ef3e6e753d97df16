"""The checks of what a paper says about its study: tables of counts, software, networks and computing, and what others quote from it."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from dlrrc_core.audit import hardware, network
from dlrrc_core.audit.compute import Assessment, check_memory, check_time
from dlrrc_core.audit.counts import check_percents
from dlrrc_core.audit.findings import NOTE, Finding, from_side_check
from dlrrc_core.audit.p_values import check_p
from dlrrc_core.audit.sidecheck import window
from dlrrc_core.audit.software import check_software
from dlrrc_core.audit.tests_of_counts import contingency
from dlrrc_core.records import Paper

Rows = list[dict[str, str]]
NUMBER = re.compile(r"-?[\d.]+%?")


def read_table(path: Path) -> Rows:
    """Return the rows of a table of ``data/audit``, empty when there is no such table."""
    return _read_at(path, path.stat().st_mtime_ns) if path.is_file() else []


@lru_cache(maxsize=8)
def _read_at(path: Path, changed: int) -> Rows:
    """Read each table once per change: every paper looks into all of them."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def count_findings(name: str, folder: Path) -> Iterator[Finding]:
    """Yield the findings about a paper's tables of counts: percentages and P values.

    Parameters
    ----------
    name : str
        Id of the paper.
    folder : Path
        ``data/audit``.
    """
    rows = [row for row in read_table(folder / "count_tables.csv") if row["paper"] == name]
    tables: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in rows:
        tables[row["where"], row["variable"]].append(row)
    for (where, variable), cells in tables.items():
        place = f"{where}: {variable}"
        yield from _percentages(name, place, cells)
        yield from _test(name, place, cells)


def _percentages(name: str, place: str, cells: Rows) -> Iterator[Finding]:
    """Yield one finding per group of cells with printed percentages."""
    groups: dict[tuple[str, str], dict[str, tuple[str, int]]] = defaultdict(dict)
    for cell in cells:
        if cell["percent_printed"] and cell["count"] and cell["total"]:
            groups[cell["group"], cell["total"]][cell["category"]] = (cell["percent_printed"], int(cell["count"]))
    for (group, total), printed in groups.items():
        text = ", ".join(f"{category} {count} ({percent})" for category, (percent, count) in printed.items())
        found = check_percents(printed, int(total))
        yield from_side_check(name, "percentage", f"{place}, {group} (n = {total})" if group else place, text, found)


def _test(name: str, place: str, cells: Rows) -> Iterator[Finding]:
    """Yield whether the printed P value of a table comes from its counts."""
    p = {cell["p_printed"] for cell in cells if cell["p_printed"]}
    groups = list(dict.fromkeys(cell["group"] for cell in cells))
    categories = list(dict.fromkeys(cell["category"] for cell in cells))
    counts = {(cell["group"], cell["category"]): int(cell["count"]) for cell in cells if cell["count"]}
    if len(p) != 1 or min(len(groups), len(categories)) < 2 or len(counts) != len(groups) * len(categories):
        return
    table = [[counts[group, category] for category in categories] for group in groups]
    statistic = next((cell["statistic_printed"] for cell in cells if cell["statistic_printed"]), None)
    named = any("chi" in cell["test_named"] or "Fisher" in cell["test_named"] for cell in cells)
    printed = p.pop()
    found = check_p(printed, contingency(table), statistic=statistic or None, named=named)
    text = "; ".join(f"{group} {', '.join(map(str, row))}" for group, row in zip(groups, table, strict=True))
    yield from_side_check(name, "p value", place, f"{text}; P {printed}", found)


def software_findings(name: str, paper: Paper) -> Iterator[Finding]:
    """Yield the findings about the versions that a paper or its repository states."""
    for source, claims in paper.software.items():
        if not isinstance(claims, dict):
            continue
        when = str(paper.published or paper.year) if paper.year else None
        for found in check_software(claims, when):
            printed = ", ".join(f"{product} {version}" for product, version in claims.items())
            yield Finding(
                name,
                "software",
                f"software, {source}",
                found.verdict,
                f"{found.about}: {found.message}.",
                printed,
                (NOTE,),
                found.rows,
            )


def training_findings(name: str, folder: Path) -> Iterator[Finding]:
    """Yield the findings about parameters, memory and time of training.

    Parameters
    ----------
    name : str
        Id of the paper.
    folder : Path
        ``data/audit``.
    """
    for row in read_table(folder / "training_claims.csv"):
        if row["paper"] != name:
            continue
        place = f"{row['where']}: {row['model']}"
        if row["parameters_total"] or row["parameters_trainable"]:
            yield _parameters(name, place, row)
        card, backbone = hardware.find_card(row["gpu"]) if row["gpu"] else None, row["backbone"]
        printed = ", ".join(f"{key} {row[key]}" for key in ("batch", "images", "epochs", "hours", "gpu") if row[key])
        if not backbone:
            text = "The network is not in the catalogue, so nothing is computed."
            yield Finding(name, "time", place, "unknown", text, printed)
            continue
        size = tuple(int(n) for n in row["size"].split("x"))
        count = network.count(backbone, int(row["classes"] or 2), "one-layer", size, int(row["channels"]))
        number = int(row["gpus"] or 1)
        memory = check_memory(
            count, _whole(row["batch"]), card, number, row["optimiser"] or None, row["precision"] or None
        )
        yield _assessed(name, "memory", place, printed, memory)
        time = check_time(count, _number(row["images"]), _number(row["epochs"]), _number(row["hours"]), card, number)
        yield _assessed(name, "time", place, printed, time)


def _parameters(name: str, place: str, row: dict[str, str]) -> Finding:
    """Return which networks have the printed numbers of parameters."""
    total, trainable = (_whole(row[key].replace(",", "")) for key in ("parameters_total", "parameters_trainable"))
    printed = (
        f"total {row['parameters_total'] or 'not printed'}, trainable {row['parameters_trainable'] or 'not printed'}"
    )
    found = network.explain(total, trainable)
    both = [e for e in found if (e.total or total is None) and (e.trainable or trainable is None)]
    shown = both or found
    lines = tuple(
        f"{e.network.backbone}, head {e.network.head}, {e.network.classes} classes, {e.network.channels} channels: "
        f"{e.network.trainable:,} trainable and {e.network.moving:,} moving statistics; gives the printed "
        f"{' and '.join(what for what, yes in (('total', e.total), ('trainable count', e.trainable)) if yes)}"
        for e in shown
    )
    assumptions = ("networks of the catalogue with 1 to 20 or 1000 classes and 1 or 3 channels were tried", NOTE)
    if both:
        nets = sorted({f"{e.network.backbone} with {e.network.classes} classes" for e in both})
        return Finding(
            name,
            "parameters",
            place,
            "consistent",
            f"{' or '.join(nets)} has these numbers.",
            printed,
            assumptions,
            lines,
        )
    if found:
        text = "No network that was tried has both numbers; each comes from another one."
        return Finding(name, "parameters", place, "not reproduced", text, printed, assumptions, lines)
    text = "No network that was tried has one of these numbers."
    return Finding(name, "parameters", place, "no network found", text, printed, assumptions)


def _assessed(name: str, check: str, place: str, printed: str, found: Assessment) -> Finding:
    """Return an assessment as a finding."""
    steps = tuple(f"{s.name}: {s.low:.3g} to {s.high:.3g} {s.unit} ({s.assumption})" for s in found.steps)
    message = f"{found.message[0].upper()}{found.message[1:]}."
    return Finding(
        name,
        check,
        place,
        found.verdict,
        message,
        printed,
        ("each step below has a range; nothing narrower is claimed",),
        steps,
    )


def quotation_findings(names: Iterable[str], folder: Path) -> Iterator[Finding]:
    """Yield the findings about results that other papers and reviews quote, filed under the paper that is quoted.

    Parameters
    ----------
    names : iterable of str
        Ids of the papers wanted.
    folder : Path
        ``data/audit``.
    """
    wanted = set(names)
    for row in read_table(folder / "quoted_results.csv"):
        if row["quoted_paper"] not in wanted:
            continue
        source, quoted = row["value_in_source"], row["value_quoted"]
        same = "same as its source" if _same(quoted, source) else "differs from its source"
        verdict = same if source else "source not seen"
        said = f"{row['review']} quotes {row['metric']} as {quoted}"
        message = f"{said}; the source was not seen." if not source else f"{said}; the source prints {source}."
        lines = tuple(
            f"{key}: {row[column]}"
            for key, column in {"source": "place_in_source", "note": "note"}.items()
            if row[column]
        )
        place = f"{row['review']}, {row['place_in_review']}"
        yield Finding(row["quoted_paper"], "quotation", place, verdict, message, quoted, (NOTE,), lines)


def _same(quoted: str, source: str) -> bool:
    """Return whether a quoted value is the one of its source, as it stands there or rounded to fewer digits."""
    here, there = _plain(quoted), _plain(source)
    if here == there:
        return True
    if not (NUMBER.fullmatch(here) and NUMBER.fullmatch(there)) or here.endswith("%") != there.endswith("%"):
        return False
    near = window(here)
    return near.low <= Fraction(there.rstrip("%")) / (100 if there.endswith("%") else 1) <= near.high


def _plain(text: str) -> str:
    """Return a printed value without spaces and with one kind of percent and dash."""
    return text.replace(" ", "").replace("percent", "%").replace("–", "-").removeprefix("about").rstrip(".")


def _number(text: str) -> float | None:
    """Return a number of a table, None for an empty cell."""
    return float(text) if text else None


def _whole(text: str) -> int | None:
    """Return a whole number of a table, None for an empty cell."""
    return int(text) if text else None
