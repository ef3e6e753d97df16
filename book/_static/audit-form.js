/*
 * The form that audits one printed row. It builds the fields in <div id="dlrrc-audit">, hands what is typed to audit.js and shows the
 * answer. No request is made and nothing is stored; it also works from file://.
 */
(function () {
  "use strict";

  const box = document.getElementById("dlrrc-audit");
  if (!box || !window.dlrrcAudit) return;
  const { data, audit, cells, UsageError, TooLarge } = window.dlrrcAudit;
  const START = ["accuracy", "sensitivity", "specificity", "ppv"];
  const SIZES = { n: "All cases (n)", n_pos: "Positives", n_neg: "Negatives" };
  const PAUSE = 12; // milliseconds of work between two looks at the keyboard
  const AT_ONCE = 20; // matrices shown

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const number = (x) => x.toLocaleString("en-US").replaceAll(",", "\u202f");

  /* ---- fields ---- */

  const input = (attributes) => element("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
  const sizes = Object.fromEntries(
    Object.keys(SIZES).map((name) => [name, input({ id: `dlrrc-audit-${name}`, inputmode: "numeric", size: "8" })])
  );
  const sizeTools = element("div", { class: "dlrrc-tools" });
  for (const [name, field] of Object.entries(sizes)) sizeTools.append(element("label", {}, SIZES[name], field));

  const rows = element("div", {});
  const mode = element("select", {});
  for (const [name, text] of Object.entries(data.modes)) mode.append(element("option", { value: name }, text));
  mode.append(element("option", { value: "auto" }, "not known: try rounded, then cut off, then rounded up"));

  function addRow(name, value = "") {
    const select = element("select", {});
    for (const metric of data.metrics) select.append(element("option", { value: metric.name }, metric.label));
    select.value = name;
    const field = input({ size: "10" });
    const remove = element("button", { type: "button" }, "Remove");
    const row = element(
      "div",
      { class: "dlrrc-tools" },
      element("label", {}, "Metric", select),
      element("label", {}, "Printed value", field),
      remove
    );
    field.value = value;
    const rename = () => remove.setAttribute("aria-label", `Remove ${select.selectedOptions[0].text}`);
    select.addEventListener("change", rename);
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next?.querySelector("button") ?? more).focus();
    });
    rename();
    rows.append(row);
    return select;
  }

  function fill({ n = "", n_pos = "", n_neg = "", values = {} }) {
    [sizes.n.value, sizes.n_pos.value, sizes.n_neg.value] = [n, n_pos, n_neg];
    mode.value = "rounding";
    rows.replaceChildren();
    const given = Object.entries(values);
    for (const [name, value] of given.length ? given : START.map((metric) => [metric, ""])) addRow(name, value);
    turn += 1;
    problems.replaceChildren();
    answer.replaceChildren();
    status.textContent = "";
  }

  const go = element("button", { type: "submit", class: "dlrrc-audit-go" }, "Audit this row");
  const more = element("button", { type: "button" }, "Add a value");
  const example = element("button", { type: "button" }, "Fill in the example of the method chapter");
  const clear = element("button", { type: "button" }, "Clear");
  const problems = element("div", { role: "alert", id: "dlrrc-audit-problems" });
  const status = element("p", { class: "dlrrc-count", role: "status", "aria-live": "polite" });
  const answer = element("div", { class: "dlrrc-audit-answer" });
  const form = element(
    "form",
    { novalidate: "", "aria-label": "One printed row" },
    element("fieldset", {}, element("legend", {}, "Numbers of cases, as far as the paper prints them"), sizeTools),
    element("fieldset", {}, element("legend", {}, "Values exactly as printed"), rows, element("div", { class: "dlrrc-tools" }, more)),
    element("div", { class: "dlrrc-tools" }, element("label", {}, "The values were", mode)),
    element("div", { class: "dlrrc-tools" }, go, example, clear)
  );
  let turn = 0; // a new turn ends the work of the one before

  more.addEventListener("click", () => {
    const used = new Set(Array.from(rows.querySelectorAll("select"), (select) => select.value));
    const next = data.metrics.find((metric) => !used.has(metric.name)) ?? data.metrics[0];
    addRow(next.name).focus();
  });
  example.addEventListener("click", () => {
    fill(data.example);
    go.focus();
  });
  clear.addEventListener("click", () => {
    fill({});
    sizes.n.focus();
  });

  /* ---- reading and running ---- */

  /* A whole number, null for an empty field, otherwise the text itself: the audit then says what is wrong with it. */
  function whole(field) {
    const text = field.value.trim();
    if (!text) return null;
    return /^[+-]?[0-9]{1,15}$/.test(text) ? Number(text) : text;
  }

  function read() {
    const values = Array.from(rows.children, (row) => [row.querySelector("select").value, row.querySelector("input").value]);
    return {
      values: values.filter(([, text]) => text.trim()),
      n: whole(sizes.n),
      nPos: whole(sizes.n_pos),
      nNeg: whole(sizes.n_neg),
      mode: mode.value,
      limit: AT_ONCE,
    };
  }

  /* Run a generator in slices; undefined when another turn has begun. */
  async function slices(generator, mine) {
    for (;;) {
      const until = performance.now() + PAUSE;
      while (performance.now() < until) {
        const step = generator.next();
        if (step.done) return step.value;
      }
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== turn) return undefined;
    }
  }

  function mark(message) {
    const lines = message.split("\n");
    const wrong = [];
    const fields = Object.entries(sizes);
    for (const row of rows.children) fields.push([row.querySelector("select").value, row.querySelector("input")]);
    for (const [name, field] of fields) {
      const mine = lines.some((line) => new RegExp(`(^|, | or | and )${name}(:| alone| or )`).test(line));
      if (mine) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", problems.id);
        wrong.push(field);
      }
    }
    problems.replaceChildren(
      element("div", { class: "dlrrc-banner" }, ...lines.map((line) => element("p", {}, line)))
    );
    wrong[0]?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const mine = (turn += 1);
    problems.replaceChildren();
    answer.replaceChildren();
    for (const field of form.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
    status.textContent = "Working";
    const asked = read();
    try {
      const found = await slices(audit(asked), mine);
      if (!found) return;
      showVerdict(found, asked);
      if (!found.edits) {
        status.textContent = `Verdict: ${found.verdict}. Done.`;
        return;
      }
      status.textContent = `Verdict: ${found.verdict}. Looking for single edits after which the values fit.`;
      const looked = await slices(found.edits(), mine);
      if (!looked) return;
      const { edits } = looked;
      showEdits(looked);
      status.textContent = `Verdict: ${found.verdict}. Single edits after which the values fit: ${edits.length}. Done.`;
    } catch (problem) {
      status.textContent = "";
      if (problem instanceof UsageError) mark(problem.message);
      else if (problem instanceof TooLarge) mark(tooLarge(asked));
      else throw problem;
    }
  });

  function tooLarge(asked) {
    return (
      `n: ${asked.n ?? asked.nPos + asked.nNeg} makes more combinations than this page can go through. Give positives and negatives ` +
      "if the paper prints them, or use the command dlrrc audit-metrics."
    );
  }

  /* ---- showing ---- */

  function sentence(found) {
    const known = found.assumptions.some((line) => line.startsWith("N = "));
    const text = data.verdicts[`${found.verdict}-any-n`] && !known ? data.verdicts[`${found.verdict}-any-n`] : data.verdicts[found.verdict];
    const total = number(found.total) + (found.exact ? "" : " or more");
    return text.replace("{mode}", data.modes[found.fits]).replace("{total}", total);
  }

  const list = (lines) => element("ul", {}, ...lines.map((line) => element("li", {}, line)));

  function part(title, ...content) {
    answer.append(element("section", {}, element("h3", {}, title), ...content));
  }

  function table(caption, heads, lines) {
    const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
    const body = lines.map((line) => element("tr", {}, ...line.map((text) => element("td", {}, String(text)))));
    const made = element(
      "table",
      { class: "dlrrc" },
      element("caption", {}, caption),
      element("thead", {}, head),
      element("tbody", {}, ...body)
    );
    const scroller = element("div", { class: "dlrrc-table dlrrc-scroll" }, made);
    const update = () => {
      const wide = scroller.scrollWidth > scroller.clientWidth + 1;
      for (const [key, value] of Object.entries({ tabindex: "0", role: "region", "aria-label": caption })) {
        if (wide) scroller.setAttribute(key, value);
        else scroller.removeAttribute(key);
      }
    };
    new ResizeObserver(update).observe(scroller);
    return scroller;
  }

  function showVerdict(found, asked) {
    const kind = found.verdict.startsWith("impossible") ? "no" : found.verdict === "consistent" ? "yes" : "open";
    const names = Object.fromEntries(data.metrics.map((metric) => [metric.name, metric.label]));
    const row = asked.values.map(([name, text]) => `${names[name]} ${text.trim()}`).join(", ");
    answer.append(
      element(
        "div",
        { class: `dlrrc-banner dlrrc-audit-${kind}` },
        element("p", {}, element("strong", {}, `Verdict: ${found.verdict}. `), sentence(found)),
        ...(row ? [element("p", {}, `Row: ${row}.`)] : [])
      )
    );
    if (found.matrices.length) {
      const total = number(found.total) + (found.exact ? "" : " or more");
      const shown = found.matrices.length;
      const all = found.exact && found.total === shown;
      const caption = all ? `Confusion matrices that fit: ${total}` : `Confusion matrices that fit: ${total}; the first ${shown}`;
      const heads = ["TP", "FN", "FP", "TN", "Positives", "Negatives"];
      part("Matrices", table(caption, heads, found.matrices.map(([tp, fn, fp, tn]) => [tp, fn, fp, tn, tp + fn, fp + tn])));
    }
    if (found.derivation.length && !found.matrices.length) part("Why", list(found.derivation));
    if (found.alone.length) part("Values that are impossible by themselves", list(found.alone));
    part("What the verdict rests on", list(found.assumptions));
  }

  function showEdits({ edits, unfinished }) {
    const what = "Single edits after which the values fit";
    const missing = "Not all edits were tried: this row makes more combinations than this page can go through. "
      + "The command dlrrc audit-metrics tries all.";
    if (unfinished && !edits.length) {
      part(what, element("p", {}, missing));
      return;
    }
    if (!edits.length) {
      part(what, element("p", {}, "None was found: no single edit of the kinds that are looked for makes the values fit."));
      return;
    }
    const lines = edits.map(({ edit, total, exact, matrix }) => [
      edit,
      total === null ? "number of cases not known" : number(total) + (exact ? "" : " or more"),
      matrix ? cells(matrix) : "",
    ]);
    const note = "Several edits often fit. Each is a possibility and not a finding; the least change comes first.";
    part(what, element("p", {}, unfinished ? `${note} ${missing}` : note), table(`${what}: ${edits.length}`, ["Edit", "Matrices", "First matrix"], lines));
  }

  fill({});
  box.replaceChildren(form, problems, status, answer);
  box.dataset.ready = "true";
})();
