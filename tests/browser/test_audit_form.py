"""The form that audits one printed row, against the library: a thousand random rows in the page's own script.

Expected values come from :func:`dlrrc_core.audit.metrics.audit_row`, which its own tests check against brute force. The library counts
with arrays of 64-bit integers, the script with BigInt, so the two share no arithmetic.
"""

from __future__ import annotations

import decimal
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from book_site import HTML, MODES, new_context
from playwright.sync_api import Browser, Page

from dlrrc_core.audit.diagnosis import COST
from dlrrc_core.audit.forms import METRICS, Matrix
from dlrrc_core.audit.metrics import audit_row
from dlrrc_core.problems import UsageError

pytestmark = pytest.mark.browser

PAGE = "book/audit-form.html"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
ROWS = 1000
BATCH = 50
COMMON = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1")
RULES = {
    "rounding": (decimal.ROUND_HALF_UP, decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_DOWN),
    "truncation": (decimal.ROUND_DOWN,),
    "ceiling": (decimal.ROUND_CEILING,),
    "any": (decimal.ROUND_HALF_UP, decimal.ROUND_DOWN, decimal.ROUND_CEILING, decimal.ROUND_FLOOR),
    "auto": (decimal.ROUND_HALF_UP, decimal.ROUND_DOWN, decimal.ROUND_CEILING),
}
BAD_VALUES = (
    *(
        "",
        " ",
        "abc",
        "0,93",
        "93,3 %",
        "-0.2",
        "150",
        "101 %",
        "5.",
        "0.9 ± 0.1",
        "0.8-0.9",
        "1e-3",
        "0.93 %%",
        "½",
        "٣",
    ),
    *("0." + "9" * 30, "x" * 50, "NaN", "--1", "0x1", "1/3", "\u22120.5", "+-1", ".", "%"),
)
ODD_VALUES = (
    "0",
    "1",
    "1.0",
    "100",
    "100 %",
    "0.0",
    "0 %",
    "50 percent",
    ".5",
    " 0.5 ",
    "+0.5",
    "\u22120.50",
    "0.5\u2009%",
)
RUN = """cases => cases.map(made => {
  const { audit, finish, UsageError } = window.dlrrcAudit;
  try {
    const found = finish(audit(made));
    const { edits, unfinished } = found.edits ? finish(found.edits()) : { edits: [], unfinished: false };
    return {...found, edits, unfinished};
  } catch (problem) {
    if (!(problem instanceof UsageError)) throw problem;
    return {error: problem.message};
  }
})"""


def print_value(rng: random.Random, name: str, matrix: Matrix, mode: str) -> str | None:
    """Print a metric of a matrix with a rule of the decimal module; None where it cannot be printed."""
    metric = METRICS[name]
    exact = metric.value(matrix)
    if exact is None:
        return None
    places, percent = rng.randint(0, 5), metric.highest == 1 and rng.random() < 0.4
    with decimal.localcontext(prec=60):
        value = Decimal(abs(exact.numerator)) / exact.denominator
        value = (value.sqrt() if metric.power == 2 else value).copy_sign(exact.numerator)
        text = str((value * (100 if percent else 1)).quantize(Decimal(1).scaleb(-places), rng.choice(RULES[mode])))
    if not Decimal(text):
        text = text.removeprefix("-")
    return text + (rng.choice(["%", " %", ""]) if percent and abs(Decimal(text)) > 1 else " %" if percent else "")


def perturbed(rng: random.Random, text: str) -> str:
    """Return a printed value with one digit changed."""
    places = [i for i, letter in enumerate(text) if letter.isdigit()]
    i = rng.choice([*places, places[-1], places[-1]])
    return text[:i] + rng.choice([digit for digit in "0123456789" if digit != text[i]]) + text[i + 1 :]


