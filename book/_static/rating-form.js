/*
 * The rating form of the book. It builds everything in <div id="dlrrc-rating"> and keeps the draft in this browser after every change.
 * No request is made; it also works from file://. What is typed or imported reaches the page as text only.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  const box = document.getElementById("dlrrc-rating");
  if (!form || !box) return;
  const { data, items, element, store, answered, status } = form;
  const MAX_BYTES = 1000000; // of an imported file
  const YAML = "application/yaml;charset=utf-8";
  const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

  let draft = null; // {rating, compared}
  const button = (text, attributes = {}) => element("button", { type: "button", ...attributes }, text);

  /* ---- messages ---- */

  const problems = element("div", { role: "alert", id: "dlrrc-rate-problems" });
  const news = element("p", { class: "dlrrc-count", role: "status" });
  const kept = element("div", {});

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

  /* ---- start, drafts, import ---- */

  const start = form.start(begin, complain);
  const drafts = element("div", {});
  const file = element("input", { type: "file", accept: ".yaml,.yml" });
  const home = element(
    "section",
    { class: "dlrrc-rate-home", "aria-label": "Start" },
    start.node,
    drafts,
    element(
      "div",
      { class: "dlrrc-tools" },
      form.field("Import a rating (YAML)", file, "import only your own: a file of another rater shows their answers")
    )
  );

  function begin(paper, rater) {
    unmark();
    const found = store.load(paper, rater);
    open(found ?? { rating: form.emptyRating(paper, rater), compared: false }, found ? "Your draft is back." : "A new rating is open.");
    heading.focus();
  }

  function listDrafts() {
    const rows = store.list().map((one) => {
      const name = `${one.paper}, rater ${one.rater}${one.number === null ? "" : `, kept copy ${one.number}`}`;
      const words = one.draft ? `${answered(one.draft.rating)} of ${items.length} answered` : "cannot be read";
      const go = button("Go on", { "aria-label": `Go on with ${name}` });
      const away = button("Delete", { "aria-label": `Delete the draft ${name}` });
      go.addEventListener("click", () => goOn(one));
      away.addEventListener("click", () => {
        if (away.dataset.sure) {
          store.remove(one.key);
          listDrafts();
          news.textContent = `The draft ${name} is deleted.`;
          document.getElementById("dlrrc-rate-paper").focus();
        } else {
          away.dataset.sure = "true";
          away.textContent = "Really delete?";
          away.setAttribute("aria-label", `Really delete the draft ${name}?`);
        }
      });
      return element("li", {}, `${name}: ${words} `, ...(one.draft ? [go, " "] : []), away);
    });
    drafts.replaceChildren(
      ...(rows.length ? [element("h2", {}, "Drafts in this browser"), element("ul", { class: "dlrrc-tools dlrrc-rate-drafts" }, ...rows)] : [])
    );
  }

  /* Open a draft; a kept copy changes places with the draft of its paper and rater. */
  function goOn({ key, draft: chosen, number }) {
    unmark();
    if (number !== null) {
      store.remove(key);
      store.replace(chosen);
    }
    open(chosen, "Your draft is back.");
    heading.focus();
  }

  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    try {
      if (chosen.size > MAX_BYTES) throw new form.RatingError(`the file has ${chosen.size} bytes; allowed: at most ${MAX_BYTES}`);
      let text;
      try {
        text = new TextDecoder("utf-8", { fatal: true }).decode(await chosen.arrayBuffer());
      } catch {
        throw new form.RatingError("the file is no text in UTF-8; allowed: a rating as YAML");
      }
      const rating = form.read(text);
      const made = { rating, compared: false };
      store.replace(made);
      unmark();
      open(made, `Imported: ${rating.paper}, rater ${rating.rater}. A draft that was there before is kept under the drafts.`);
      heading.focus();
    } catch (problem) {
      if (!(problem instanceof form.RatingError)) throw problem;
      complain(`${chosen.name} was not imported.\n${problem.message}`, file);
    }
    file.value = "";
  });

  /* ---- the open rating ---- */

  const heading = element("h2", { tabindex: "-1" });
  const paperTitle = element("p", {});
  const head = form.head((key, value) => change((rating) => (rating[key] = value)));
  const questions = items.map((item) =>
    form.question(item, (key, value) =>
      change((rating) => {
        if (key === "answer" && draft.compared && rating.answers[item.id].answer !== value && rating.blinded) {
          rating.blinded = false;
          news.textContent = "You have seen the stored ratings: this rating now says that it is not blinded.";
          head.fill(rating);
        }
        rating.answers[item.id][key] = value;
      })
    )
  );
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
    home.hidden = true;
    sheet.hidden = false;
    fill();
    sayWhetherKept(store.save(draft));
    news.textContent = words;
  }

  function fill() {
    head.fill(draft.rating);
    items.forEach((item, i) => questions[i].fill(draft.rating.answers[item.id]));
    compared.replaceChildren();
    show();
    if (draft.compared) compare();
  }

  function change(work) {
    work(draft.rating);
    sayWhetherKept(store.save(draft));
    show();
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
    place.textContent = `data/papers/${draft.rating.paper}/ratings/${draft.rating.rater}.yaml`;
    request.replaceChildren();
  }

  close.addEventListener("click", () => {
    draft = null;
    store.leave();
    sheet.hidden = true;
    home.hidden = false;
    unmark();
    listDrafts();
    news.textContent = "The rating is closed.";
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
    if (found === undefined) yaml.focus();
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

  /* ---- taking it away ---- */

  const yaml = button("Download the rating (YAML)", { class: "dlrrc-rate-go" });
  const xlsx = button("Download the workbook (.xlsx)");
  const print = button("Print");
  const ask = button("Prepare a pull request");
  const request = element("p", {});
  const place = element("code", {});
  const paper = element("div", { class: "dlrrc-rate-print" });

  function download(name, content, type) {
    const link = element("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    news.textContent = `${name} is in your downloads.`;
  }

  /* Whether the head says what every record has to; a complaint where not. */
  function ready() {
    const wanted = { kind: "Who rates", read: "What is read", blinded: "Did you see another rating of this paper before you finished?" };
    const missing = Object.keys(wanted).filter((key) => draft.rating[key] === null);
    if (missing.length) {
      complain(`A rating needs an answer to: ${missing.map((key) => `"${wanted[key]}"`).join(", ")}.`, head.controls[missing[0]]);
      return false;
    }
    const wrong = form.problems(draft.rating);
    if (wrong.length) complain(wrong.join("\n"));
    else unmark();
    return !wrong.length;
  }

  /* The address of GitHub's page for a new file; null where it would be too long or no repository is known. */
  function requestAddress(rating, repository = data.repository) {
    if (!repository) return null;
    const name = `data/papers/${rating.paper}/ratings/${rating.rater}.yaml`;
    const branch = repository.branch.split("/").map(encodeURIComponent).join("/");
    const address = `${repository.url}/new/${branch}?filename=${encodeURIComponent(name)}&value=${encodeURIComponent(form.write(rating))}`;
    return address.length <= data.limits.link ? address : null;
  }

  yaml.addEventListener("click", () => {
    if (ready()) download(`${draft.rating.rater}.yaml`, form.write(draft.rating), YAML);
  });
  xlsx.addEventListener("click", () => download(`${draft.rating.paper}-${draft.rating.rater}.xlsx`, form.workbook(draft.rating), XLSX));
  print.addEventListener("click", () => window.print());
  window.addEventListener("beforeprint", () => paper.replaceChildren(...(draft ? form.printed(draft.rating) : [])));
  ask.addEventListener("click", () => {
    if (!ready()) return;
    const address = requestAddress(draft.rating);
    const words = status(draft.rating) === "complete" ? "Open the new file on GitHub and propose it as a pull request" : "Open the draft as a new file on GitHub";
    request.replaceChildren(
      address
        ? element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words)
        : "The rating is too long for a link. Download it and add the file by hand, as described below."
    );
    request.querySelector("a")?.focus();
  });

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
    if (!stored.length || answered(draft.rating) < items.length) return;
    compared.replaceChildren(...form.comparison(draft.rating, stored));
  }

  compareButton.addEventListener("click", () => {
    draft.compared = true;
    sayWhetherKept(store.save(draft));
    compare();
    news.textContent = "The comparison is below.";
  });

  /* ---- all together ---- */

  sheet.append(
    heading,
    paperTitle,
    element("div", { class: "dlrrc-tools" }, close),
    head.node,
    ...byPart,
    element("h2", {}, "Take your rating with you"),
    element("div", { class: "dlrrc-tools" }, yaml, xlsx, print, ...(data.repository ? [ask] : [])),
    request,
    element("p", {}, "In a checkout of the review the file goes to ", place, "; then ", element("code", {}, "dlrrc check"), " says whether anything is missing."),
    practice,
    panel.node,
    bar
  );
  box.replaceChildren(problems, kept, home, sheet, news, paper);
  problems.tabIndex = -1;

  window.addEventListener("storage", (event) => {
    if (!draft || event.key !== store.keyOf(draft.rating.paper, draft.rating.rater) || !event.newValue) return;
    const found = store.parse(event.newValue); // the same rating was changed in another window
    if (!found) return;
    draft = found;
    fill();
    news.textContent = "This rating was changed in another window; its answers are shown here.";
  });

  listDrafts();
  sayWhetherKept(store.lasts());
  const before = store.last();
  if (before) open(before, "Your draft is back.");
  Object.assign(form, { requestAddress });
  box.dataset.ready = "true";
})();
