/*
 * What the rating form shows about answers: the score with its interval, bars of the parts beside a field's scores, and the comparison
 * with the stored ratings of a practice paper.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { data, items, element, score, codes, label } = form;
  const parts = data.checklist.parts;

  const points = (x) => String(Math.round(x * 100) / 100);
  const span = ([low, high]) => (low === high ? points(low) : `${points(low)} to ${points(high)}`);
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  /* ---- score ---- */

  function sentence(found) {
    const total = points(data.checklist.total_points);
    const text = found.points === null ? `Score: from ${points(found.interval[0])} to ${points(found.interval[1])}` : `Score: ${points(found.points)}`;
    const open = found.n_open ? ` ${plural(found.n_open, "question")} open: no points for them gives the lowest score, all points the highest.` : "";
    const outside = found.n_outside ? ` ${plural(found.n_outside, "question")} not applicable: left out of the denominator.` : "";
    return `${text} of ${total} points.${open}${outside}`;
  }

  /* The interval in a few words, for the bar below the questions. */
  const brief = (rating) => `${span(score(codes(rating)).interval)} of ${points(data.checklist.total_points)} points`;

  function verdicts(found) {
    const words = (value) => (value === null ? "not decided yet" : value ? "yes" : "no");
    return element(
      "ul",
      {},
      element("li", {}, `At least ${points(data.checklist.acceptable_points)} points: ${words(found.acceptable)}`),
      element(
        "li",
        {},
        `At least ${points(data.checklist.accessibility_pass_percent)} % of Part ${data.checklist.accessibility_part}: ${words(found.accessible)}`
      )
    );
  }

  /* A mark from low to high percent on a bar. */
  function band(kind, low, high) {
    const made = element("span", { class: `dlrrc-rate-${kind}` });
    made.style.left = high > low ? `${low}%` : `min(${low}%, calc(100% - 4px))`;
    made.style.width = `${high - low}%`;
    return made;
  }

  /* One bar: own interval, and lowest, quartiles and highest of a field where it has any. */
  function bar(name, own, field) {
    const spread = field?.percent[name];
    const words = [`yours ${span(own)} %`];
    const track = element("span", { class: "dlrrc-rate-track", "aria-hidden": "true" });
    if (spread) {
      const [lowest, q1, median, q3, highest] = spread;
      track.append(band("range", lowest, highest), band("quartiles", q1, q3), band("median", median, median));
      words.push(`${field.title}: ${points(lowest)} to ${points(highest)} %, middle half ${points(q1)} to ${points(q3)} %, median ${points(median)} %`);
    }
    track.append(band("own", own[0], own[1]));
    return [track, words.join("; ")];
  }

  function bars(found, field) {
    const percent = (x) => (100 * x) / data.checklist.total_points;
    const rows = [["total", "All parts", found.interval.map(percent)]];
    for (const part of parts) rows.push([part.id, `Part ${part.id}: ${part.title}`, found.percents[part.id]]);
    return element(
      "ul",
      { class: "dlrrc-rate-bars" },
      ...rows.map(([name, title, own]) => {
        const [track, words] = bar(name, own, field);
        return element("li", {}, element("strong", {}, title), track, element("span", { class: "dlrrc-rate-words" }, words));
      })
    );
  }

  /* The panel of the points: {node, update(rating)}. It is hidden until somebody asks. */
  function panel() {
    const choice = element("select", {});
    for (const field of data.fields) choice.append(element("option", { value: field.id }, field.title));
    const inside = element("div", {});
    const node = element(
      "section",
      { class: "dlrrc-rate-panel", "aria-label": "Points", hidden: "" },
      element("div", { class: "dlrrc-tools" }, form.field("Compare with the scores of a field", choice)),
      inside
    );
    let shown = null;

    function update(rating) {
      if (shown?.paper !== rating.paper) {
        const own = data.papers.find((paper) => paper.id === rating.paper)?.fields[0];
        if (own) choice.value = own;
      }
      shown = rating;
      if (node.hidden) return;
      const found = score(codes(rating));
      const field = data.fields.find((one) => one.id === choice.value);
      const kinds = field?.kinds.join(" and ");
      const note = field
        ? `Light bars and marks: ${plural(field.n, "rated paper")} of the field (${kinds} ratings), lowest, middle half, median and highest share of the points. The strong bar is yours.`
        : "No field has scores yet.";
      inside.replaceChildren(element("p", {}, element("strong", {}, sentence(found))), verdicts(found), bars(found, field), element("p", { class: "dlrrc-count" }, note));
    }

    choice.addEventListener("change", () => update(shown));
    return { node, update };
  }

  /* ---- comparison ---- */

  function scrolling(table, name) {
    const box = element("div", { class: "dlrrc-table dlrrc-scroll" }, table);
    new ResizeObserver(() => {
      const wide = box.scrollWidth > box.clientWidth + 1;
      for (const [key, value] of Object.entries({ tabindex: "0", role: "region", "aria-label": name })) {
        if (wide) box.setAttribute(key, value);
        else box.removeAttribute(key);
      }
    }).observe(box);
    return box;
  }

  function answerCell(item, answer) {
    const made = element("td", {}, label(item, answer.answer));
    const lines = [answer.evidence, answer.where && `Place: ${answer.where}`, answer.confidence && `Confidence: ${answer.confidence}`].filter(Boolean);
    if (lines.length) {
      const name = element("span", { class: "visually-hidden" }, ` of question ${item.id}`);
      made.append(element("details", {}, element("summary", {}, "Evidence", name), element("ul", {}, ...lines.map((line) => element("li", {}, line)))));
    }
    return made;
  }

  /* A rating beside stored ratings, item by item. */
  function comparison(rating, stored) {
    const nothing = { answer: null, evidence: null, where: null, confidence: null };
    const others = (item) => stored.map((one) => one.answers[item.id] ?? nothing);
    const same = stored.map((one) => items.filter((item) => (one.answers[item.id] ?? nothing).answer === rating.answers[item.id].answer).length);
    const totals = stored.map((one) => sentence(score(Object.fromEntries(items.map((item) => [item.id, one.answers[item.id]?.answer ?? null])))));
    const heads = ["Question", "Your answer", ...stored.map((one) => `${one.name} (${one.kind})`), "Same as yours"];
    const caption = "Your answers beside the stored ratings";
    const rows = items.map((item) => {
      const agreeing = others(item).filter((one) => one.answer === rating.answers[item.id].answer).length;
      return element(
        "tr",
        agreeing < stored.length ? { class: "dlrrc-rate-differs" } : {},
        element("th", { scope: "row" }, `${item.id}. ${item.title}`),
        answerCell(item, rating.answers[item.id]),
        ...others(item).map((one) => answerCell(item, one)),
        element("td", {}, `${agreeing} of ${stored.length}`)
      );
    });
    const table = element(
      "table",
      { class: "dlrrc" },
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, ...rows)
    );
    const lines = stored.map((one, i) => element("li", {}, `${one.name}: the same answer as you to ${same[i]} of ${items.length} questions. ${totals[i]}`));
    return [element("p", {}, `You: ${sentence(score(codes(rating)))}`), element("ul", {}, ...lines), scrolling(table, caption)];
  }

  /* The rating as a table for paper. */
  function printed(rating) {
    const facts = ["paper", "rater", "kind", "checklist", "paper_version", "read", "blinded", "date", "conflict_of_interest"];
    const list = facts.map((key) => element("li", {}, `${key.replaceAll("_", " ")}: ${rating[key] ?? "not given"}`));
    const heads = ["Question", "Answer", "Evidence", "Place", "Confidence"];
    const rows = items.map((item) => {
      const { answer, evidence, where, confidence } = rating.answers[item.id];
      const cells = [label(item, answer), evidence ?? "", where ?? "", confidence ?? ""];
      return element("tr", {}, element("th", { scope: "row" }, `${item.id}. ${item.title}`), ...cells.map((text) => element("td", {}, text)));
    });
    const head = element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text))));
    return [element("ul", {}, ...list), element("table", { class: "dlrrc" }, head, element("tbody", {}, ...rows))];
  }

  Object.assign(form, { panel, brief, comparison, printed });
})();
