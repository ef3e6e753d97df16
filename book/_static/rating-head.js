/*
 * The fields of the rating form: which paper and rater, the head of the rating, and one question of the checklist.
 * Each maker returns {node, fill(...)}; fill shows a rating in the fields, and a change is written into the rating at hand.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { data, element, clean, isId } = form;
  const OTHER = "?";

  const input = (attributes) => element("input", { type: "text", autocomplete: "off", ...attributes });
  let fields = 0;

  /* A control below its label, with a note that describes it. */
  function field(text, control, note) {
    fields += 1;
    if (!control.id) control.id = `dlrrc-rate-field-${fields}`;
    const made = element("div", { class: "dlrrc-rate-field" }, element("label", { for: control.id }, text), control);
    if (note) {
      control.setAttribute("aria-describedby", `${control.id}-note`);
      made.append(element("span", { class: "dlrrc-rate-note", id: `${control.id}-note` }, note));
    }
    return made;
  }

  function select(choices, empty) {
    const made = element("select", {}, element("option", { value: "" }, empty));
    for (const [value, text] of choices) made.append(element("option", { value }, text));
    return made;
  }

  /* ---- which paper, which rater ---- */

  function papers() {
    const made = element("select", { id: "dlrrc-rate-paper" }, element("option", { value: "" }, "Choose a paper"));
    const groups = [["Practice set", (paper) => paper.practice]];
    for (const one of data.fields) groups.push([one.title, (paper) => !paper.practice && paper.fields[0] === one.id]);
    groups.push(["Other papers of this review", (paper) => !paper.practice && !data.fields.some((one) => one.id === paper.fields[0])]);
    for (const [name, belongs] of groups) {
      const options = data.papers.filter(belongs).map((paper) => element("option", { value: paper.id }, paper.label));
      if (options.length) made.append(element("optgroup", { label: name }, ...options));
    }
    made.append(element("option", { value: OTHER }, "A paper that is not in this review"));
    return made;
  }

  /* The start: calls begin(paper, rater) with two ids, or complain(message, field). */
  function start(begin, complain) {
    const paper = papers();
    const own = input({ spellcheck: "false", size: "20" });
    const ownLabel = field("Id for the paper", own, "small letters, digits, hyphens; such as author2024");
    const rater = input({ id: "dlrrc-rate-rater", spellcheck: "false", size: "20" });
    const go = element("button", { type: "submit", class: "dlrrc-rate-go" }, "Start or go on");
    const node = element(
      "form",
      { class: "dlrrc-tools", novalidate: "", autocomplete: "off", "aria-label": "Paper and rater" },
      field("Paper", paper),
      ownLabel,
      field("Your id as a rater", rater, "small letters, digits, hyphens; it becomes the name of the file"),
      go
    );
    ownLabel.hidden = true;
    paper.addEventListener("change", () => {
      ownLabel.hidden = paper.value !== OTHER;
    });
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      const id = paper.value === OTHER ? own.value.trim() : paper.value;
      const allowed = "allowed: a small letter, then 1 to 39 small letters, digits or hyphens";
      if (!id && paper.value !== OTHER) complain("No paper is chosen.", paper);
      else if (!isId(id)) complain(`The id of the paper is '${id}'; ${allowed}.`, own);
      else if (!isId(rater.value.trim())) complain(`Your id as a rater is '${rater.value.trim()}'; ${allowed}.`, rater);
      else begin(id, rater.value.trim());
    });
    return { node };
  }

  /* ---- the head of a rating ---- */

  const yesNo = new Map([["yes", false], ["no", true]]); // "did you see": the record says whether one was blinded

  /* The keys above the answers; changed(key, value) is called with what a record holds. */
  function head(changed) {
    const notes = data.head.notes;
    const limit = { maxlength: String(data.limits.text) };
    const controls = {
      kind: select(data.head.kinds.map((kind) => [kind, kind === "human" ? "a person" : "a machine"]), "choose"),
      read: select(data.head.read.map((text) => [text, text]), "choose"),
      blinded: select([...yesNo.keys()].map((word) => [word, word]), "choose"),
      paper_version: input({ ...limit, size: "20" }),
      date: element("input", { type: "date", autocomplete: "off" }),
      conflict_of_interest: input({ ...limit, size: "30" }),
    };
    const node = element(
      "fieldset",
      { class: "dlrrc-rate-head" },
      element("legend", {}, "About this rating"),
      element(
        "div",
        { class: "dlrrc-tools" },
        field("Who rates", controls.kind),
        field("What is read", controls.read),
        field("Did you see another rating of this paper before you finished?", controls.blinded),
        field("Version of the paper", controls.paper_version, "for instance: publisher PDF"),
        field("Day on which the rating was finished", controls.date),
        field("Conflicts of interest", controls.conflict_of_interest, notes.conflict_of_interest.replace("null, or", "'none', or"))
      )
    );
    const meaning = (key, text) => (key === "blinded" ? (yesNo.get(text) ?? null) : clean(text));
    for (const [key, control] of Object.entries(controls)) {
      const tell = () => changed(key, meaning(key, control.value));
      control.addEventListener("input", tell);
      control.addEventListener("change", tell);
    }
    function fill(rating) {
      for (const [key, control] of Object.entries(controls)) {
        const value = rating[key];
        const shown = key === "blinded" ? ([...yesNo].find(([, blinded]) => blinded === value)?.[0] ?? "") : (value ?? "");
        if (meaning(key, control.value) !== value) control.value = shown;
      }
    }
    return { node, fill, controls };
  }

  /* ---- one question ---- */

  /* changed(key, value) is called with what a record holds. */
  function question(item, changed) {
    const name = `dlrrc-rate-answer-${item.id}`;
    const unit = data.checklist.unit_points;
    const choices = [...item.options, ...data.special].map((option) => {
      const radio = element("input", { type: "radio", name, value: option.code });
      const label = element("label", {}, radio, element("span", {}, option.label));
      if (option.meaning) label.append(element("span", { class: "dlrrc-rate-note" }, option.meaning));
      else label.append(element("span", { class: "dlrrc-rate-points", hidden: "" }, `${option.units * unit} points`));
      radio.addEventListener("change", () => tell("answer", radio.value));
      return { radio, label };
    });
    const limit = { maxlength: String(data.limits.text), autocomplete: "off" };
    const evidence = element("textarea", { ...limit, rows: "2" });
    const where = element("input", { type: "text", ...limit, size: "16" });
    const confidence = select(data.head.confidences.map((word) => [word, word]), "not given");
    const clear = element("button", { type: "button" }, "Take the answer back");
    clear.append(element("span", { class: "visually-hidden" }, `: question ${item.id}`));
    const open = item.open
      ? [element("details", {}, element("summary", {}, "What the guidance leaves open"), element("p", {}, item.open))]
      : [];
    const node = element(
      "fieldset",
      { class: "dlrrc-rate-item", id: `dlrrc-rate-${item.id}`, "data-item": String(item.id) },
      element("legend", {}, `${item.id}. ${item.title}`),
      element("p", { class: "dlrrc-rate-asks" }, item.asks),
      element("p", { class: "dlrrc-rate-guidance" }, item.guidance),
      ...open,
      element("div", { class: "dlrrc-rate-options" }, ...choices.map((choice) => choice.label)),
      element(
        "div",
        { class: "dlrrc-tools" },
        field("Evidence, in your own words", evidence),
        field("Place in the paper", where),
        field("Confidence", confidence),
        clear
      )
    );

    function tell(key, value) {
      changed(key, value);
      clear.hidden = !choices.some(({ radio }) => radio.checked);
    }

    function choose(code) {
      for (const { radio } of choices) radio.checked = radio.value === code;
      tell("answer", code);
    }

    const texts = { evidence, where, confidence };
    for (const [key, control] of Object.entries(texts)) {
      control.addEventListener("input", () => tell(key, clean(control.value)));
      control.addEventListener("change", () => tell(key, clean(control.value)));
    }
    clear.addEventListener("click", () => {
      choose(null);
      choices[0].radio.focus();
    });

    function fill(answer) {
      for (const { radio } of choices) radio.checked = radio.value === answer.answer;
      for (const [key, control] of Object.entries(texts)) if (clean(control.value) !== answer[key]) control.value = answer[key] ?? "";
      clear.hidden = answer.answer === null;
    }

    const focus = () => (choices.find(({ radio }) => radio.checked) ?? choices[0]).radio.focus();
    const keyed = (key) => {
      if (/^[1-9]$/.test(key)) return item.options[Number(key) - 1]?.code;
      return data.special.find((special) => special.code[0] === key.toLowerCase())?.code;
    };
    return { node, fill, focus, choose, keyed, radios: choices.map((choice) => choice.radio) };
  }

  Object.assign(form, { field, start, head, question });
})();
