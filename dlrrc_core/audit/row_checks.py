"""The checks of a paper's printed results: metrics, AUC, intervals, and class counts shared by rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlrrc_core.audit.counts import check_auc, check_same_counts
from dlrrc_core.audit.feasible import search
from dlrrc_core.audit.findings import NOTE, Finding, from_side_check
from dlrrc_core.audit.forms import NAMES, normal_name
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.metrics import RowAudit, audit_row
from dlrrc_core.audit.printed import parse_row
from dlrrc_core.audit.proportions import check_interval
from dlrrc_core.problems import UsageError
from dlrrc_core.records import Paper, PrintedResult

MEANS = {
    "folds": "they come from cross-validation, and may be means over folds",
    "readers": "they are means over readers",
    "classes": "there are more than two classes",
    "images": "they are means over images",
    "runs": "they are means over runs",
    "unknown": "they are called means, and of what is not said",
}
OVERLAPS = ("dice", "f1", "jaccard")  # in segmentation these count pixels, and are averaged over images
IMAGE_TASKS = ("segmentation", "synthesis")
PROPORTIONS = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "fdr", "fpr", "fnr")
INTERVAL = re.compile(r"\(?\[?\s*([\d.]+\s*%?)\s*(?:-|–|,|;|to)\s*([\d.]+\s*%?)\s*\]?\)?")
SHARED_MOST = 400  # cases up to which the class counts of a row are enumerated
FEW = 3  # matrices that a message lists


def row_findings(name: str, paper: Paper) -> Iterator[Finding]:
    """Yield the findings about every printed row of a paper.

    Parameters
    ----------
    name : str
        Id of the paper.
    paper : Paper
        Its record.

    Yields
    ------
    Finding
        At most one of kind ``metrics`` per row, one of kind ``auc`` where the class counts are known, one per interval.
    """
    for row in paper.results:
        if (found := metrics_finding(name, paper, row)) is not None:
            yield found
        yield from _auc(name, row)
        yield from _intervals(name, row)
    yield from _shared(name, paper)


def where_of(row: PrintedResult) -> str:
    """Return the place of a row: where it is printed, and what it is about."""
    about = [row.split, row.data, row.model, row.subset, f"by {row.level}" if row.level else None]
    return "; ".join(str(part) for part in (row.where, *about) if part)


def printed_of(row: PrintedResult, names: list[str] | None = None) -> str:
    """Return the values of a row as printed."""
    return ", ".join(f"{key} {value}" for key, value in row.values.items() if names is None or key in names)


def metrics_finding(name: str, paper: Paper, row: PrintedResult) -> Finding | None:
    """Return the finding about a row's metrics; None for a row that prints none.

    Parameters
    ----------
    name : str
        Id of the paper.
    paper : Paper
        Its record; the other numbers of cases it prints are tried as diagnoses.
    row : PrintedResult
        The row.
    """
    metrics = {key: value for key, value in row.values.items() if normal_name(key) in NAMES}
    if not metrics:
        return None
    reason = untestable(paper, row, metrics)
    try:
        found = audit_row(
            metrics,
            row.n,
            row.n_pos,
            row.n_neg,
            mode="auto",
            level=row.level or "case",
            untestable=reason,
            other_n=other_sizes(paper, row),
        )
    except UsageError as error:
        found = RowAudit("untestable", assumptions=(str(error),))
    edits = tuple(_edit(diagnosis.as_dict()) for diagnosis in found.diagnoses)
    assumptions = found.assumptions if found.verdict in ("consistent", "uninformative") else (*found.assumptions, NOTE)
    printed = printed_of(row, list(metrics))
    return Finding(
        name, "metrics", where_of(row), found.verdict, words(found), printed, assumptions, found.derivation, edits
    )


def untestable(paper: Paper, row: PrintedResult, metrics: dict[str, str]) -> str:
    """Return why the values of a row are not those of one confusion matrix, empty when nothing says so."""
    if row.averaged_over is not None:
        return MEANS[row.averaged_over]
    if any("±" in value or "+/-" in value or re.search(r"\d\s*[(\[]", value) for value in metrics.values()):
        return "they are printed with a spread, so they are means"
    if paper.study.task in IMAGE_TASKS and any(normal_name(key) in OVERLAPS for key in metrics):
        return MEANS["images"]
    vague = [
        f"{key} '{value}'"
        for key, value in metrics.items()
        if not re.fullmatch(r"[-+]?[\d.]+ ?(%|percent)?", value.strip())
    ]
    return f"{', '.join(vague)} is no single number" if vague else ""


def other_sizes(paper: Paper, row: PrintedResult) -> dict[str, int | tuple[int, int]]:
    """Return the other numbers of cases that the paper prints for its rows."""
    found: dict[str, int | tuple[int, int]] = {}
    for other in paper.results:
        about = f"{other.split or 'a row'} by {other.level or 'case'}"
        if other.n_pos is not None and other.n_neg is not None and (other.n_pos, other.n_neg) != (row.n_pos, row.n_neg):
            found[about] = (other.n_pos, other.n_neg)
        elif other.n is not None and other.n != row.n:
            found.setdefault(about, other.n)
    return found


def words(found: RowAudit) -> str:
    """Return the verdict of a row in one sentence."""
    sentences = {
        "impossible-any-n": "The printed values cannot all be right, whatever the number of cases.",
        "impossible": "The printed values cannot all be right under the stated denominators.",
        "impossible-rounding": f"The printed values fit the stated denominators only if they are not rounded ({found.fits}).",
        "untestable": "Not tested: one confusion matrix does not give these values.",
        "uninformative": "So many confusion matrices fit, or so little is known of the number of cases, that the test says nothing.",
    }
    if found.verdict != "consistent":
        return sentences[found.verdict]
    if found.matrices_total == 1:
        m = found.matrices[0]
        return f"One confusion matrix fits: TP {m.tp}, FN {m.fn}, FP {m.fp}, TN {m.tn}."
    return f"{found.matrices_total} confusion matrices fit."


def _edit(diagnosis: dict[str, object]) -> str:
    """Return a diagnosis in words, with its matrix when there is one only."""
    matrix = diagnosis["matrix"]
    if diagnosis["matrices_total"] == 1 and isinstance(matrix, dict):
        return f"{diagnosis['edit']} (TP {matrix['tp']}, FN {matrix['fn']}, FP {matrix['fp']}, TN {matrix['tn']})"
    many = diagnosis["matrices_total"]
    return f"{diagnosis['edit']} ({many} matrices)" if many is not None else str(diagnosis["edit"])


def _auc(name: str, row: PrintedResult) -> Iterator[Finding]:
    """Yield whether a printed AUC is one that the numbers of cases allow."""
    auc = row.values.get("auc")
    if auc is None or not row.n_pos or not row.n_neg or row.averaged_over or not re.fullmatch(r"[\d.]+ ?%?", auc):
        return
    yield from_side_check(name, "auc", where_of(row), f"auc {auc}", check_auc(auc, row.n_pos, row.n_neg))


def _intervals(name: str, row: PrintedResult) -> Iterator[Finding]:
    """Yield how printed intervals of proportions can have been made."""
    denominators = {"accuracy": row.n, "sensitivity": row.n_pos, "specificity": row.n_neg}
    for key, value in row.values.items():
        measure, match = key.removesuffix("_ci"), INTERVAL.fullmatch(value.strip())
        if not key.endswith("_ci") or measure not in PROPORTIONS or match is None:
            continue
        n = denominators.get(measure) or None
        found = check_interval(match[1], match[2], row.values.get(measure), n=n)
        printed = f"{measure} {row.values.get(measure, '')} ({value})"
        yield from_side_check(name, "interval", where_of(row), printed, found)


def _shared(name: str, paper: Paper) -> Iterator[Finding]:
    """Yield whether rows about the same cases allow one common pair of class counts."""
    groups: dict[tuple[object, ...], list[PrintedResult]] = {}
    for row in paper.results:
        metrics = {key: value for key, value in row.values.items() if normal_name(key) in NAMES}
        if row.n and row.n <= SHARED_MOST and len(metrics) > 1 and not untestable(paper, row, metrics):
            groups.setdefault((row.split, row.data, row.level, row.n, row.subset), []).append(row)
    for (split, _, level, n, _), rows in groups.items():
        pairs = {f"{i} {row.model or ''}".strip(): _class_counts(row) for i, row in enumerate(rows, 1)}
        pairs = {
            about: counts for about, counts in pairs.items() if counts != set()
        }  # such a row has a finding of its own
        if len(pairs) < 2:
            continue
        where = f"{split or 'rows'} by {level or 'case'}, N = {n}: {', '.join(sorted({r.where or '' for r in rows}))}"
        yield from_side_check(name, "same counts", where, f"{len(pairs)} rows", check_same_counts(pairs))


def _class_counts(row: PrintedResult) -> set[tuple[int, int]] | None:
    """Return the pairs of positives and negatives that a row's values allow under rounding; None where they cannot be listed."""
    metrics = {key: value for key, value in row.values.items() if normal_name(key) in NAMES}
    found = search(parse_row(metrics), Frame.of(row.n), "rounding", limit=200_000)
    return {(m.tp + m.fn, m.fp + m.tn) for m in found.matrices} if found.exact else None
