"""``dlrrc audit`` and ``dlrrc audit-metrics``."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrrc_core import repository
from dlrrc_core.audit.forms import METRICS
from dlrrc_core.commands.common import FieldOption, Format, PaperOption, as_json, messages
from dlrrc_core.problems import UsageError

app = typer.Typer()


@app.command()
def audit(field: FieldOption = None, paper: PaperOption = None, format: Format = Format.table) -> None:
    """Every check on every printed result; exit status 0 whatever is found."""
    from dlrrc_core.audit.report import audit as run  # scipy's distributions are slow to import, and only needed here
    from dlrrc_core.audit.report import audit_statistics

    with messages():
        repo = repository.here()
        findings = run(repo, repo.select(field, paper))
    if format is Format.json:
        typer.echo(as_json({**audit_statistics(findings), "findings": [finding.as_dict() for finding in findings]}))
        return
    for finding in findings:
        typer.echo("\t".join((finding.paper, finding.check, finding.verdict, finding.where, finding.message)))


@app.command(
    "audit-metrics", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, no_args_is_help=True
)
def audit_metrics(
    context: typer.Context,
    n: Annotated[int | None, typer.Option("--n", help="Number of cases.")] = None,
    pos: Annotated[int | None, typer.Option("--pos", help="Number of positive cases.")] = None,
    neg: Annotated[int | None, typer.Option("--neg", help="Number of negative cases.")] = None,
    n_max: Annotated[int | None, typer.Option("--n-max", help="Largest possible number of cases.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="rounding, truncation, ceiling, any or auto.")] = "auto",
    level: Annotated[str, typer.Option("--level", help="What is counted: patient, lesion, image.")] = "case",
    format: Format = Format.table,
) -> None:
    """One printed row, no files needed: every other option is a metric, for instance --accuracy 93.3333%."""
    from dlrrc_core.audit.metrics import audit_row

    with messages():
        found = audit_row(_values(context.args), n, pos, neg, n_max, mode, level)
    if format is Format.json:
        typer.echo(as_json(found.as_dict()))
        return
    typer.echo(f"verdict: {found.verdict}")
    for heading, lines in {
        "the sums": found.derivation,
        "matrices": [f"TP {m.tp}, FN {m.fn}, FP {m.fp}, TN {m.tn}" for m in found.matrices],
        "single edits after which the values fit": [diagnosis.edit for diagnosis in found.diagnoses],
        "what it rests on": found.assumptions,
    }.items():
        if lines:
            typer.echo(f"{heading}:")
            typer.echo("\n".join(f"  {line}" for line in lines))


def _values(words: list[str]) -> dict[str, str]:
    """Return metrics and printed values from ``--metric value`` or ``--metric=value``."""
    found: dict[str, str] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("--") or word == "--":
            raise UsageError(f"'{word}' stands alone; allowed: --metric value, with a metric of {', '.join(METRICS)}")
        name, sign, value = word[2:].partition("=")
        if not sign:
            if not queue:
                raise UsageError(f"--{name} has no value; allowed: a printed value, for instance --{name} 93.3%")
            value = queue.pop(0)
        if name in found:
            raise UsageError(f"--{name} is given twice; allowed: each metric once")
        found[name] = value
    if not found:
        raise UsageError(f"no metric given; allowed: --metric value, with a metric of {', '.join(METRICS)}")
    return found
