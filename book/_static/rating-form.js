/*
 * The rating form of the book. It builds everything in <div id="dlrrc-rating"> and keeps the draft in this browser after every change.
 * No request is made; it also works from file://. What is typed or imported reaches the page as text only.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  const box = document.getElementById("dlrrc-rating");
  if (!form || !box) return;
  const { data, items, element, store, answered } = form;

  let draft = null; // {rating, compared}
  const button = (text, attributes = {}) => element("button", { type: "button", ...attributes }, text);

  /* ---- messages ---- */

  const problems = element("div", { role: "alert", id: "dlrrc-rate-problems" });
  const news = element("p", { class: "dlrrc-count", role: "status" });
  const kept = element("div", {});
  const tell = (words) => {
    news.textContent = words;
  };

  function unmark() {
    problems.replaceChildren();
    for (const field of box.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-errormessage");
    }
  }

  function complain(message, field) {
    unmark();
    problems.append(element("div", { class: "dlrrc-banner" }, ...message.split("\n").map((line) => element("p", {}, line))));
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-errormessage", problems.id);
    (field ?? problems).focus();
    if (!field) problems.scrollIntoView({ block: "center" });
  }

  const WARNING =
    "This browser keeps no drafts for this page (private window, blocked or full storage). Your answers stay until you close the page: " +
    "download the rating before that.";

  function sayWhetherKept(lasting) {
    if (lasting === (kept.childElementCount === 0)) return;
    kept.replaceChildren(...(lasting ? [] : [element("div", { class: "dlrrc-banner", role: "note" }, element("p", {}, WARNING))]));
  }

  window.addEventListener("beforeunload", (event) => {
    if (draft && !store.lasts() && !untouched(draft.rating)) event.preventDefault();
  });

  const untouched = (rating) => {
    const { answers, ...facts } = form.emptyRating(rating.paper, rating.rater);
    return Object.keys(facts).every((key) => rating[key] === facts[key]) && JSON.stringify(rating.answers) === JSON.stringify(answers);
  };

  const home = form.home({
    complain,
    tell,
    open(chosen, words) {
      unmark();
      open(chosen, words);
      heading.focus();
    },
  });

  /* ---- the open rating ---- */

  const heading = element("h2", { tabindex: "-1" });
  const paperTitle = element("p", {});
  const head = form.head((key, value) => change((rating) => (rating[key] = value)));
  const questions = items.map((item) => form.question(item, (key, value) => answer(item.id, key, value)));
  const panel = form.panel();
  const meter = element("progress", { max: String(items.length), value: "0", "aria-label": "Questions answered" });
  const count = element("span", { role: "status" });
  const next = button("Next open question");
  const asked = element("input", { type: "checkbox" });
  const brief = element("strong", { class: "dlrrc-rate-brief", hidden: "" });
  const bar = element(
    "div",
    { class: "dlrrc-rate-bar dlrrc-tools" },
    element("span", { class: "dlrrc-rate-count" }, meter, count),
    next,
    element("label", { class: "dlrrc-rate-check" }, asked, "Show points"),
    brief
  );
  const close = button("Close this rating");
  const sheet = element("form", { class: "dlrrc-rate-form", novalidate: "", autocomplete: "off", "aria-label": "Rating", hidden: "" });
  const byPart = data.checklist.parts.map((part) =>
    element(
      "section",
      { "aria-label": `Part ${part.id}` },
      element("h2", {}, `Part ${part.id}: ${part.title}`),
      ...items.flatMap((item, i) => (item.part === part.id ? [questions[i].node] : []))
    )
  );
  sheet.addEventListener("submit", (event) => event.preventDefault());

  function open(chosen, words) {
    draft = chosen;
    const { paper, rater } = draft.rating;
    heading.textContent = `${paper}, rated by ${rater}`;
    paperTitle.textContent = data.papers.find((one) => one.id === paper)?.label ?? "This paper is not in this review: add it with dlrrc new before its rating.";
    home.node.hidden = true;
    sheet.hidden = false;
    fill();
    sayWhetherKept(store.save(draft));
    tell(words);
  }

  function fill() {
    head.fill(draft.rating);
    items.forEach((item, i) => questions[i].fill(draft.rating.answers[item.id]));
    show();
    compare();
  }

  function change(work) {
    work(draft.rating);
    sayWhetherKept(store.save(draft));
    show();
  }

  function answer(number, key, value) {
    const late = key === "answer" && draft.compared && draft.rating.answers[number].answer !== value;
    change((rating) => {
      if (late && rating.blinded) rating.blinded = false;
      rating.answers[number][key] = value;
    });
    if (!late) return;
    head.fill(draft.rating);
    compare();
    tell("You have seen the stored ratings: this rating now says that it is not blinded.");
  }

  function show() {
    const done = answered(draft.rating);
    meter.value = done;
    if (count.textContent !== `${done} of ${items.length} answered`) count.textContent = `${done} of ${items.length} answered`;
    next.disabled = done === items.length;
    showPoints();
    practice.hidden = !data.practice[draft.rating.paper]?.length;
    compareButton.disabled = done < items.length;
    compareWords.textContent =
      done < items.length ? `The stored ratings can be compared after all ${items.length} answers.` : "All questions are answered.";
    take.show(draft.rating);
  }

  close.addEventListener("click", () => {
    draft = null;
    store.leave();
    sheet.hidden = true;
    home.node.hidden = false;
    unmark();
    home.list();
    tell("The rating is closed.");
    document.getElementById("dlrrc-rate-paper").focus();
  });

  function showPoints() {
    for (const node of [panel.node, brief, ...sheet.querySelectorAll(".dlrrc-rate-points")]) node.hidden = !asked.checked;
    brief.textContent = asked.checked ? form.brief(draft.rating) : "";
    panel.update(draft.rating);
  }

  asked.addEventListener("change", showPoints);

  /* ---- keys ---- */

  function goTo(i) {
    if (i >= 0 && i < questions.length) questions[i].focus();
  }

  /* The first question without an answer after one, or from the beginning. */
  function nextOpen(after) {
    const order = items.map((_, i) => (after + 1 + i) % items.length);
    const found = order.find((i) => draft.rating.answers[items[i].id].answer === null);
    if (found === undefined) take.yaml.focus();
    else goTo(found);
  }

  next.addEventListener("click", () => nextOpen(-1));
  sheet.addEventListener("keydown", (event) => {
    const node = event.target.closest(".dlrrc-rate-item");
    if (!node || event.altKey || event.metaKey || event.isComposing) return;
    const i = items.findIndex((item) => String(item.id) === node.dataset.item);
    const radio = questions[i].radios.includes(event.target);
    if (event.key === "Enter" && event.ctrlKey) goTo(i + (event.shiftKey ? -1 : 1));
    else if (event.ctrlKey || !radio) return;
    else if (event.key === "Enter") nextOpen(i);
    else if (event.key === "Delete" || event.key === "Backspace") questions[i].choose(null);
    else {
      const code = questions[i].keyed(event.key);
      if (!code) return;
      questions[i].choose(code);
      questions[i].focus();
    }
    event.preventDefault();
  });

  const take = form.take({ rating: () => draft?.rating ?? null, complain, unmark, tell, controls: head.controls });

  /* ---- practice ---- */

  const compareButton = button("Compare with the stored ratings");
  const compareWords = element("p", {});
  const compared = element("div", {});
  const practice = element(
    "section",
    { "aria-label": "Practice", hidden: "" },
    element("h2", {}, "Practice"),
    compareWords,
    element("div", { class: "dlrrc-tools" }, compareButton),
    compared
  );

  function compare() {
    const stored = data.practice[draft.rating.paper] ?? [];
    const done = draft.compared && stored.length && answered(draft.rating) === items.length;
    compared.replaceChildren(...(done ? form.comparison(draft.rating, stored) : []));
  }

  compareButton.addEventListener("click", () => {
    draft.compared = true;
    sayWhetherKept(store.save(draft));
    compare();
    tell("The comparison is below.");
  });

  /* ---- all together ---- */

  sheet.append(
    heading,
    paperTitle,
    element("div", { class: "dlrrc-tools" }, close),
    head.node,
    ...byPart,
    take.node,
    practice,
    panel.node,
    bar
  );
  box.replaceChildren(problems, kept, home.node, sheet, news, take.paper);
  problems.tabIndex = -1;

  window.addEventListener("storage", (event) => {
    if (!draft || event.key !== store.keyOf(draft.rating.paper, draft.rating.rater) || !event.newValue) return;
    const found = store.parse(event.newValue); // the same rating was changed in another window
    if (!found) return;
    draft = found;
    fill();
    tell("This rating was changed in another window; its answers are shown here.");
  });

  home.list();
  sayWhetherKept(store.lasts());
  const before = store.last();
  if (before) open(before, "Your draft is back.");
  box.dataset.ready = "true";
})();
