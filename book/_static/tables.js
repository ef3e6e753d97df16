/*
 * Sorting and filtering for <div class="dlrrc-table"><table class="dlrrc">.
 *
 * The table is complete without this script; the script adds
 *   - a sort button in each column header        (th data-type="text|number", cells may carry data-sort)
 *   - a search box, drop-downs and a row count   (div data-filter="true", th data-facet)
 *   - keyboard access to a table wider than the page.
 * th data-facet=";" splits the cells of that column at ";", so that one row can belong to several values.
 * No library, no request: it also works from file://.
 */
(function () {
  "use strict";

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const text = (node) => node.textContent.replace(/\s+/g, " ").trim();

  /* What a cell sorts by. Cells without a value return null and stay last in both directions. */
  function sortKey(cell, type) {
    const shown = cell ? (cell.dataset.sort ?? text(cell)) : "";
    if (type !== "number") return shown === "" ? null : shown;
    const number = parseFloat(shown.replace("\u2212", "-").replace(/[^0-9.eE+-]/g, ""));
    return Number.isNaN(number) ? null : number;
  }

  function makeSortable(table, headers) {
    const body = table.tBodies[0];
    headers.forEach((header, column) => {
      const type = header.dataset.type || "text";
      if (type === "number") {
        header.classList.add("dlrrc-number");
        for (const row of body.rows) row.cells[column]?.classList.add("dlrrc-number");
      }
      if (text(header) === "") return;
      const button = element("button", { type: "button", class: "dlrrc-sort" });
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const descending = header.getAttribute("aria-sort") === "ascending";
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const sign = descending ? -1 : 1;
        const keyed = Array.from(body.rows, (row) => [sortKey(row.cells[column], type), row]);
        keyed.sort(([a], [b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          return sign * (type === "number" ? a - b : collator.compare(a, b));
        });
        body.append(...keyed.map(([, row]) => row));
      });
    });
  }

  /* The values a cell counts as in a drop-down. */
  function facetValues(cell, separator) {
    const shown = text(cell);
    return (separator ? shown.split(separator) : [shown]).map((part) => part.trim()).filter(Boolean);
  }

  function makeFilter(box, table, headers) {
    const rows = Array.from(table.tBodies[0].rows, (row) => ({ row, words: text(row).toLowerCase() }));
    const search = element("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const tools = element("div", { class: "dlrrc-tools" }, element("label", {}, "Filter rows", search));

    const facets = [];
    headers.forEach((header, column) => {
      if (!("facet" in header.dataset)) return;
      const separator = header.dataset.facet === "true" ? "" : header.dataset.facet;
      const values = new Set(rows.flatMap(({ row }) => facetValues(row.cells[column], separator)));
      const choices = [...values].sort(collator.compare).map((value) => element("option", { value }, value));
      const select = element("select", {}, element("option", { value: "" }, "All"), ...choices);
      tools.append(element("label", {}, text(header), select));
      facets.push({ select, column, separator });
    });

    const clear = element("button", { type: "button", class: "dlrrc-clear", hidden: "" }, "Clear filters");
    const count = element("p", { class: "dlrrc-count", role: "status", "aria-live": "polite" });
    tools.append(clear);

    function apply() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const { row, words: own } of rows) {
        const fits =
          words.every((word) => own.includes(word)) &&
          facets.every(
            ({ select, column, separator }) =>
              !select.value || facetValues(row.cells[column], separator).includes(select.value)
          );
        row.hidden = !fits;
        shown += fits;
      }
      clear.hidden = !words.length && facets.every(({ select }) => !select.value);
      count.textContent =
        shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows shown`;
    }

    search.addEventListener("input", apply);
    facets.forEach(({ select }) => select.addEventListener("change", apply));
    clear.addEventListener("click", () => {
      search.value = "";
      facets.forEach(({ select }) => (select.value = ""));
      apply();
      search.focus();
    });
    box.prepend(tools, count);
    apply();
  }

  /* A wide table scrolls in its own box, which must then be reachable by keyboard and have a name. */
  function makeScrollable(table) {
    const name = table.caption ? text(table.caption) : "Table";
    const scroller = element("div", { class: "dlrrc-scroll" });
    table.before(scroller);
    scroller.append(table);
    const update = () => {
      const wide = scroller.scrollWidth > scroller.clientWidth + 1;
      const attributes = { tabindex: "0", role: "region", "aria-label": name };
      for (const [key, value] of Object.entries(attributes)) {
        if (wide) scroller.setAttribute(key, value);
        else scroller.removeAttribute(key);
      }
    };
    new ResizeObserver(update).observe(scroller);
    update();
  }

  function upgrade(box) {
    const table = box.querySelector("table.dlrrc");
    if (!table || !table.tHead || !table.tBodies.length || box.dataset.ready) return;
    const headers = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
    if (box.dataset.filter === "true") makeFilter(box, table, headers);
    makeSortable(table, headers);
    makeScrollable(table);
    box.dataset.ready = "true";
  }

  document.querySelectorAll(".dlrrc-table").forEach(upgrade);
})();
