/*
 * What the scripts of the rating form share: the data that the page carries, and how a rating is held.
 *
 * A rating is {paper, rater, kind, checklist, paper_version, read, blinded, date, conflict_of_interest, answers}, where answers maps each
 * item to {answer, evidence, where, confidence}. null means "not given"; the status follows from the answers.
 */
(function () {
  "use strict";

  const source = document.getElementById("dlrrc-rating-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const items = data.checklist.parts.flatMap((part) => part.items.map((item) => ({ ...item, part: part.id })));
  const specials = data.special.map((special) => special.code);
  const allowed = new Map(items.map((item) => [item.id, [...item.options.map((option) => option.code), ...specials]]));
  const HEAD = ["paper", "rater", "kind", "checklist", "paper_version", "read", "blinded", "date"];
  const KEYS = [...HEAD, "status", "conflict_of_interest"]; // of a file, in its order
  const PARTS = ["answer", "evidence", "where", "confidence"];

  /* What is wrong with a file or an entry, in words for the reader. */
  class RatingError extends Error {}

  const emptyAnswer = () => ({ answer: null, evidence: null, where: null, confidence: null });

  function emptyRating(paper, rater) {
    return {
      paper,
      rater,
      kind: null,
      checklist: data.checklist.id,
      paper_version: null,
      read: null,
      blinded: null,
      date: null,
      conflict_of_interest: null,
      answers: Object.fromEntries(items.map((item) => [item.id, emptyAnswer()])),
    };
  }

  /* A text as records can hold it: no control characters, no half of a character, null when nothing is left. */
  function clean(text) {
    const whole = text.toWellFormed ? text.toWellFormed() : text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
    const plain = whole.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, " ");
    return plain.trim() || null;
  }

  const isId = (text) => typeof text === "string" && new RegExp(data.limits.id).test(text);

  function isDate(text) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
    if (!parts) return false;
    const day = new Date(`${text}T00:00:00Z`);
    return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) && parts[1] !== "0000";
  }

  /* A sentence about every value that a rating may not have; drafts may leave out kind, read and blinded. */
  function problems(rating) {
    const wrong = [];
    const one = (key, choices) => {
      if (rating[key] !== null && !choices.includes(rating[key])) wrong.push(`${key} is '${rating[key]}'; allowed: ${choices.join(", ")}`);
    };
    const text = (key, value) => {
      if (value === null) return;
      if (typeof value !== "string" || !value) wrong.push(`${key} is no text; allowed: text or null`);
      else if ([...value].length > data.limits.text) wrong.push(`${key} has ${[...value].length} characters; allowed: at most ${data.limits.text}`);
    };
    for (const key of ["paper", "rater"]) {
      if (!isId(rating[key])) wrong.push(`${key} is '${rating[key]}'; allowed: a small letter, then 1 to 39 small letters, digits or hyphens`);
    }
    one("kind", data.head.kinds);
    one("checklist", [data.checklist.id]);
    one("read", data.head.read);
    one("blinded", [true, false]);
    for (const key of ["paper_version", "conflict_of_interest"]) text(key, rating[key]);
    if (rating.date !== null && !isDate(rating.date)) wrong.push(`date is '${rating.date}'; allowed: a day such as 2024-01-31`);
    for (const item of items) {
      const { answer, evidence, where, confidence } = rating.answers[item.id];
      if (answer !== null && !allowed.get(item.id).includes(answer)) {
        wrong.push(`item ${item.id} has the answer '${answer}'; allowed: ${allowed.get(item.id).join(", ")} or null`);
      }
      text(`evidence of item ${item.id}`, evidence);
      text(`where of item ${item.id}`, where);
      if (confidence !== null && !data.head.confidences.includes(confidence)) {
        wrong.push(`confidence of item ${item.id} is '${confidence}'; allowed: ${data.head.confidences.join(", ")} or null`);
      }
    }
    return wrong;
  }

  const answered = (rating) => items.filter((item) => rating.answers[item.id].answer !== null).length;
  const status = (rating) => (answered(rating) === items.length ? "complete" : "draft");

  function label(item, code) {
    if (code === null) return "Not answered";
    return [...item.options, ...data.special].find((option) => option.code === code).label;
  }

  /* An element with attributes and children; texts are put in as text, never as HTML. */
  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const shared = { data, items, allowed, KEYS, PARTS, RatingError, emptyAnswer, emptyRating, clean, isId };
  window.dlrrcRating = { ...shared, problems, answered, status, label, element };
})();
