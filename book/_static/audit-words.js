/*
 * The reasons of a verdict in words (dlrrc_core/audit/metric_words.py). The verdict is decided before, by whole numbers; numbers with a
 * decimal point are for reading only.
 */
(function () {
  "use strict";

  const shared = window.dlrrcAudit;
  if (!shared) return;
  const {
    data, abs, floorBig, fraction, float, words, fixed, general, exactValue, interval, between, project,
    search,
  } = shared;

  const { limits } = data;

  const cells = ([tp, fn, fp, tn]) => `TP ${tp}, FN ${fn}, FP ${fp}, TN ${tn}`;

  function plainValue(value, exact) {
    if (exact === null) return 0;
    return value.metric.power === 1 ? float(exact) : Math.sqrt(Math.abs(float(exact))) * (exact.n > 0n ? 1 : -1);
  }

  /* An exact value as a fraction and in the style of the printed one, with two more decimals. */
  function show(value, matrix) {
    const { metric, text, percent, scale } = value;
    const exact = exactValue(metric, matrix);
    if (exact === null) return `${metric.name} is undefined`;
    const places = Math.max(String(scale).length - 1 - (percent ? 2 : 0) + 2, 0);
    const style = (x) => fixed(x, places) + (percent ? " %" : "");
    if (metric.power === 2) {
      const root = Math.sqrt(Math.abs(float(exact))) * (exact.n >= 0n ? 1 : -1);
      return `${metric.name} would be ${style(percent ? root * 100 : root + 0)} (printed ${text})`;
    }
    const shown = float(percent ? { n: exact.n * 100n, d: exact.d } : exact);
    return `${metric.name} would be ${words(exact)} = ${style(shown)} (printed ${text})`;
  }

  function explainFit(found) {
    if (found.total === 1) return [`One matrix fits: ${cells(found.matrices[0])}.`];
    return [`${found.total} matrices${found.exact ? "" : " or more"} fit, the first ${cells(found.matrices[0])}.`];
  }

  function formWords(form, names) {
    let text = "";
    form.forEach((factor, i) => {
      if (!factor) return;
      const size = abs(factor) !== 1n || !names[i] ? `${abs(factor)} ${names[i]}`.trim() : names[i];
      text += text ? (factor < 0n ? " - " : " + ") + size : (factor < 0n ? "-" : "") + size;
    });
    return text;
  }

  function explainProof({ family, terms, total }) {
    const names = family === "counts" ? ["N", "P", "TP", "TN"] : ["", "", "TP / P", "TN / (N - P)"];
    const labels = terms.map(([, term]) => term.label);
    const named = new Set(labels.filter((label) => label.includes("'")).map((label) => label.split(" '")[0]));
    const lines = [];
    if (family === "counts" && [...named].sort().join() === "accuracy,sensitivity,specificity") {
      const label = labels.find((text) => text.startsWith("accuracy '"));
      const side = label.includes("above") || label.includes("at least") ? "above" : "below";
      lines.push(
        "Accuracy is the mean of sensitivity and specificity weighted by P and N - P, so it lies between them for every N; " +
          `the printed accuracy lies ${side} both.`
      );
    }
    lines.push("The printed values give these inequalities, taken so many times each:");
    for (const [weight, { form, strict, label }] of terms) {
      lines.push(`${weight} times [${label}]: ${weight} x (${formWords(form, names)}) ${strict ? ">" : ">="} 0`);
    }
    const left = total ? `${total} ${names[0]}`.trim() : "0";
    const sign = terms.some(([, term]) => term.strict) ? ">" : ">=";
    return [...lines, `Their sum is ${left} ${sign} 0, which no table satisfies.`];
  }

  const listed = (values) => values.map((value) => `${value.metric.name} '${value.text}'`).join(" and ");

  /* Why no matrix fits, from a smallest set of values that already exclude each other. */
  function* explainConflict(values, frame, mode) {
    let core = values.slice();
    for (const value of values) {
      const rest = core.filter((other) => other !== value);
      if (rest.length && !(yield* search(rest, frame, mode, 1)).total) core = rest;
    }
    const { n } = frame;
    if (frame.p !== null) return yield* explainSplit(core, frame.p, frame.q, mode);
    const window = project(core, mode);
    if (window.proof) return [`No table of any size has ${listed(core)}.`, ...explainProof(window.proof)];
    if (core.length === 1 && ["accuracy", "error_rate"].includes(core[0].metric.name) && n > 1) {
      return [explainAlone(core[0], 1, n - 1, mode)];
    }
    const lines = [
      `No table with N = ${n} has ${listed(core)}: P / N has to lie from ${general(float(window.lowest), 6)} to ` +
        `${general(float(window.highest), 6)}, and for no such whole P there are whole TP and TN with these values.`,
    ];
    const from = Math.max(Number(-floorBig(-window.lowest.n * BigInt(n), window.lowest.d)), 0);
    const to = Math.min(Number(floorBig(window.highest.n * BigInt(n), window.highest.d)), n);
    if (from > to) return [...lines, "There is no whole P in that range."];
    if (to - from + 1 <= limits.few_splits) {
      for (let p = from; p <= to; p++) {
        for (const text of yield* explainConflict(core, { n, p, q: n - p }, mode)) lines.push(`P = ${p}: ${text}`);
      }
    }
    return lines;
  }

  function* explainSplit(core, p, q, mode) {
    if (core.length === 1) return [explainAlone(core[0], p, q, mode)];
    let best = null;
    for (const value of core) {
      const rest = core.filter((other) => other !== value);
      const found = yield* search(rest, { n: p + q, p, q }, mode, 1000);
      if (!best || found.total < best.found.total) best = { found, rest, value };
    }
    const { found, rest, value } = best;
    const number = found.total === 1 ? "one matrix" : `${found.total} matrices`;
    const lines = [`For P = ${p} and N - P = ${q}, ${listed(rest)} leave${rest.length > 1 ? "" : "s"} ${number}.`];
    const printed = float({ n: value.digits, d: value.scale });
    const near = found.matrices
      .map((matrix) => [exactValue(value.metric, matrix), matrix])
      .filter(([exact]) => exact !== null)
      .map(([exact, matrix]) => [Math.abs(plainValue(value, exact) - printed), matrix])
      .sort(([a], [b]) => a - b);
    return [...lines, ...near.slice(0, 3).map(([, matrix]) => `${cells(matrix)}: ${show(value, matrix)}.`)];
  }

  function explainAlone(value, p, q, mode) {
    const { metric } = value;
    if (metric.family === "curved") return explainNearest(value, p, q);
    const forms = between(metric.at.big(BigInt(p), BigInt(q)), interval(value, mode)).map(([form]) => form);
    const hasTp = forms.some(([, a]) => a);
    const hasTn = forms.some(([, , b]) => b);
    const oneCount = forms.slice(0, 2).every(([, a, b]) => a || b) && !forms.slice(2).some(([, a, b]) => a || b);
    if (!(hasTp || hasTn) || !p || !q || forms.some(([, a, b]) => a && b && a !== b) || !oneCount) {
      return explainNearest(value, p, q);
    }
    const [count, of] = hasTp && hasTn ? ["TP + TN", `N = ${p + q}`] : hasTp ? ["TP", `P = ${p}`] : ["TN", `N - P = ${q}`];
    const ends = forms.slice(0, 2).map(([c, a, b]) => float(fraction(-c, a || b))).sort((x, y) => x - y);
    return (
      `${metric.name} '${value.text}' of ${of} would need ${count} between ${general(ends[0], 9)} and ` +
      `${general(ends[1], 9)}; no whole number lies there.`
    );
  }

  function explainNearest(value, p, q) {
    const text = `No table with P = ${p} and N - P = ${q} has ${value.metric.name} '${value.text}', where it is ${value.metric.formula}.`;
    if ((p + 1) * (q + 1) > limits.few_tables) return text;
    const printed = float({ n: value.digits, d: value.scale });
    let [below, above] = [null, null];
    for (let tp = 0; tp <= p; tp++) {
      for (let tn = 0; tn <= q; tn++) {
        const matrix = [tp, p - tp, q - tn, tn];
        const exact = exactValue(value.metric, matrix);
        if (exact === null) continue;
        const gap = plainValue(value, exact) - printed;
        // tables come in the order of (TP, FN, FP, TN) but for FP, which falls when TN grows; equal gaps go by that order
        const later = (other) => tp > other[1][0] || (tp === other[1][0] && q - tn > other[1][2]);
        if (gap < 0 && (!below || gap > below[0] || (gap === below[0] && later(below)))) below = [gap, matrix];
        if (gap > 0 && (!above || gap < above[0] || (gap === above[0] && !later(above)))) above = [gap, matrix];
      }
    }
    const near = [below, above].filter(Boolean).map(([, matrix]) => `for ${cells(matrix)}, ${show(value, matrix)}`);
    return near.length ? `${text} The nearest: ${near.join("; ")}.` : `${text} It is undefined for all of them.`;
  }

  Object.assign(shared, { cells, listed, show, explainFit, explainProof, explainConflict, explainAlone });
})();
