"""The audit of one row of printed diagnostic metrics: whether one confusion matrix can have all of them.

A verdict holds under the assumptions that come with it. It says that printed values cannot all be right under the stated
denominators, never why; check the publisher's copy where values come from a converted text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from dlrrc_core.audit.diagnosis import Diagnosis, diagnose
from dlrrc_core.audit.feasible import UNINFORMATIVE, Found, search
from dlrrc_core.audit.forms import NAMES, Matrix, normal_name
from dlrrc_core.audit.metric_elimination import prove_impossible
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.metric_proof import Certificate
from dlrrc_core.audit.metric_words import MODE_WORDS, cells, explain_conflict, explain_fit, explain_proof, show
from dlrrc_core.audit.printed import MODES, Mode, Printed, check_mode, parse_row

Verdict = Literal["impossible-any-n", "impossible", "impossible-rounding", "consistent", "uninformative", "untestable"]
NOT_OF_ONE_MATRIX = frozenset(
    [
        "auc",
        "auroc",
        "roc_auc",
        "pr_auc",
        "auprc",
        "average_precision",
        "brier",
        "log_loss",
        "expected_calibration_error",
        "hd95",
        "assd",
        "c_index",
    ]
)
NOT_A_VALUE = ("_ci", "_sd", "_p", "_range")  # endings of names that hold an interval, a spread or a P value
EVEN_SO = "Each value was allowed to be off by almost one unit of its last digit, whichever way it was rounded."
NONE_FOUND = Found(0, True, [])


@dataclass(frozen=True)
class RowAudit:
    """What is found out about a row of printed values.

    Attributes
    ----------
    verdict : str
        ``impossible-any-n``: no matrix of any size, even if each value is off by almost a whole last digit; ``impossible``: no matrix
        of the stated numbers of cases, even so; ``impossible-rounding``: a matrix only if values were not rounded as stated;
        ``consistent``: at least one matrix; ``uninformative``: 100,000 matrices or more, or no number of cases known;
        ``untestable``: the values are not those of one matrix.
    matrices_total : int
        Number of matrices under the stated mode; 0 where N is unknown.
    exact : bool
        False where counting stopped and there may be more.
    matrices : tuple of Matrix
        The first ones.
    fits : str or None
        Mode of rounding under which a matrix was found.
    diagnoses : tuple of Diagnosis
        Single edits after which the row is consistent, cheapest first.
    assumptions, derivation : tuple of str
        What the verdict rests on, and its reason.
    certificate : Certificate or None
        Proof of ``impossible-any-n``.
    """

    verdict: Verdict
    matrices_total: int = 0
    exact: bool = True
    matrices: tuple[Matrix, ...] = ()
    fits: Mode | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    assumptions: tuple[str, ...] = ()
    derivation: tuple[str, ...] = ()
    certificate: Certificate | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the audit in JSON's types."""
        return {
            "verdict": self.verdict,
            "matrices_total": self.matrices_total,
            "exact": self.exact,
            "fits": self.fits,
            "matrices": [matrix._asdict() for matrix in self.matrices],
            "diagnoses": [diagnosis.as_dict() for diagnosis in self.diagnoses],
            "assumptions": list(self.assumptions),
            "derivation": list(self.derivation),
        }


def audit_row(
    values: Mapping[str, str],
    n: int | None = None,
    n_pos: int | None = None,
    n_neg: int | None = None,
    n_max: int | None = None,
    mode: str = "rounding",
    level: str = "case",
    limit: int = 20,
    untestable: str = "",
    other_n: Mapping[str, int | tuple[int, int]] | None = None,
    with_diagnoses: bool = True,
) -> RowAudit:
    """Test whether one confusion matrix can have all printed values of a row.

    Parameters
    ----------
    values : mapping of str to str
        Printed value by metric (:data:`dlrrc_core.audit.forms.METRICS`, aliases allowed). AUC and other values that one matrix does not
        determine, intervals and spreads are left out, and named in the assumptions.
    n, n_pos, n_neg : int, optional
        Numbers of cases, of positives and of negatives, as far as known.
    n_max : int, optional
        Largest possible number of cases, where ``n`` is not known; at most 10,000.
    mode : {"rounding", "truncation", "ceiling", "any", "auto"}, default "rounding"
        How values were printed; ``auto`` also tries truncation and ceiling where rounding fails, and says which fits.
    level : str, default "case"
        What one count of the matrix is: patient, lesion, image.
    limit : int, default 20
        How many matrices to list.
    untestable : str, optional
        Why the values are not those of one matrix (fold means, reader means, macro averages, several classes, Dice averaged over
        images); nothing is tested then.
    other_n : mapping, optional
        Other numbers of cases that the paper gives; see :func:`dlrrc_core.audit.diagnosis.diagnose`.
    with_diagnoses : bool, default True
        Whether to look for edits where the row is impossible.

    Returns
    -------
    RowAudit

    Raises
    ------
    UsageError
        With every value and number of cases that cannot be.

    Examples
    --------
    >>> row = {"accuracy": "93.3333%", "sensitivity": "88.2353%", "specificity": "86.6667%"}
    >>> audit = audit_row(row, n_pos=15, n_neg=15)
    >>> audit.verdict, audit.diagnoses[0].edit
    ('impossible-any-n', 'sensitivity is ppv')
    """
    check_mode(mode, (*MODES, "auto"))
    if untestable:
        return RowAudit("untestable", assumptions=(f"Not the values of one confusion matrix: {untestable}.",))
    left_out = [name for name in values if _is_left_out(name)]
    row = parse_row({name: text for name, text in values.items() if name not in left_out})
    frame = Frame.of(n, n_pos, n_neg, n_max)
    assumptions = _assumptions(row, frame, mode, level, left_out)
    if not row:
        return RowAudit("untestable", assumptions=tuple(assumptions))
    stated = cast(Mode, "rounding" if mode == "auto" else mode)
    if not frame.largest:
        audit = _without_n(row, stated)
    else:
        found = search(row, frame, stated, limit)
        audit = _with_matrices(found, stated) if found.total else _impossible(row, frame, stated, mode == "auto")
    diagnoses: Sequence[Diagnosis] = ()
    if with_diagnoses and audit.verdict.startswith("impossible"):
        diagnoses = diagnose(row, frame, stated, other_n)
    return RowAudit(**{**vars(audit), "assumptions": tuple(assumptions), "diagnoses": tuple(diagnoses)})


