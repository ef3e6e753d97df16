/*
 * The audit of one row: its verdict, and the single edits after which the values fit (dlrrc_core/audit/metrics.py and diagnosis.py).
 */
(function () {
  "use strict";

  const shared = window.dlrrcAudit;
  if (!shared) return;
  const {
    data, METRICS, UsageError, parseRow, frameOf, fits, proveImpossible, meter, search, TooLarge, cells, listed,
    show, explainFit, explainProof, explainConflict, explainAlone,
  } = shared;

  const { limits } = data;
  const MODES = Object.keys(data.modes);

  /* ---- single edits after which a row fits ---- */

  function mayBe({ digits, scale, percent }, metric) {
    if (metric.highest === null) return digits >= 0n && !percent;
    return BigInt(metric.lowest) * scale <= digits && digits <= scale;
  }

  function* edits(row, frame) {
    const names = new Set(row.map((value) => value.metric.name));
    const named = (value, metric) => ({ ...value, metric });
    const swapped = (changes) => row.map((value, i) => changes[i] ?? value);
    for (const [i, value] of row.length > 1 ? row.entries() : []) {
      for (const metric of data.renames.map((name) => METRICS.get(name))) {
        if (names.has(metric.name) || (metric.family === "curved" && frame.p === null) || !mayBe(value, metric)) continue;
        yield ["rename", `${value.metric.name} is ${metric.name}`, swapped({ [i]: named(value, metric) }), frame];
      }
    }
    for (const [i, a] of row.entries()) {
      for (const [more, b] of row.slice(i + 1).entries()) {
        if (a.metric === b.metric || !mayBe(a, b.metric) || !mayBe(b, a.metric)) continue;
        const edited = swapped({ [i]: named(a, b.metric), [i + 1 + more]: named(b, a.metric) });
        yield ["exchange", `${a.metric.name} and ${b.metric.name} are exchanged`, edited, frame];
      }
    }
    if (frame.p !== frame.q) {
      yield ["classes", "the positive class is the other one", row, { n: frame.n, p: frame.q, q: frame.p }];
    }
    for (const [i, value] of row.length > 1 ? row.entries() : []) {
      yield ["drop", `${value.metric.name} '${value.text}' is left out`, row.filter((_, j) => j !== i), frame];
    }
  }

  function diagnosis(kind, edit, found) {
    const known = found.matrices.length > 0;
    const total = known ? found.total : null;
    return { kind, edit, cost: data.cost[kind], total, exact: found.exact, matrix: known ? found.matrices[0] : null };
  }

  function* splits(values, frame, mode) {
    if (frame.p === null || values.every((value) => value.metric.family === "curved")) return [];
    const every = yield* search(values, { n: frame.n, p: null, q: null }, mode, 1000);
    const byP = new Map();
    for (const matrix of every.matrices) {
      const p = matrix[0] + matrix[1];
      byP.set(p, [...(byP.get(p) ?? []), matrix]);
    }
    if (byP.size > limits.splits || every.total > every.matrices.length) {
      const text = `another number of positives of ${frame.n} than ${frame.p}, for instance ${Math.min(...byP.keys())}`;
      return [diagnosis("split", text, every)];
    }
    const near = [...byP.keys()].sort((a, b) => Math.abs(a - frame.p) - Math.abs(b - frame.p) || a - b);
    return near.map((p) => {
      const found = { total: byP.get(p).length, exact: true, matrices: byP.get(p) };
      return diagnosis("split", `${p} of ${frame.n} are positive, not ${frame.p}`, found);
    });
  }

  /* All single edits after which a row fits, the least first; unfinished where the rest would take too long. */
  function* diagnose(values, frame, mode) {
    const found = [];
    let unfinished = false;
    meter.work = meter.all = 0;
    try {
      for (const [kind, edit, row, denominators] of edits(values, frame)) {
        yield;
        if (!denominators.n) {
          if (!proveImpossible(row, mode)) found.push(diagnosis(kind, edit, { total: 0, exact: false, matrices: [] }));
          continue;
        }
        const fitting = yield* search(row, denominators, mode, 1);
        if (fitting.total) found.push(diagnosis(kind, edit, fitting));
      }
      found.push(...(yield* splits(values, frame, mode)));
    } catch (problem) {
      if (!(problem instanceof TooLarge)) throw problem;
      unfinished = true;
    }
    return { edits: found.sort((a, b) => a.cost - b.cost), unfinished };
  }

  /* ---- the verdict ---- */

  function assumptionsOf(row, frame, mode) {
    const found = ["All values are those of one confusion matrix, in which each case counts once."];
    if (frame.p !== null) found.push(`N = ${frame.n}, with P = ${frame.p} positive and N - P = ${frame.q} negative.`);
    else if (frame.n) found.push(`N = ${frame.n}; the number of positives is not known.`);
    else found.push("No number of cases is known: any N and any P.");
    found.push(`Values are ${data.modes[mode === "auto" ? "rounding" : mode]}.`);
    const bare = row.filter(({ text, metric }) => (text === "0" || text === "1") && metric.highest === 1);
    if (bare.length) found.push(`${listed(bare)}: read as a fraction without decimals, so that 1 is 100 % and not 1 %.`);
    if (!row.length) found.push("No value is left to test.");
    return found;
  }

  function withoutN(row, mode) {
    const loose = proveImpossible(row, "any");
    if (loose) return { verdict: "impossible-any-n", derivation: [...explainProof(loose), data.words.even_so] };
    const proof = proveImpossible(row, mode);
    if (proof) return { verdict: "impossible-rounding", fits: "any", derivation: explainProof(proof) };
    const text = "The values do not exclude each other for every number of cases, and no number of cases is known.";
    return { verdict: "uninformative", exact: false, derivation: [text] };
  }

  function* withoutMatrix(row, frame, stated, auto) {
    for (const mode of auto ? ["truncation", "ceiling", "any"] : ["any"]) {
      if (mode === stated) continue;
      const found = yield* search(row, frame, mode, 1);
      if (!found.total) continue;
      const [matrix] = found.matrices;
      const misses = row.filter((value) => !fits(value, matrix, stated)).map((value) => show(value, matrix));
      const derivation = yield* explainConflict(row, frame, stated);
      derivation.push(
        `If values were ${data.modes[mode]}, ${found.total} would fit, the first ${cells(matrix)}: ${misses.join("; ")}.`
      );
      return { verdict: "impossible-rounding", fits: mode, derivation };
    }
    const proof = proveImpossible(row, "any");
    if (proof) return { verdict: "impossible-any-n", derivation: [...explainProof(proof), data.words.even_so] };
    return { verdict: "impossible", derivation: [...(yield* explainConflict(row, frame, "any")), data.words.even_so] };
  }

  /* Which values of several no matrix of the stated cases has even by themselves, and why. */
  function* impossibleAlone(row, frame, mode) {
    const found = [];
    for (const value of row.length > 1 && frame.p !== null ? row : []) {
      if (!(yield* search([value], frame, mode, 1)).total) found.push(explainAlone(value, frame.p, frame.q, mode));
    }
    return found;
  }

  /*
   * Test one row: values is a list of [metric, printed text]; n, nPos and nNeg are whole numbers or null (a text is an error of its
   * field). Returns what dlrrc_core.audit.metrics.audit_row returns, `alone`, what is wrong with single values, and `edits`, a
   * generator of the diagnoses.
   */
  function* audit({ values, n = null, nPos = null, nNeg = null, mode = "rounding", limit = 20 }) {
    meter.work = meter.all = 0;
    if (mode !== "auto" && !MODES.includes(mode)) throw new UsageError(`unknown mode of rounding '${mode}'`);
    const twice = values.map(([name]) => name).filter((name, i, all) => all.indexOf(name) < i);
    if (twice.length) {
      throw new UsageError([...new Set(twice)].map((name) => `${name}: given twice; allowed: each metric once`).join("\n"));
    }
    const row = parseRow(values);
    const frame = frameOf({ n, nPos, nNeg });
    const result = { verdict: "untestable", total: 0, exact: true, fits: null, matrices: [], derivation: [] };
    Object.assign(result, { assumptions: assumptionsOf(row, frame, mode), alone: [], edits: null });
    if (!row.length) return result;
    const stated = mode === "auto" ? "rounding" : mode;
    if (!frame.n) {
      Object.assign(result, withoutN(row, stated));
    } else {
      const { total, exact, matrices } = yield* search(row, frame, stated, limit);
      if (total) {
        const verdict = total < limits.uninformative ? "consistent" : "uninformative";
        Object.assign(result, { verdict, total, exact, matrices, fits: stated });
        result.derivation = explainFit(result);
      } else {
        Object.assign(result, yield* withoutMatrix(row, frame, stated, mode === "auto"));
        result.alone = yield* impossibleAlone(row, frame, stated);
      }
    }
    if (result.verdict.startsWith("impossible")) result.edits = () => diagnose(row, frame, stated);
    return result;
  }

  /* Run a generator to its end without a pause. */
  function finish(generator) {
    let step = generator.next();
    while (!step.done) step = generator.next();
    return step.value;
  }

  Object.assign(shared, { audit, finish });
})();
