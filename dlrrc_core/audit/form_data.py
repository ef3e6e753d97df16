"""What the form of the book needs to audit a row in the browser: the metrics, as data made from their one definition.

The formulas of :mod:`dlrrc_core.audit.forms` are called with symbols instead of numbers, so that they are written once. The script
``book/_static/audit-values.js`` turns the text back into functions.
"""

from __future__ import annotations

from html import escape
from typing import Any

from dlrrc_core.audit.diagnosis import COST, RENAMES, SPLITS
from dlrrc_core.audit.feasible import CHUNK, UNINFORMATIVE
from dlrrc_core.audit.forms import METRICS, RATES, Metric
from dlrrc_core.audit.metric_elimination import COUNTS_BOX, RATES_BOX
from dlrrc_core.audit.metric_pairs import MAX_N, MAX_RANGE, PAIRS
from dlrrc_core.audit.metric_words import FEW_SPLITS, FEW_TABLES, MODE_WORDS
from dlrrc_core.audit.metrics import EVEN_SO
from dlrrc_core.audit.printed import ALLOWED, MAX_CHARACTERS, MODES
from dlrrc_core.tables import Html, inert

LABELS = {
    **{name: name.upper() for name in ("ppv", "npv", "fnr", "fpr", "fdr", "f1", "f2", "mcc")},
    **{"f05": "F0.5", "dor": "DOR (diagnostic odds ratio)", "lr_positive": "LR+", "lr_negative": "LR-"},
    **{"sensitivity": "sensitivity (recall)", "ppv": "PPV (precision)", "f1": "F1 (Dice)", "jaccard": "Jaccard (IoU)"},
    **{
        "youden": "Youden index",
        "kappa": "Cohen's kappa",
        "fnr": "FNR (miss rate)",
        "fowlkes_mallows": "Fowlkes-Mallows",
    },
}
VERDICTS = {
    "impossible-any-n": "The printed values cannot all be right, whatever the number of cases.",
    "impossible": "The printed values cannot all be right under the stated denominators.",
    "impossible-rounding": "No confusion matrix has the printed values under the stated rounding. At least one has them if they are {mode}.",
    "impossible-rounding-any-n": "The printed values exclude each other under the stated rounding, whatever the number of cases. "
    "The proof does not hold if they are {mode}.",
    "consistent": "At least one confusion matrix has all printed values.",
    "uninformative": "The test says nothing: {total} confusion matrices have all printed values.",
    "uninformative-any-n": "The test says nothing: the values do not exclude each other, and no number of cases is known.",
    "untestable": "Not tested: no value was given.",
}
SCRIPTS = (
    "audit-values",
    "audit-proof",
    "audit-search",
    "audit-words",
    "audit",
    "audit-form",
)  # each needs those before it
EXAMPLE: dict[str, Any] = {  # the worked example of the chapter on the method
    "n": "30",
    "n_pos": "15",
    "values": {"accuracy": "93.3333%", "sensitivity": "88.2353%", "specificity": "86.6667%"},
}


class Symbol:
    """A formula as text that is also JavaScript; sums and products with 0 and 1 are shortened.

    Parameters
    ----------
    text : str
        The formula.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __add__(self, other: Symbol | int) -> Symbol:
        """Return the sum."""
        if "0" in (self.text, _text(other)):
            return Symbol(_text(other) if self.text == "0" else self.text)
        return Symbol(f"({self.text} + {_text(other)})")

    def __radd__(self, other: int) -> Symbol:
        """Return the sum."""
        return self if other == 0 else Symbol(f"({other} + {self.text})")

    def __sub__(self, other: Symbol | int) -> Symbol:
        """Return the difference."""
        return self if _text(other) == "0" else Symbol(f"({self.text} - {_text(other)})")

    def __mul__(self, other: Symbol | int) -> Symbol:
        """Return the product."""
        one, two = sorted((self.text, _text(other)), key=("0", "1").__contains__, reverse=True)
        return Symbol({"0": "0", "1": two}.get(one, f"({self.text} * {_text(other)})"))

    __rmul__ = __mul__

    def __neg__(self) -> Symbol:
        """Return the negative."""
        return self * -1

    def __abs__(self) -> Symbol:
        """Return the absolute value."""
        return Symbol(f"abs({self.text})")


def _text(value: Symbol | int) -> str:
    return value.text if isinstance(value, Symbol) else str(value) if value >= 0 else f"({value})"


def metric_data(metric: Metric) -> dict[str, Any]:
    """Return a metric in JSON's types.

    Parameters
    ----------
    metric : Metric
        One of :data:`dlrrc_core.audit.forms.METRICS`.

    Returns
    -------
    dict
        Its attributes, and its formulas as text in ``p``, ``q``, ``tp`` and ``tn``: ``at`` for a linear metric, ``domain`` and
        ``curve`` for a curved one.
    """
    p, q, tp, tn = map(Symbol, ("p", "q", "tp", "tn"))
    found: dict[str, Any] = {
        "name": metric.name,
        "label": LABELS.get(metric.name, metric.name.replace("_", " ")),
        "family": metric.family,
        "formula": metric.formula,
        "lowest": metric.lowest,
        "highest": metric.highest,
        "power": metric.power,
        "degree": metric.degree,
    }
    if metric.family == "curved":
        found["domain"] = [[_text(x) for x in form] for form in metric.domain(p, q)]
        found["curve"] = [_text(x) for x in metric.curve(p, q, tp, tn)]
    else:
        found["at"] = [[_text(x) for x in form] for form in metric.at(p, q)]
    if metric.family == "counts":
        found["counts"] = [metric.numerator, metric.denominator]
    if metric.name in RATES:
        found["rates"] = RATES[metric.name]
    return found


def form_data() -> dict[str, Any]:
    """Return everything that the scripts ``book/_static/audit*.js`` share with the library."""
    return {
        "metrics": [metric_data(metric) for metric in METRICS.values()],
        "boxes": {"counts": COUNTS_BOX, "rates": RATES_BOX},
        "modes": {mode: MODE_WORDS[mode] for mode in MODES},
        "renames": RENAMES,
        "cost": COST,
        "verdicts": VERDICTS,
        "example": EXAMPLE,
        "words": {"even_so": EVEN_SO, "allowed": ALLOWED},
        "limits": {
            "uninformative": UNINFORMATIVE,
            "chunk": CHUNK,
            "pairs": PAIRS,
            "splits": SPLITS,
            "few_tables": FEW_TABLES,
            "few_splits": FEW_SPLITS,
            "n": MAX_N,
            "range": MAX_RANGE,
            "characters": MAX_CHARACTERS,
        },
    }


def form() -> Html:
    """Return the place of the form, its data and its scripts.

    Returns
    -------
    Html
        Without JavaScript, a sentence that names the command that does the same.
    """
    example = " ".join(f"--{name} {value}" for name, value in EXAMPLE["values"].items())
    command = f"dlrrc audit-metrics --n {EXAMPLE['n']} --pos {EXAMPLE['n_pos']} {example}"
    scripts = "".join(f'<script defer src="../_static/{name}.js"></script>' for name in SCRIPTS)
    return Html(
        '<div class="dlrrc-audit" id="dlrrc-audit"><p>The form needs JavaScript. The command line does the same: '
        f"<code>{escape(command)}</code></p></div>"
        f"{inert(form_data(), 'dlrrc-audit-data')}{scripts}"
    )