def _is_left_out(name: str) -> bool:
    """Return whether a name is that of a value that one matrix does not determine."""
    if name in NAMES:
        return False
    plain = normal_name(name)
    return plain in NOT_OF_ONE_MATRIX or (plain not in NAMES and plain.endswith(NOT_A_VALUE))


def _with_matrices(found: Found, mode: Mode) -> RowAudit:
    verdict: Verdict = "consistent" if found.total < UNINFORMATIVE else "uninformative"
    return RowAudit(
        verdict, found.total, found.exact, tuple(found.matrices), mode, derivation=tuple(explain_fit(found))
    )


def _without_n(row: Sequence[Printed], mode: Mode) -> RowAudit:
    """Audit a row without any number of cases."""
    proof = prove_impossible(row, "any")
    if proof is not None:
        return RowAudit("impossible-any-n", derivation=(*explain_proof(proof), EVEN_SO), certificate=proof)
    proof = prove_impossible(row, mode)
    if proof is not None:
        return RowAudit("impossible-rounding", fits="any", derivation=tuple(explain_proof(proof)), certificate=proof)
    return RowAudit(
        "uninformative",
        exact=False,
        derivation=(
            "The values do not exclude each other for every number of cases, and no number of cases is known.",
        ),
    )


def _impossible(row: Sequence[Printed], frame: Frame, stated: Mode, auto: bool) -> RowAudit:
    """Audit a row that no matrix has under the stated mode of rounding."""
    others: list[Mode] = ["truncation", "ceiling", "any"] if auto else ["any"]
    for mode in others:
        found = NONE_FOUND if mode == stated else search(row, frame, mode, 1)
        if found.total:
            matrix = found.matrices[0]
            misses = [show(v, matrix) for v in row if not v.fits(matrix, stated)]
            derivation = [
                *explain_conflict(row, frame, stated),
                f"If values were {MODE_WORDS[mode]}, {found.total} would fit, the first {cells(matrix)}: {'; '.join(misses)}.",
            ]
            return RowAudit("impossible-rounding", fits=mode, derivation=tuple(derivation))
    proof = prove_impossible(row, "any")
    if proof is not None:
        return RowAudit("impossible-any-n", derivation=(*explain_proof(proof), EVEN_SO), certificate=proof)
    return RowAudit("impossible", derivation=(*explain_conflict(row, frame, "any"), EVEN_SO))


def _assumptions(row: Sequence[Printed], frame: Frame, mode: str, level: str, left_out: list[str]) -> list[str]:
    """Return what a verdict rests on."""
    found = [f"All values are those of one confusion matrix, in which each {level} counts once."]
    if frame.p is not None and frame.q is not None:
        found.append(f"N = {frame.largest}, with P = {frame.p} positive and N - P = {frame.q} negative.")
    elif frame.smallest == frame.largest:
        found.append(f"N = {frame.largest}; the number of positives is not known.")
    elif frame.largest:
        part = f"P = {frame.p}, " if frame.p is not None else f"N - P = {frame.q}, " if frame.q is not None else ""
        found.append(f"{part}N from {frame.smallest} to {frame.largest}.")
    else:
        found.append("No number of cases is known: any N and any P.")
    found.append(f"Values are {MODE_WORDS['rounding' if mode == 'auto' else mode]}.")
    bare = [f"{v.metric.name} '{v.text}'" for v in row if v.text in ("0", "1") and v.metric.highest == 1]
    if bare:
        found.append(f"{' and '.join(bare)}: read as a fraction without decimals, so that 1 is 100 % and not 1 %.")
    if left_out:
        found.append(f"Left out, because one matrix does not determine them: {', '.join(left_out)}.")
    if not row:
        found.append("No value is left to test.")
    return found
