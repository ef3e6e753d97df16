/*
 * The start of the rating form: paper and rater, drafts in this browser, import of a rating.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { items, element, store, answered } = form;
  const MAX_BYTES = 1000000; // of an imported file

  const button = (text, attributes = {}) => element("button", { type: "button", ...attributes }, text);

  /* Calls open(draft, words) with what is chosen: {node, list()}. */
  function home({ open, complain, tell }) {
    const start = form.start((paper, rater) => {
      const found = store.load(paper, rater);
      open(found ?? { rating: form.emptyRating(paper, rater), compared: false }, found ? "Your draft is back." : "A new rating is open.");
    }, complain);
    const drafts = element("div", {});
    const file = element("input", { type: "file", accept: ".yaml,.yml" });
    const node = element(
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

    function list() {
      const rows = store.list().map((one) => {
        const name = `${one.paper}, rater ${one.rater}${one.number === null ? "" : `, kept copy ${one.number}`}`;
        const words = one.draft ? `${answered(one.draft.rating)} of ${items.length} answered` : "cannot be read";
        const go = button("Go on", { "aria-label": `Go on with ${name}` });
        const away = button("Delete", { "aria-label": `Delete the draft ${name}` });
        go.addEventListener("click", () => goOn(one));
        away.addEventListener("click", () => {
          if (away.dataset.sure) {
            store.remove(one.key);
            list();
            tell(`The draft ${name} is deleted.`);
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
      if (number !== null) {
        store.replace(chosen);
        store.remove(key);
      }
      open(chosen, "Your draft is back.");
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
        open(made, `Imported: ${rating.paper}, rater ${rating.rater}. A draft that was there before is kept under the drafts.`);
      } catch (problem) {
        if (!(problem instanceof form.RatingError)) throw problem;
        complain(`${chosen.name} was not imported.\n${problem.message}`, file);
      }
      file.value = "";
    });

    return { node, list };
  }

  Object.assign(form, { home });
})();