def random_case(rng: random.Random) -> dict[str, Any]:
    """Return the input of one audit, in the names of the script."""
    known = rng.choice(["split", "split", "n", "n", "nothing"])
    names = rng.sample(COMMON if rng.random() < 0.4 else list(METRICS), rng.randint(1, 5))
    curved = any(METRICS[name].family == "curved" for name in names)
    most = {"split": rng.choice([12, 40, 150, 1000, 10_000]), "n": rng.choice([12, 40, 150, 1000]), "nothing": 80}[
        known
    ]
    n = rng.randint(1, min(most, 60) if curved else most)  # the library is slow for curved metrics
    p = rng.randint(0, n)
    tp, tn = rng.randint(0, p), rng.randint(0, n - p)
    matrix = Matrix(tp, p - tp, n - p - tn, tn)
    mode = rng.choice(["rounding", "rounding", "truncation", "ceiling", "any", "auto"])
    printed = {name: print_value(rng, name, matrix, mode) for name in names}
    values = {name: text for name, text in printed.items() if text is not None}
    if values and rng.random() < 0.5:
        how = rng.choice(["digit", "digits", "labels", "cases", "classes", "mode"])
        for name in rng.sample(list(values), 1 if how == "digit" else len(values)) if how.startswith("digit") else []:
            values[name] = perturbed(rng, values[name])
        if how == "labels":
            texts = list(values.values())
            values = dict(zip(values, texts[1:] + texts[:1], strict=True))
        if how == "cases":
            n, p = n + 1, p + rng.randint(0, 1)
        if how == "classes":
            p = n - p
        if how == "mode":
            mode = rng.choice(["rounding", "truncation", "ceiling", "auto"])
    sizes = {
        "split": rng.choice([{"n": n, "nPos": p}, {"n": n, "nNeg": n - p}, {"nPos": p, "nNeg": n - p}]),
        "n": {"n": n},
        "nothing": {},
    }[known]
    bad = rng.random()
    if bad < 0.06:
        values[rng.choice(list(METRICS))] = rng.choice(BAD_VALUES)
    elif bad < 0.12:
        values[rng.choice(list(METRICS))] = rng.choice(ODD_VALUES)
    elif bad < 0.16:
        sizes = {**sizes, rng.choice(["n", "nPos", "nNeg"]): rng.choice([0, -1, 1_000_001, 7, "12.5", "twelve"])}
    return {"values": list(values.items()), "mode": mode, "limit": rng.choice([1, 5, 20]), **sizes}


def library(case: dict[str, Any]) -> dict[str, Any]:
    """Return what the library says of a case."""
    try:
        found = audit_row(
            dict(case["values"]),
            n=case.get("n"),
            n_pos=case.get("nPos"),
            n_neg=case.get("nNeg"),
            mode=case["mode"],
            limit=case["limit"],
        )
    except UsageError as problem:
        return {"error": str(problem)}
    return {
        "verdict": found.verdict,
        "total": found.matrices_total,
        "exact": found.exact,
        "fits": found.fits,
        "matrices": [list(matrix) for matrix in found.matrices],
        "assumptions": list(found.assumptions),
        "derivation": list(found.derivation),
        "unfinished": False,
        "edits": [
            {
                "kind": edit.kind,
                "edit": edit.edit,
                "cost": COST[edit.kind],
                "total": edit.matrices_total,
                "exact": edit.exact,
                "matrix": None if edit.matrix is None else list(edit.matrix),
            }
            for edit in found.diagnoses
        ],
    }


@pytest.fixture
def form(chromium: Browser, site: str) -> Iterator[Page]:
    """Open the page in light colours."""
    context = new_context(chromium, "light")
    page = context.new_page()
    page.goto(site + PAGE)
    yield page
    context.close()


def test_a_thousand_random_rows_agree_with_the_library(form: Page) -> None:
    rng = random.Random(20261121)
    cases = [random_case(rng) for _ in range(ROWS)]
    differences: list[str] = []
    verdicts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for start in range(0, ROWS, BATCH):
        batch = cases[start : start + BATCH]
        for case, shown in zip(batch, form.evaluate(RUN, batch), strict=True):
            expected = library(case)
            verdicts[expected.get("verdict", "error")] += 1
            kinds.update({edit["kind"] for edit in expected.get("edits", [])})
            differences += [
                f"{case}: {key}: {shown.get(key)} but the library has {expected[key]}"
                for key in expected
                if shown.get(key) != expected[key]
            ]
    assert differences == [], f"{len(differences)} differences:\n" + "\n".join(differences[:10])
    # the rows are not all of one kind
    assert min(verdicts[name] for name in ("impossible-any-n", "impossible", "impossible-rounding", "error")) >= 20, (
        verdicts
    )
    assert min(verdicts[name] for name in ("consistent", "uninformative")) >= 100, verdicts
    assert set(kinds) == set(COST) - {"n"}, kinds
    assert min(kinds.values()) >= 8, kinds


