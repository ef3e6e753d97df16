/*
 * From answers to scores, in whole units as in dlrrc_core/scoring.py: an open item gives the score an interval, an item that is not
 * applicable leaves the denominator. The tests compare the two on random answers.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { data, items } = form;
  const list = data.checklist;
  const [UNCLEAR, NOT_APPLICABLE] = data.special.map((special) => special.code);
  const units = new Map(items.map((item) => [item.id, new Map(item.options.map((option) => [option.code, option.units]))]));
  const most = new Map(items.map((item) => [item.id, Math.max(...item.options.map((option) => option.units))]));

  const bounds = ({ reached, open, applicable }, full) =>
    applicable ? [(full * reached) / applicable, (full * (reached + open)) / applicable] : [0, full];
  const verdict = ([low, high], line) => (low >= line ? true : high < line ? false : null);

  /* The score of answers, a mapping of item to answer code or null; names and values as in the library's Score. */
  function score(answers) {
    const parts = Object.fromEntries(list.parts.map((part) => [part.id, { reached: 0, open: 0, applicable: 0 }]));
    let open = 0;
    let outside = 0;
    for (const item of items) {
      const answer = answers[item.id] ?? null;
      if (answer === NOT_APPLICABLE) {
        outside += 1;
        continue;
      }
      const part = parts[item.part];
      part.applicable += most.get(item.id);
      if (answer === null || answer === UNCLEAR) {
        open += 1;
        part.open += most.get(item.id);
      } else {
        part.reached += units.get(item.id).get(answer);
      }
    }
    const sum = (key) => Object.values(parts).reduce((total, part) => total + part[key], 0);
    const whole = { reached: sum("reached"), open: sum("open"), applicable: sum("applicable") };
    const interval = bounds(whole, list.total_points);
    const complete = open === 0 && whole.applicable > 0;
    const facts = list.open_items.map(([number, code]) => {
      const answer = answers[number] ?? null;
      return [null, UNCLEAR, NOT_APPLICABLE].includes(answer) ? null : answer === code;
    });
    const closed = (part) => part.open === 0 && part.applicable > 0;
    const access = parts[list.accessibility_part];
    return {
      units: complete ? whole.reached : null,
      points: complete ? interval[0] : null,
      interval,
      parts: Object.fromEntries(
        Object.entries(parts).map(([id, part]) => [id, closed(part) ? part.reached * list.unit_points : null])
      ),
      percents: Object.fromEntries(Object.entries(parts).map(([id, part]) => [id, bounds(part, 100)])),
      n_open: open,
      n_outside: outside,
      acceptable: verdict(interval, list.acceptable_points),
      accessible: verdict(bounds(access, 100), list.accessibility_pass_percent),
      open_code: facts[0],
      open_data: facts[1],
      open_weights: facts[2],
    };
  }

  const codes = (rating) => Object.fromEntries(items.map((item) => [item.id, rating.answers[item.id].answer]));

  Object.assign(form, { score, codes });
})();
