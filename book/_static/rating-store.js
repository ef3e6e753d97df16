/*
 * Drafts of the rating form in this browser, one per paper and rater, written after every change. A draft that would be overwritten
 * or cannot be read is kept beside it. Where the browser keeps nothing, everything still works until the page is closed.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { items, emptyRating, emptyAnswer, problems, PARTS, isId } = form;
  const PREFIX = "dlrrc-rating:";
  const LAST = "dlrrc-rating-last";
  const memory = new Map(); // in place of localStorage
  let lasting = works();

  function works() {
    try {
      localStorage.setItem(`${PREFIX}?`, "1");
      localStorage.removeItem(`${PREFIX}?`);
      return true;
    } catch {
      return false;
    }
  }

  const keyOf = (paper, rater) => `${PREFIX}${paper}:${rater}`;
  const get = (key) => (memory.has(key) ? memory.get(key) : lasting ? localStorage.getItem(key) : null);

  function set(key, text) {
    if (lasting) {
      try {
        localStorage.setItem(key, text);
        memory.delete(key);
        return;
      } catch {
        lasting = false; // full or forbidden since; what is stored already stays there
      }
    }
    memory.set(key, text);
  }

  function remove(key) {
    memory.delete(key);
    if (works()) localStorage.removeItem(key);
  }

  function keys() {
    const stored = works() ? Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i)) : [];
    return [...new Set([...stored, ...memory.keys()])].filter((key) => key.startsWith(PREFIX)).sort();
  }

  /* A stored draft as {rating, compared}; null when it is none. What stands in the storage is not trusted. */
  function parse(text) {
    try {
      const found = JSON.parse(text);
      const rating = emptyRating(found.rating.paper, found.rating.rater);
      for (const key of Object.keys(rating)) if (key !== "answers") rating[key] = found.rating[key] ?? null;
      for (const item of items) {
        const answer = found.rating.answers[item.id] ?? emptyAnswer();
        for (const key of PARTS) rating.answers[item.id][key] = answer[key] ?? null;
      }
      return problems(rating).length ? null : { rating, compared: found.compared === true };
    } catch {
      return null;
    }
  }

  /* Put the text of a key aside under the next free number. */
  function keep(key) {
    let number = 2;
    while (get(`${key}:${number}`) !== null) number += 1;
    set(`${key}:${number}`, get(key));
  }

  /* The draft of a paper and rater, null where there is none. An unreadable one is put aside. */
  function load(paper, rater) {
    const key = keyOf(paper, rater);
    const text = get(key);
    if (text === null) return null;
    const draft = parse(text);
    if (!draft) {
      keep(key);
      remove(key);
    }
    return draft;
  }

  /* Store a draft; false when it only stays until the page is closed. */
  function save(draft) {
    const key = keyOf(draft.rating.paper, draft.rating.rater);
    set(key, JSON.stringify(draft));
    set(LAST, key);
    return lasting;
  }

  /* Store a draft in the place of another, which is kept. */
  function replace(draft) {
    const key = keyOf(draft.rating.paper, draft.rating.rater);
    const before = get(key);
    if (before !== null && before !== JSON.stringify(draft)) keep(key);
    return save(draft);
  }

  /* All drafts as {key, paper, rater, number, draft}; number tells the copies that were kept. */
  function list() {
    return keys()
      .map((key) => {
        const [paper, rater, number] = key.slice(PREFIX.length).split(":");
        return { key, paper, rater, number: number ?? null, draft: parse(get(key)), text: get(key) };
      })
      .filter(({ paper, rater }) => isId(paper) && isId(rater));
  }

  /* The draft that was worked on last. */
  function last() {
    const [paper, rater] = (get(LAST) ?? "").slice(PREFIX.length).split(":");
    return isId(paper) && isId(rater) ? load(paper, rater) : null;
  }

  const leave = () => remove(LAST);

  form.store = { load, save, replace, remove, list, last, leave, parse, keyOf, lasts: () => lasting };
})();