def wait_for_answer(page: Page) -> None:
    """Wait until verdict and edits are shown."""
    page.wait_for_function("() => document.querySelector('#dlrrc-audit [role=status]').textContent.endsWith('Done.')")


def answer(page: Page) -> str:
    """Return what the form shows as its answer."""
    return page.locator(".dlrrc-audit-answer").inner_text()


def type_row(page: Page, row: dict[str, str], **sizes: str) -> None:
    """Fill in the form with the mouse and the keyboard, and send it."""
    page.get_by_role("button", name="Clear").click()
    for name, value in sizes.items():
        page.locator(f"#dlrrc-audit-{name}").fill(value)
    rows = page.locator("#dlrrc-audit fieldset").nth(1).locator("select")
    for i, (name, value) in enumerate(row.items()):
        if i == rows.count():
            page.get_by_role("button", name="Add a value").click()
        rows.nth(i).select_option(name)
        page.get_by_label("Printed value").nth(i).fill(value)
    page.get_by_role("button", name="Audit this row").click()


def test_keyboard_alone_is_enough(form: Page) -> None:
    # Accuracy lies between sensitivity and specificity, so 93.3333 % cannot be right beside 88.2353 % and 86.6667 %.
    form.locator("#dlrrc-audit-n").focus()
    form.keyboard.type("30")
    form.keyboard.press("Tab")
    form.keyboard.type("15")
    form.keyboard.press("Tab")
    for value in ("93.3333%", "88.2353%", "86.6667%"):
        form.keyboard.press("Tab")  # the metric: accuracy, sensitivity and specificity stand there at first
        form.keyboard.press("Tab")
        form.keyboard.type(value)
        form.keyboard.press("Tab")  # the button that removes the row
    for _ in range(3):  # the fourth row: its metric, value and button
        form.keyboard.press("Tab")
    form.keyboard.press("Tab")
    form.keyboard.press("Enter")  # adds a row and goes to its metric
    assert form.evaluate("document.activeElement.tagName") == "SELECT"
    assert form.locator("#dlrrc-audit fieldset").nth(1).locator("select").count() == 5
    form.keyboard.press("Tab")
    form.keyboard.press("Tab")
    form.keyboard.press("Enter")  # removes it again
    form.get_by_label("Printed value").first.focus()
    form.keyboard.press("Enter")  # sends the form
    wait_for_answer(form)
    assert "Verdict: impossible-any-n." in answer(form)
    assert "sensitivity is ppv" in answer(form)


def test_the_example_fills_the_form(form: Page) -> None:
    form.get_by_role("button", name="Fill in the example of the method chapter").click()
    form.keyboard.press("Enter")  # the focus is on the button that sends it
    wait_for_answer(form)
    assert "Verdict: impossible-any-n." in answer(form)
    assert "so it lies between them for every N; the printed accuracy lies above both" in answer(form)
    assert "sensitivity '88.2353%' of P = 15 would need TP between 13.2352" in answer(form)
    # sensitivity alone: 88.2353 % of 15 is 13.2353, between 13 and 14
    type_row(form, {"sensitivity": "88.2353%"}, n="30", n_pos="15")
    wait_for_answer(form)
    assert "would need TP between 13.235" in answer(form)


def test_what_fits_is_listed(form: Page) -> None:
    # 14 of 15 and 13 of 15: accuracy 27 / 30
    row = {"sensitivity": "0.9333", "specificity": "0.8667", "accuracy": "0.900", "mcc": "0.802", "ppv": "0.875"}
    type_row(form, row, n="30", n_neg="15")
    wait_for_answer(form)
    assert form.locator(".dlrrc-audit-answer td").all_inner_texts() == ["14", "1", "2", "13", "15", "15"]


