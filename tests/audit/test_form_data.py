"""The metrics as data for the form of the book: formulas as text against the same formulas in numbers."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import get_args

import pytest

from dlrrc_core.audit.form_data import EXAMPLE, LABELS, SCRIPTS, VERDICTS, form, form_data, metric_data
from dlrrc_core.audit.forms import METRICS, Metric
from dlrrc_core.audit.metrics import Verdict, audit_row

STATIC = Path(__file__).parents[2] / "book" / "_static"


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_text_of_a_formula_gives_what_the_formula_gives(metric: Metric) -> None:
    # exact: whole numbers on both sides
    rng = random.Random(1)
    text = metric_data(metric)
    for _ in range(50):
        p, q, tp, tn = (rng.randint(0, 10**6) for _ in range(4))
        values = {"p": p, "q": q, "tp": tp, "tn": tn, "abs": abs}

        def number(formula: str, values: dict[str, object] = values) -> int:
            return int(eval(formula, {"__builtins__": {}}, values))

        if metric.family == "curved":
            assert [tuple(map(number, form)) for form in text["domain"]] == metric.domain(p, q)
            assert tuple(map(number, text["curve"])) == metric.curve(p, q, tp, tn)
        else:
            assert tuple(tuple(map(number, form)) for form in text["at"]) == metric.at(p, q)


def test_formulas_hold_nothing_but_sums_and_products() -> None:
    for metric in form_data()["metrics"]:
        for text in re.findall(r'"([^"]*)"', json.dumps([metric.get(key) for key in ("at", "domain", "curve")])):
            assert re.fullmatch(r"(p|q|tp|tn|abs|\d+|[-+*() ])+", text)


def test_html_holds_the_data_and_scripts_that_exist() -> None:
    html = form().html
    inner = html.split('id="dlrrc-audit-data">')[1].split("</script>")[0]
    assert json.loads(inner) == json.loads(json.dumps(form_data()))
    assert re.findall(r'src="\.\./_static/([a-z-]+)\.js"', html) == list(SCRIPTS)
    assert all((STATIC / f"{name}.js").is_file() for name in SCRIPTS)
    assert "dlrrc audit-metrics --n 30 --pos 15 --accuracy 93.3333%" in html


def test_every_verdict_and_label_has_a_counterpart() -> None:
    assert {name.removesuffix("-any-n") for name in VERDICTS} == {
        name.removesuffix("-any-n") for name in get_args(Verdict)
    }
    assert LABELS.keys() <= METRICS.keys()


def test_example_is_the_one_with_a_known_answer() -> None:
    # Accuracy lies between sensitivity and specificity for every N, and 93.3333 % lies above 88.2353 % and 86.6667 %.
    found = audit_row(EXAMPLE["values"], n=int(EXAMPLE["n"]), n_pos=int(EXAMPLE["n_pos"]))
    assert found.verdict == "impossible-any-n"
