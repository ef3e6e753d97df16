/*
 * Printed values of diagnostic metrics in whole numbers: the first of the scripts that audit a row, in this order: audit-values.js,
 * audit-proof.js, audit-search.js, audit-words.js, audit.js. They do what dlrrc_core/audit does, and show nothing; audit-form.js does.
 *
 * Every verdict rests on whole numbers: BigInt, or a Number where no product can pass 2^53, so that it is exact. Curved metrics, such as
 * MCC, are compared as Numbers only where the two sides differ by far more than rounding can change, and as BigInt otherwise. The
 * metrics and their formulas are not written here; they come from the library as data (dlrrc_core/audit/form_data.py).
 */
(function () {
  "use strict";

  const holder = document.getElementById("dlrrc-audit-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const { limits } = data;

  class UsageError extends Error {}

  /* ---- whole numbers and fractions ---- */

  const abs = (x) => (x < 0 ? -x : x);
  const floorBig = (a, b) => (a < 0n && a % b !== 0n ? a / b - 1n : a / b); // b is above 0
  const floorSmall = (a, b) => Math.floor(a / b); // exact: a quotient of whole numbers below 2^53 never rounds up to a whole one

  function gcd(...numbers) {
    let [a, ...rest] = numbers.map(abs);
    for (let b of rest) while (b) [a, b] = [b, a % b];
    return a;
  }

  function fraction(n, d) {
    const divisor = gcd(n, d) * (d < 0n ? -1n : 1n);
    return { n: n / divisor, d: d / divisor };
  }

  const compare = (x, y) => Number(x.n * y.d > y.n * x.d) - Number(x.n * y.d < y.n * x.d);
  const float = (x) => Number(x.n) / Number(x.d);
  const words = (x) => (x.d === 1n ? `${x.n}` : `${x.n}/${x.d}`);

  /* A number with so many decimals; halves go to the even digit. Its binary digits are taken as they are. */
  function fixed(x, places) {
    let [size, d] = [Math.abs(x), 1n];
    while (!Number.isInteger(size)) [size, d] = [size * 2, d * 2n];
    const shifted = BigInt(size) * 10n ** BigInt(places);
    let whole = shifted / d;
    const twice = 2n * (shifted % d);
    if (twice > d || (twice === d && whole % 2n)) whole += 1n;
    const text = String(whole).padStart(places + 1, "0");
    const sign = x < 0 || Object.is(x, -0) ? "-" : "";
    return sign + (places ? `${text.slice(0, -places)}.${text.slice(-places)}` : text);
  }

  /* A number with so many significant digits, without zeros at the end. */
  function general(x, digits) {
    if (x === 0) return "0";
    const exponent = Number(x.toExponential(digits - 1).split("e")[1]);
    if (exponent < -4 || exponent >= digits) {
      const [mantissa, power] = x.toExponential(digits - 1).split("e");
      const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
      return `${short}e${power[0]}${power.slice(1).padStart(2, "0")}`;
    }
    const text = fixed(x, Math.max(digits - 1 - exponent, 0));
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }

  /* ---- metrics ---- */

  /* A formula of the library as a function of Numbers and as one of BigInts. */
  function compiled(lists) {
    const text = JSON.stringify(lists).replaceAll('"', "");
    const make = (body) => new Function("abs", `return (p, q, tp, tn) => ${body};`)(abs);
    return { small: make(text), big: make(text.replace(/\b\d+\b/g, "$&n")) };
  }

  const METRICS = new Map();
  for (const made of data.metrics) {
    const metric = { ...made };
    if (made.at) metric.at = compiled(made.at);
    else [metric.domain, metric.curve] = [compiled(made.domain), compiled(made.curve)];
    for (const family of ["counts", "rates"]) {
      if (made[family]) metric[family] = made[family].map((form) => form.map(BigInt));
    }
    METRICS.set(made.name, metric);
  }

  /* The exact value for a matrix (of power 2: its square with the sign kept), null where it is undefined. */
  function exactValue(metric, matrix) {
    const [tp, fn, fp, tn] = matrix.map(BigInt);
    const [p, q] = [tp + fn, fp + tn];
    const at = ([c, a, b]) => c + a * tp + b * tn;
    let above, below;
    if (metric.family === "curved") {
      if (metric.domain.big(p, q).some((form) => at(form) <= 0n)) return null;
      [above, below] = metric.curve.big(p, q, tp, tn);
    } else {
      [above, below] = metric.at.big(p, q).map(at);
    }
    return below ? fraction(above, below) : null;
  }

  /* ---- printed values ---- */

  const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]+))? ?(%|percent|per cent)?$/;

  function hint(text) {
    if (!text) return "; the value is empty: leave the metric out";
    if ([...text].length > limits.characters) return `; at most ${limits.characters} characters`;
    if (/^[+-]?[0-9]+,[0-9]+ ?%?$/.test(text)) return "; write a point instead of the comma";
    return /[(±–]|\p{Nd}-\p{Nd}|\+\/-/u.test(text)
      ? "; a mean with a spread, or a range, cannot be tested as one value"
      : "";
  }

  function parseValue(name, text) {
    const metric = METRICS.get(name);
    const cleaned = text.trim().replaceAll("\u2212", "-").replace(/[\u00a0\u2009\u202f]/g, " ");
    const found = [...cleaned].length <= limits.characters ? NUMBER.exec(cleaned) : null;
    if (!found || !(found[2] || found[3])) {
      const letters = [...text];
      const shown = letters.length <= 40 ? `'${text}'` : `'${letters.slice(0, 40).join("")}...' (${letters.length} characters)`;
      throw new UsageError(`${name}: ${shown} is no printed number; allowed: ${data.words.allowed}${hint(cleaned)}`);
    }
    const decimals = found[3] || "";
    let [digits, scale] = [BigInt(found[2] + decimals), 10n ** BigInt(decimals.length)];
    if (found[1] === "-") {
      if (metric.lowest === 0) throw new UsageError(`${name}: '${text}' is negative; allowed: 0 or more`);
      digits = -digits;
    }
    let percent = found[4] !== undefined;
    if (percent && metric.highest === null) {
      throw new UsageError(
        `${name}: '${text}' has a percent sign; allowed: a plain number, because it is not bounded by 1`
      );
    }
    percent ||= metric.highest === 1 && abs(digits) > scale;
    if (percent) scale *= 100n;
    if (metric.highest === 1 && abs(digits) > scale) {
      throw new UsageError(
        `${name}: '${text}' is out of range; allowed: ${metric.lowest} to 1, or ${100 * metric.lowest} % to 100 %`
      );
    }
    return { metric, text: cleaned, digits, scale, percent };
  }

  function parseRow(pairs) {
    const [found, problems] = [[], []];
    for (const [name, text] of pairs) {
      try {
        found.push(parseValue(name, text));
      } catch (problem) {
        if (!(problem instanceof UsageError)) throw problem;
        problems.push(problem.message);
      }
    }
    const beside = found.find((value) => value.percent && /[0-9]$/.test(value.text));
    for (const value of beside ? found : []) {
      if (value.text === "1" && value.metric.highest === 1 && value.metric.lowest === 0) {
        problems.push(
          `${value.metric.name}: '1' beside ${beside.metric.name} '${beside.text}' may be 1 % or 100 %; write '1 %' or '100 %'`
        );
      }
    }
    if (problems.length) throw new UsageError(problems.join("\n"));
    return found;
  }

  /* The values that would be printed so: from low / scale to high / scale, with open or closed ends. */
  function interval({ digits: v, scale, metric }, mode) {
    const made = (low, high, s, lowOpen, highOpen) => ({ low, high, scale: s, lowOpen, highOpen });
    if (mode === "rounding") return made(2n * v - 1n, 2n * v + 1n, 2n * scale, false, false);
    if (mode === "truncation" && (v > 0n || (v === 0n && metric.lowest === 0))) return made(v, v + 1n, scale, false, true);
    if (mode === "ceiling" || (mode === "truncation" && v < 0n)) return made(v - 1n, v, scale, true, false);
    return made(v - 1n, v + 1n, scale, true, true);
  }

  function fits(value, matrix, mode) {
    const exact = exactValue(value.metric, matrix);
    if (exact === null) return false;
    let { low, high, scale, lowOpen, highOpen } = interval(value, mode);
    if (value.metric.power === 2) [low, high, scale] = [low * abs(low), high * abs(high), scale ** 2n];
    const [x, d] = [exact.n * scale, exact.d];
    return (lowOpen ? x > low * d : x >= low * d) && (highOpen ? x < high * d : x <= high * d);
  }

  /* Inequalities that put a ratio of two forms into an interval: [form, whether above 0 rather than at least 0]. */
  function between([above, below], { low, high, scale, lowOpen, highOpen }) {
    return [
      [above.map((x, i) => scale * x - low * below[i]), lowOpen],
      [above.map((x, i) => high * below[i] - scale * x), highOpen],
      [below, true],
    ];
  }

  /* ---- what is known of the numbers of cases ---- */

  function frameOf({ n = null, nPos = null, nNeg = null }) {
    const problems = [];
    const given = [["n", n, 1], ["n_pos", nPos, 0], ["n_neg", nNeg, 0]];
    for (const [name, value, least] of given) {
      if (value === null || (Number.isInteger(value) && value >= least && value <= limits.n)) continue;
      const shown = typeof value === "string" ? `'${value}'` : value;
      problems.push(`${name}: ${shown}; allowed: a whole number from ${least} to ${limits.n}`);
    }
    if (problems.length) throw new UsageError(problems.join("\n"));
    let size = n;
    if (n === null && nPos !== null && nNeg !== null) {
      size = nPos + nNeg;
      if (!size) throw new UsageError("n_pos: 0 and n_neg: 0; allowed: at least one case");
    }
    if (size === null) {
      if (nPos !== null || nNeg !== null) {
        throw new UsageError("n_pos or n_neg alone; allowed: with n, with the other of the two, or with n_max");
      }
      return { n: 0, p: null, q: null };
    }
    const p = nPos ?? (nNeg === null ? null : size - nNeg);
    const q = nNeg ?? (nPos === null ? null : size - nPos);
    if (p !== null && (p < 0 || q < 0 || p + q !== size)) {
      throw new UsageError(`n: ${size}, n_pos: ${p}, n_neg: ${q}; allowed: n_pos + n_neg = n, both 0 or more`);
    }
    return { n: size, p, q };
  }

  window.dlrrcAudit = {
    data, UsageError, METRICS, abs, floorBig, floorSmall, gcd, fraction, compare, float, words, fixed,
    general, exactValue, parseRow, interval, fits, between, frameOf,
  };
})();