def test_a_wrong_field_is_named_and_gets_the_focus(form: Page) -> None:
    type_row(form, {"accuracy": "0.9", "sensitivity": "0,93", "lr_positive": "-2"}, n="30")
    shown = form.locator("#dlrrc-audit [role=alert] p").all_inner_texts()
    assert [text.split(";")[0] for text in shown] == [
        "sensitivity: '0,93' is no printed number",
        "lr_positive: '-2' is negative",
    ]
    assert form.evaluate("document.activeElement.value") == "0,93"
    assert form.locator("#dlrrc-audit [aria-invalid=true]").count() == 2
    type_row(form, {"accuracy": "0.9"}, n="thirty")
    assert (
        form.locator("#dlrrc-audit [role=alert]")
        .inner_text()
        .startswith("n: 'thirty'; allowed: a whole number from 1 to")
    )
    assert form.evaluate("document.activeElement.id") == "dlrrc-audit-n"
    type_row(form, {"accuracy": "0.9"}, n="30")
    wait_for_answer(form)
    assert form.locator("#dlrrc-audit [aria-invalid]").count() == 0
    assert "Verdict: consistent." in answer(form)


def test_a_metric_given_twice_is_named(form: Page) -> None:
    form.evaluate(
        "() => document.querySelectorAll('#dlrrc-audit fieldset:nth-of-type(2) select')[1].value = 'accuracy'"
    )
    for i in (0, 1):
        form.get_by_label("Printed value").nth(i).fill("0.9")
    form.get_by_role("button", name="Audit this row").click()
    assert form.locator("#dlrrc-audit [role=alert]").inner_text() == "accuracy: given twice; allowed: each metric once"


@pytest.mark.parametrize("mode", list(MODES))
def test_answers_are_accessible_and_fit_the_window(chromium: Browser, site: str, mode: str) -> None:
    context = new_context(chromium, mode)
    page = context.new_page()
    page.goto(site + PAGE)
    rows = [
        ({"accuracy": "93.3333%", "sensitivity": "88.2353%", "specificity": "86.6667%"}, {"n": "30", "n_pos": "15"}),
        ({"sensitivity": "0.93", "specificity": "0.87"}, {"n": "60"}),
        ({"accuracy": "0.9"}, {}),
        ({"accuracy": "0,9"}, {"n": "30"}),
    ]
    for row, sizes in rows:
        type_row(page, row, **sizes)
        page.wait_for_timeout(300)
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0
        result = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
        assert result.response["violations"] == []
    context.close()


def test_the_form_works_from_a_folder_without_a_server(chromium: Browser) -> None:
    context = new_context(chromium, "phone")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: errors.append(request.url) if not request.url.startswith("file:") else None)
    page.goto((HTML / PAGE).as_uri())
    type_row(page, {"sensitivity": "0.9333", "specificity": "0.8667"}, n_pos="15", n_neg="15")
    wait_for_answer(page)
    assert "TP 14, FN 1, FP 2, TN 13" in page.evaluate("window.dlrrcAudit.cells([14, 1, 2, 13])")
    assert "Confusion matrices that fit: 1" in answer(page)
    assert errors == []
    context.close()


def test_large_rows_leave_the_page_responsive(form: Page) -> None:
    # with P and N known up to 10,000 cases at once; with only N known up to 1,000 cases within about a second (10 s: slow machines)
    type_row(form, {"accuracy": "0.9019", "f1": "0.8449", "mcc": "0.7"}, n="10000", n_pos="3254")
    wait_for_answer(form)
    form.evaluate(
        "() => { window.longest = 0; let last = performance.now(); setInterval(() => { const now = performance.now();"
        "window.longest = Math.max(window.longest, now - last); last = now; }, 1); }"
    )
    type_row(form, {"accuracy": "0.9", "kappa": "0.71", "youden": "0.3"}, n="1000")
    wait_for_answer(form)
    assert form.evaluate("window.longest") < 1000


def test_what_is_too_large_is_said(form: Page) -> None:
    type_row(form, {"mcc": "0.7123456"}, n="1000000")
    form.locator("#dlrrc-audit [role=alert] p").wait_for(timeout=90_000)
    assert "more combinations than this page can go through" in form.locator("#dlrrc-audit [role=alert]").inner_text()
    assert form.locator("#dlrrc-audit-n").get_attribute("aria-invalid") == "true"


def test_edits_that_were_not_tried_are_said(form: Page) -> None:
    type_row(form, {"mcc": "0.7123456", "f1": "0.2"}, n="1000000", n_pos="300000")
    form.get_by_text("Not all edits were tried").wait_for(timeout=90_000)
    assert "Verdict: impossible." in answer(form)
