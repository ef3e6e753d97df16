/*
 * Taking a rating away from the form: as YAML, as a workbook, on paper, and as a link that opens GitHub's page for a new file.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { data, element, status } = form;
  const YAML = "application/yaml;charset=utf-8";
  const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

  const button = (text, attributes = {}) => element("button", { type: "button", ...attributes }, text);

  /* The address of GitHub's page for a new file; null where it would be too long or no repository is known. */
  function requestAddress(rating, repository = data.repository) {
    if (!repository) return null;
    const name = `data/papers/${rating.paper}/ratings/${rating.rater}.yaml`;
    const branch = repository.branch.split("/").map(encodeURIComponent).join("/");
    const address = `${repository.url}/new/${branch}?filename=${encodeURIComponent(name)}&value=${encodeURIComponent(form.write(rating))}`;
    return address.length <= data.limits.link ? address : null;
  }

  /* The end of the form: {node, yaml (its first button), paper (the rating for print), show(rating)}. */
  function take({ rating, complain, unmark, tell, controls }) {
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
      tell(`${name} is in your downloads.`);
    }

    /* Whether the head says what every record has to; a complaint where not. */
    function ready() {
      const wanted = { kind: "Who rates", read: "What is read", blinded: "Did you see another rating of this paper before you finished?" };
      const missing = Object.keys(wanted).filter((key) => rating()[key] === null);
      if (missing.length) {
        complain(`A rating needs an answer to: ${missing.map((key) => `"${wanted[key]}"`).join(", ")}.`, controls[missing[0]]);
        return false;
      }
      const wrong = form.problems(rating());
      if (wrong.length) complain(wrong.join("\n"));
      else unmark();
      return !wrong.length;
    }

    yaml.addEventListener("click", () => {
      if (ready()) download(`${rating().rater}.yaml`, form.write(rating()), YAML);
    });
    xlsx.addEventListener("click", () => download(`${rating().paper}-${rating().rater}.xlsx`, form.workbook(rating()), XLSX));
    print.addEventListener("click", () => window.print());
    window.addEventListener("beforeprint", () => paper.replaceChildren(...(rating() ? form.printed(rating()) : [])));
    ask.addEventListener("click", () => {
      if (!ready()) return;
      const address = requestAddress(rating());
      const words = status(rating()) === "complete" ? "Open the new file on GitHub and propose it as a pull request" : "Open the draft as a new file on GitHub";
      request.replaceChildren(
        address
          ? element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words)
          : "The rating is too long for a link. Download it and add the file by hand, as described below."
      );
      request.querySelector("a")?.focus();
    });

    const node = element(
      "section",
      { "aria-label": "Take your rating with you" },
      element("h2", {}, "Take your rating with you"),
      element("div", { class: "dlrrc-tools" }, yaml, xlsx, print, ...(data.repository ? [ask] : [])),
      request,
      element("p", {}, "In a checkout of the review the file goes to ", place, "; then ", element("code", {}, "dlrrc check"), " says whether anything is missing.")
    );

    function show({ paper: id, rater }) {
      place.textContent = `data/papers/${id}/ratings/${rater}.yaml`;
      request.replaceChildren(); // a link made before would hold old answers
    }

    return { node, yaml, paper, show };
  }

  Object.assign(form, { take, requestAddress });
})();
