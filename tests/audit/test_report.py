"""The audit of the records: findings that were worked out by hand, shapes, and what is never tested as one matrix."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from conftest import dlrrc

from dlrrc_core.audit import kept
from dlrrc_core.audit.findings import CHECKS, VERDICTS, Finding
from dlrrc_core.audit.report import audit, audit_statistics
from dlrrc_core.audit.row_checks import metrics_finding, row_findings
from dlrrc_core.audit.study_checks import _same, read_table
from dlrrc_core.problems import UsageError
from dlrrc_core.records import Paper, PrintedResult
from dlrrc_core.repository import Repository


@pytest.fixture(scope="module")
def findings(repo: Repository) -> tuple[Finding, ...]:
    """Return every finding of every paper."""
    return audit(repo, repo.papers)


def of(findings: tuple[Finding, ...], paper: str, check: str) -> list[Finding]:
    return [finding for finding in findings if (finding.paper, finding.check) == (paper, check)]


def test_image_level_row_of_zuo2021(findings: tuple[Finding, ...]) -> None:
    row = next(
        f for f in of(findings, "zuo2021", "metrics") if "by image" in f.where and f.verdict == "impossible-any-n"
    )
    assert row.printed == "accuracy 93.3333%, sensitivity 88.2353%, specificity 86.6667%"
    assert row.edits[0] == "sensitivity is ppv (TP 15, FN 0, FP 2, TN 13)"
    assert any("which no table satisfies" in line for line in row.derivation)
    assert any("publisher's copy" in line for line in row.assumptions)


def test_rows_of_li2025_by_counting_all_tables(findings: tuple[Finding, ...], repo: Repository) -> None:
    """Each row with 41/51 or 100/114 patients is recounted over all tables in fractions, one unit of the last digit either way."""
    rows = [
        row for row in repo.papers["li2025"].results if row.n_pos and {"sensitivity", "specificity"} <= set(row.values)
    ]
    found = of(findings, "li2025", "metrics")
    assert len(rows) >= 15
    for row in rows:
        p, q = row.n_pos, row.n_neg
        assert p
        assert q
        unit = Fraction(1, 1000)

        def near(share: Fraction, name: str, row: PrintedResult = row, unit: Fraction = unit) -> bool:
            return name not in row.values or abs(share - Fraction(row.values[name])) < unit

        possible = any(
            near(Fraction(tp, p), "sensitivity")
            and near(Fraction(tn, q), "specificity")
            and near(Fraction(tp + tn, p + q), "accuracy")
            for tp, tn in product(range(p + 1), range(q + 1))
        )
        printed = ", ".join(
            f"{k} {v}" for k, v in row.values.items() if k in ("accuracy", "sensitivity", "specificity")
        )
        verdicts = {f.verdict for f in found if f.printed == printed and str(row.model) in f.where}
        assert verdicts
        assert (verdicts == {"impossible"}) != possible


def test_every_finding_is_well_formed(findings: tuple[Finding, ...], repo: Repository) -> None:
    assert {f.paper for f in findings} <= set(repo.papers)
    assert {f.check for f in findings} <= set(CHECKS)
    assert {f.verdict for f in findings} <= set(VERDICTS)
    for finding in findings:
        assert finding.message.endswith("."), finding
        assert finding.where
        if finding.group == "cannot be":
            assert finding.derivation, finding
            assert any("publisher's copy" in line for line in (*finding.assumptions, finding.message))
        words = f"{finding.message} {' '.join(finding.derivation)} {' '.join(finding.edits)}".lower()
        assert not [
            word for word in ("fraud", "fabricat", "misconduct", "manipulat", "fake", "dishonest") if word in words
        ]


def test_every_printed_metric_has_a_finding(findings: tuple[Finding, ...], repo: Repository) -> None:
    """One finding per printed row with a metric of one matrix, whatever comes out."""
    names = {
        "accuracy",
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
        "f1",
        "dice",
        "iou",
        "jaccard",
        "fdr",
        "mcc",
        "balanced_accuracy",
        "fpr",
        "fnr",
    }
    for paper, record in repo.papers.items():
        rows = [row for row in record.results if names & set(row.values)]
        assert len(of(findings, paper, "metrics")) == len(rows), paper


@pytest.mark.parametrize("what", ["folds", "readers", "classes", "images", "runs", "unknown"])
def test_means_are_never_tested_as_one_matrix(repo: Repository, what: str) -> None:
    paper = repo.papers["zuo2021"]
    impossible = next(row for row in paper.results if row.values.get("sensitivity") == "88.2353%")
    mean = PrintedResult(**{**impossible.model_dump(), "averaged_over": what})
    found = metrics_finding("zuo2021", paper, mean)
    assert found is not None
    assert (found.verdict, found.derivation, found.edits) == ("untestable", (), ())


@pytest.mark.parametrize("value", ["0.86 ± 0.02", "0.86 (0.02)", "about 0.86", "0.64-0.98", "86,5", "high", "120%"])
def test_values_that_are_no_single_number_are_untestable(repo: Repository, value: str) -> None:
    row = PrintedResult(values={"accuracy": value, "sensitivity": "0.9"}, n=50)
    found = metrics_finding("zuo2021", repo.papers["zuo2021"], row)
    assert found is not None
    assert found.verdict == "untestable"


def test_dice_of_a_segmentation_is_untestable_and_of_a_classification_is_f1(repo: Repository) -> None:
    row = PrintedResult(values={"dice": "0.867"}, n=30, n_pos=15, n_neg=15)
    segmentation = next(paper for paper in repo.papers.values() if paper.study.task == "segmentation")
    verdicts = [metrics_finding("x", paper, row) for paper in (segmentation, repo.papers["zuo2021"])]
    assert [f.verdict for f in verdicts if f] == ["untestable", "consistent"]  # 26/30: TP 13, FN 2, FP 2


def test_a_row_with_several_numbers_of_cases_gets_them_as_edits(repo: Repository) -> None:
    """44 of 52 = 0.846, but not of 50; the paper prints 52 elsewhere."""
    paper = repo.papers["zuo2021"]
    rows = (
        PrintedResult(values={"accuracy": "0.846"}, n=50, level="patient"),
        PrintedResult(values={"auc": "0.9"}, n=52, level="image"),
    )
    changed: Paper = paper.model_copy(update={"results": rows})
    found = next(f for f in row_findings("zuo2021", changed) if f.check == "metrics")
    assert found.verdict == "impossible"
    assert any("52" in edit for edit in found.edits)


@pytest.mark.parametrize(
    ("quoted", "source", "same"),
    [
        ("96.9%", "96.8640%", True),
        ("94.1%", "94.0271%", False),
        ("0.85", "about 0.85", True),
        ("88%", "0.88", False),
        ("0.90", "0.9", True),
        ("76-80%", "76–80 %", True),
        ("93.3%", "93.25%", True),  # halves go either way
    ],
)
def test_quotations_may_be_rounded(quoted: str, source: str, same: bool) -> None:
    assert _same(quoted, source) is same


def test_kept_findings_are_those_of_a_fresh_run(
    findings: tuple[Finding, ...], repo: Repository, checkout: object
) -> None:
    elsewhere = replace(repo, root=checkout)  # an empty _build, the same records and tables
    first, second = kept.audit(elsewhere, repo.papers), kept.audit(elsewhere, repo.papers)
    assert sorted(map(repr, first)) == sorted(map(repr, findings))
    assert first == second
    (elsewhere.root / kept.KEPT).write_text('{"zuo2021": ', encoding="utf-8")  # cut off
    assert kept.audit(elsewhere, ["zuo2021"]) == tuple(f for f in first if f.paper == "zuo2021")
    rows = repo.papers["zuo2021"].results[:1]
    changed = replace(
        elsewhere, papers={**repo.papers, "zuo2021": repo.papers["zuo2021"].model_copy(update={"results": rows})}
    )
    assert len(of(kept.audit(changed, ["zuo2021"]), "zuo2021", "metrics")) == 1


def test_counts_add_up(findings: tuple[Finding, ...]) -> None:
    counts = audit_statistics(findings)
    assert counts["total"] == len(findings) == sum(counts["groups"].values()) == sum(counts["verdicts"].values())
    assert sum(sum(groups.values()) for groups in counts["checks"].values()) == len(findings)


def test_unknown_papers_are_refused(repo: Repository) -> None:
    for run in (audit, kept.audit):
        with pytest.raises(UsageError, match="unknown paper 'zuo2022'"):
            run(repo, ["zuo2022"])


def test_command_audit_has_the_documented_shape() -> None:
    result = dlrrc("audit", "--paper", "zuo2021", "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found = json.loads(result.stdout)["findings"]
    assert {"paper", "check", "where", "verdict", "message", "derivation"} <= set(found[0])
    assert next(f["verdict"] for f in found if f["check"] == "metrics") == "impossible-any-n"
    assert all(isinstance(f["derivation"], str) for f in found)
    assert dlrrc("audit", "--paper", "nobody").returncode == 2


ZUO = ("--accuracy", "93.3333%", "--sensitivity", "88.2353%", "--specificity=86.6667%")


def test_command_audit_metrics_has_the_documented_shape() -> None:
    result = dlrrc("audit-metrics", "--n", "30", "--pos", "15", "--neg", "15", *ZUO, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["verdict"], found["matrices_total"], found["matrices"]) == ("impossible-any-n", 0, [])
    assert found["diagnoses"][0]["edit"] == "sensitivity is ppv"
    assert found["diagnoses"][0]["matrix"] == {"tp": 15, "fn": 0, "fp": 2, "tn": 13}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--accuracy", "abc"), "accuracy: 'abc'"),
        (("--accuracy", "120 %"), "accuracy: '120 %'"),
        (("--accuracy", "93,3"), "write a point"),
        (("--accuracy", ""), "accuracy: ''"),
        (("--accuracy", "-0.3"), "accuracy: '-0.3'"),
        (("--n", "0", "--accuracy", "0.9"), "n: 0"),
        (("--n", "-5", "--accuracy", "0.9"), "n: -5"),
        (("--n", "30", "--pos", "40", "--accuracy", "0.9"), "n_pos"),
        (("--sensitivty", "0.9"), "sensitivity"),
        (("--accuracy",), "--accuracy has no value"),
        (("accuracy", "0.9"), "'accuracy' stands alone"),
        (("--accuracy", "0.9", "--accuracy", "0.8"), "given twice"),
        (("--n", "30"), "no metric given"),
    ],
)
def test_bad_input_names_field_and_value(words: tuple[str, ...], said: str) -> None:
    result = dlrrc("audit-metrics", *words)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_changed_table_is_read_again(checkout: Path) -> None:
    path = checkout / "data/audit/training_claims.csv"
    rows = read_table(path)
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8")
    assert len(read_table(path)) == len(rows) - 1
    path.unlink()
    assert read_table(path) == []
