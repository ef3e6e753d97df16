/*
 * Whether printed values exclude each other for every number of cases: elimination in whole numbers, with a proof
 * (dlrrc_core/audit/metric_elimination.py).
 */
(function () {
  "use strict";

  const shared = window.dlrrcAudit;
  if (!shared) return;
  const { data, gcd, fraction, compare, words, interval, between } = shared;

  const [N, P, TP, TN] = [0, 1, 2, 3]; // places in a form

  function primitive(form) {
    const divisor = gcd(...form) || 1n;
    return divisor === 1n ? form : form.map((x) => x / divisor);
  }

  function inequalities(values, mode, family) {
    const found = new Map();
    const add = (form, strict, label) => {
      const key = `${form},${strict}`;
      if (!found.has(key)) found.set(key, { form, strict, label, support: [found.size], parents: null });
    };
    for (const value of values) {
      const ratio = value.metric[family];
      if (!ratio) continue;
      const within = interval(value, mode);
      const named = `${value.metric.name} '${value.text}' is`;
      const labels = [
        `${named} ${within.lowOpen ? "above" : "at least"} ${words(fraction(within.low, within.scale))}`,
        `${named} ${within.highOpen ? "below" : "at most"} ${words(fraction(within.high, within.scale))}`,
        `${value.metric.name} is defined`,
      ];
      between(ratio, within).forEach(([form, strict], i) => add(primitive(form), strict, labels[i]));
    }
    for (const [label, form, strict] of data.boxes[family]) add(form.map(BigInt), strict, label);
    return [...found.values()];
  }

  function union(a, b) {
    const all = a.slice();
    for (const x of b) if (!all.includes(x)) all.push(x);
    return all;
  }

  /* The positive combination of two inequalities that is free of a variable. */
  function sum(a, b, variable) {
    const [x, y] = [-b.form[variable], a.form[variable]];
    const form = a.form.map((c, i) => x * c + y * b.form[i]);
    const divisor = gcd(...form) || 1n;
    return {
      form: form.map((c) => c / divisor),
      strict: a.strict || b.strict,
      label: "",
      support: union(a.support, b.support),
      parents: [a, x, b, y, divisor],
    };
  }

  function eliminate(system, variable, most) {
    const lower = system.filter((row) => row.form[variable] > 0n);
    const upper = system.filter((row) => row.form[variable] < 0n);
    const result = system.filter((row) => row.form[variable] === 0n);
    for (const a of lower) {
      for (const b of upper) if (union(a.support, b.support).length <= most) result.push(sum(a, b, variable));
    }
    return result;
  }

  const impossible = (row) => row.form[N] < 0n || (row.form[N] === 0n && row.strict);

  function excludes(a, b) {
    const rest = a.form[P] * b.form[N] - b.form[P] * a.form[N];
    return rest < 0n || (rest === 0n && (a.strict || b.strict));
  }

  /* The sharpest of several bounds of P / N (the first of equals): side is 1 for lower bounds, -1 for upper ones. */
  function sharpest(rows, side) {
    let [best, end] = [null, null];
    for (const row of rows) {
      const here = fraction(-row.form[N], row.form[P]);
      const order = best === null ? 1 : side * compare(here, end) || Number(row.strict) - Number(best.strict);
      if (order > 0) [best, end] = [row, here];
    }
    return [best, end];
  }

  function first(items, isBetter) {
    return items.reduce((best, item) => (best === null || isBetter(item, best) ? item : best), null);
  }

  /* The window of P / N and the bounds of TP that printed values allow, or {proof} that there is none. */
  function project(values, mode, family = "counts") {
    const base = inequalities(values, mode, family);
    const withoutTn = eliminate(base, TN, 2);
    const inP = eliminate(withoutTn, TP, 3);
    const [lower, upper] = [inP.filter((row) => row.form[P] > 0n), inP.filter((row) => row.form[P] < 0n)];
    const [[low, lowest], [high, highest]] = [sharpest(lower, 1), sharpest(upper, -1)];
    let wrong = inP.filter((row) => row.form[P] === 0n && impossible(row));
    if (!wrong.length && low && high && impossible(sum(low, high, P))) {
      const pairs = lower.flatMap((a) => upper.filter((b) => excludes(a, b)).map((b) => [a, b]));
      const sizes = pairs.map(([a, b]) => union(a.support, b.support).length);
      const least = Math.min(...sizes);
      wrong = pairs.filter((_, i) => sizes[i] === least).map(([a, b]) => sum(a, b, P));
    }
    if (wrong.length) {
      const largest = (proof) => proof.terms.reduce((most, [weight]) => (weight > most ? weight : most), 0n);
      const proofs = wrong.map((row) => certificate(row, base, family));
      const proof = first(
        proofs,
        (a, b) => a.terms.length < b.terms.length || (a.terms.length === b.terms.length && largest(a) < largest(b))
      );
      return { proof };
    }
    return { base, withoutTn, lowest: lowest ?? fraction(0n, 1n), highest: highest ?? fraction(1n, 1n) };
  }

  function weights(row) {
    if (!row.parents) return new Map([[row.support[0], fraction(1n, 1n)]]);
    const [a, x, b, y, divisor] = row.parents;
    const found = new Map();
    for (const [part, factor] of [[a, x], [b, y]]) {
      for (const [i, w] of weights(part)) {
        const more = fraction(w.n * factor, w.d * divisor);
        const old = found.get(i) ?? fraction(0n, 1n);
        found.set(i, fraction(old.n * more.d + more.n * old.d, old.d * more.d));
      }
    }
    return found;
  }

  function certificate(row, base, family) {
    const found = [...weights(row)].sort(([i], [j]) => i - j);
    const common = found.reduce((all, [, w]) => (all * w.d) / gcd(all, w.d), 1n);
    return { family, terms: found.map(([i, w]) => [(w.n * common) / w.d, base[i]]), total: row.form[N] * common };
  }

  function proveImpossible(values, mode) {
    for (const family of ["counts", "rates"]) {
      if (!values.some((value) => value.metric[family])) continue;
      const { proof } = project(values, mode, family);
      if (proof) return proof;
    }
    return null;
  }

  Object.assign(shared, { project, proveImpossible });
})();
