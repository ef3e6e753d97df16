/*
 * All confusion matrices that printed values allow, counted exactly (dlrrc_core/audit/feasible.py and metric_pairs.py).
 *
 * Functions with a star are generators that yield now and then, so that the page stays responsive.
 */
(function () {
  "use strict";

  const shared = window.dlrrcAudit;
  if (!shared) return;
  const { data, abs, floorBig, floorSmall, interval, between, project } = shared;

  const { limits } = data;
  const SAFE = 2 ** 53;
  const SLICE = 2_000_000; // units of work (1 or 2 ns each) between two pauses
  const [LARGE, CURVED] = [200, 150]; // units of work of an inequality in BigInt and of a bisection
  const MOST_WORK = 6_000_000_000; // units of work after which a search is too large for a page
  const [N, P, TP, TN] = [0, 1, 2, 3]; // places in a form

  class TooLarge extends Error {}

  const meter = { work: 0, all: 0 };

  /* Note work done; true when it is time for a pause. */
  function spend(units) {
    meter.work += units;
    if (meter.work < SLICE) return false;
    meter.all += meter.work;
    meter.work = 0;
    if (meter.all > MOST_WORK) throw new TooLarge("too large");
    return true;
  }

  function makeTest(value, mode, largest) {
    const { metric } = value;
    const exact = interval(value, mode);
    const size = Math.max(...[exact.low, exact.high, exact.scale].map((x) => Math.abs(Number(x))));
    const small = 32 * size * largest ** metric.degree < SAFE;
    const test = { metric, small, within: exact };
    if (small) {
      test.within = { ...exact, low: Number(exact.low), high: Number(exact.high), scale: Number(exact.scale) };
    }
    if (metric.family === "curved") {
      const power = (x) => (metric.power === 2 ? x * abs(x) : x);
      test.ends = [power(exact.low), power(exact.high)];
      test.scale = exact.scale ** BigInt(metric.power);
      test.floats = { ends: test.ends.map(Number), scale: Number(test.scale) };
    }
    return test;
  }

  /* The inequalities c + a TP + b TN >= 0 of a printed value for given P and Q. */
  function halfPlanes(test, p, q) {
    if (test.metric.family === "curved") return test.metric.domain.small(p, q).map(([c, a, b]) => ({ c: c - 1, a, b, big: false }));
    const ratio = test.small ? test.metric.at.small(p, q) : test.metric.at.big(BigInt(p), BigInt(q));
    const one = test.small ? 1 : 1n;
    return between(ratio, test.within).map(([[c, a, b], strict]) => ({ c: strict ? c - one : c, a, b, big: !test.small }));
  }

  /* The whole x from low to high with c + s x >= 0. */
  function tighten(c, s, big, low, high) {
    if (s > 0) return [Math.max(low, 0 - (big ? Number(floorBig(c, s)) : floorSmall(c, s))), high];
    if (s < 0) return [low, Math.min(high, big ? Number(floorBig(c, -s)) : floorSmall(c, -s))];
    return c >= 0 ? [low, high] : [1, 0];
  }

  /* Whether a curved metric is at least (beyond: above) an end of its interval. Numbers decide where their rounding cannot matter. */
  function reaches(test, p, q, tp, tn, end, beyond) {
    const [above, below] = test.metric.curve.small(p, q, tp, tn);
    const [left, right] = [above * test.floats.scale, below * test.floats.ends[end]];
    if (Math.abs(left - right) > 1e-12 * (Math.abs(left) + Math.abs(right))) return left > right;
    const [x, y] = test.metric.curve.big(BigInt(p), BigInt(q), BigInt(tp), BigInt(tn));
    const [exactLeft, exactRight] = [x * test.scale, y * test.ends[end]];
    return beyond ? exactLeft > exactRight : exactLeft >= exactRight;
  }

  /* A curved metric never falls when TN grows: bisection finds its bounds, beginning near those of the TP before (hints). */
  function bisect(test, p, q, tp, low, high, hints) {
    const passes = (end, tn) => reaches(test, p, q, tp, tn, end, end ? !test.within.highOpen : test.within.lowOpen);
    const firstWith = (end) => {
      let [left, right] = [low, high + 1];
      let probe = Math.min(Math.max(hints[end], low), high);
      for (let step = 1; left < right; step *= 2) { // longer and longer steps until the change lies between left and right
        const passed = passes(end, probe);
        if (passed) right = probe;
        else left = probe + 1;
        const next = passed ? probe - step : probe + step;
        if (next < left || next >= right) break;
        probe = next;
      }
      while (left < right) {
        const middle = Math.floor((left + right) / 2);
        if (passes(end, middle)) right = middle;
        else left = middle + 1;
      }
      hints[end] = left;
      return left;
    };
    if (!passes(0, high) || passes(1, low)) return [1, 0];
    return [firstWith(0), firstWith(1) - 1];
  }

  /* Add the matrices of one P and Q, with TP from low to high. */
  function* addPair(found, tests, p, q, low, high) {
    const mixed = [];
    let [tnLow, tnHigh] = [0, q];
    const planes = tests.flatMap((test) => halfPlanes(test, p, q));
    for (const plane of planes) {
      if (!plane.b) [low, high] = tighten(plane.c, plane.a, plane.big, low, high);
      else if (!plane.a) [tnLow, tnHigh] = tighten(plane.c, plane.b, plane.big, tnLow, tnHigh);
      else mixed.push(plane);
    }
    if (low > high || tnLow > tnHigh) return;
    for (const { c, a, b, big } of mixed) { // what bounds TP for the most favourable TN
      const tn = b > 0 ? tnHigh : tnLow;
      [low, high] = tighten(c + b * (big ? BigInt(tn) : tn), a, big, low, high);
    }
    const [small, large] = [mixed.filter((plane) => !plane.big), mixed.filter((plane) => plane.big)];
    const curved = tests.filter((test) => test.metric.family === "curved");
    const hints = curved.map(() => [0, 0]);
    const least = 2 + 2 * small.length; // units of work of one TP
    for (let tp = low; tp <= high; tp++) {
      let [from, to, units] = [tnLow, tnHigh, least];
      for (let i = 0; i < small.length; i++) {
        const { c, a, b } = small[i];
        const v = c + a * tp;
        if (b > 0) from = Math.max(from, 0 - floorSmall(v, b));
        else to = Math.min(to, floorSmall(v, -b));
      }
      for (const { c, a, b } of large) {
        if (from > to) break;
        [from, to] = tighten(c + a * BigInt(tp), b, true, from, to);
        units += LARGE;
      }
      for (let i = 0; i < curved.length && from <= to; i++) {
        [from, to] = bisect(curved[i], p, q, tp, from, to, hints[i]);
        units += CURVED;
      }
      for (let tn = from; tn <= to && found.matrices.length < found.limit; tn++) {
        found.matrices.push([tp, p - tp, q - tn, tn]);
      }
      if (from <= to) found.total += to - from + 1;
      if (spend(units)) yield;
    }
  }

  /* Whether some whole k from 0 to the size satisfies every a size + b k >= 0. */
  function sieve(lines, size) {
    let [low, high] = [0, size];
    for (const { a, b, strict, big } of lines) {
      const c = big ? a * BigInt(size) - BigInt(strict) : a * size - Number(strict);
      [low, high] = tighten(c, b, big, low, high);
    }
    return low <= high;
  }

  function line(a, b, strict, largest) {
    const big = 2 * (Number(abs(a)) + Number(abs(b))) * (largest + 1) >= SAFE;
    return big ? { a, b, strict, big } : { a: Number(a), b: Number(b), strict, big };
  }

  /* The matrices that printed values allow, counted as the library counts: it stops at so many, after whole chunks of (P, TP). */
  function* search(values, frame, mode, limit) {
    const found = { total: 0, exact: true, matrices: [], limit };
    const tests = values.map((value) => makeTest(value, mode, frame.n));
    if (frame.p !== null) {
      yield* addPair(found, tests, frame.p, frame.q, 0, frame.p);
      return found;
    }
    const window = project(values, mode);
    if (window.proof) return found;
    const { n } = frame;
    const lines = (keep, i, j) => window.base.filter(keep).map((row) => line(row.form[i], row.form[j], row.strict, n));
    const pLines = lines(({ form }) => !form[N] && !form[TN], P, TP);
    const qLines = lines(({ form }) => form[N] === -form[P] && !form[TP], N, TN);
    const nLines = lines(({ form }) => !form[P] && form[TP] === form[TN], N, TP);
    if (!sieve(nLines, n)) return found;
    const bounds = window.withoutTn
      .filter((row) => row.form[TP])
      .map(({ form, strict }) => {
        const big = 2 * form.reduce((all, x) => all + Math.abs(Number(x)), 0) * n >= SAFE;
        const [c, slope, a] = big ? [form[N], form[P], form[TP]] : [Number(form[N]), Number(form[P]), Number(form[TP])];
        return { c: c * (big ? BigInt(n) : n) - (big ? BigInt(strict) : Number(strict)), slope, a, big };
      });
    const { lowest, highest } = window;
    const from = Math.max(Number(-floorBig(-lowest.n * BigInt(n), lowest.d)), 0);
    const to = Math.min(Number(floorBig(highest.n * BigInt(n), highest.d)), n);
    let inChunk = 0;
    for (let p = from; p <= to; p++) {
      if (spend(10)) yield;
      if (!sieve(pLines, p) || !sieve(qLines, n - p)) continue;
      let [low, high] = [0, p];
      for (const { c, slope, a, big } of bounds) {
        const [l, h] = tighten(c + slope * (big ? BigInt(p) : p), a, big, low, high);
        [low, high] = [l, h];
      }
      if (spend(5 * bounds.length)) yield;
      if (low > high) continue;
      if (inChunk && inChunk + high - low + 1 > limits.chunk) {
        if (found.total >= limits.uninformative) break;
        inChunk = 0;
      }
      inChunk += high - low + 1;
      yield* addPair(found, tests, p, n - p, low, high);
    }
    found.exact = found.total < limits.uninformative;
    return found;
  }

  Object.assign(shared, { TooLarge, meter, spend, search });
})();
