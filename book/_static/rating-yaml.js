/*
 * Ratings as YAML: a writer, and a strict small reader for exactly the layout of data/papers/<paper>/ratings/<rater>.yaml.
 *
 * The layout: keys of the head at the margin, "answers:", items two spaces in, their keys four spaces in. A value is null, true, false,
 * plain text, or text in quotes, perhaps going on in lines that are indented deeper. Comments may stand where YAML allows them. Anything
 * else (lists, blocks, anchors, tags, tabs, a second document) is refused with its line, and nothing is guessed.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { data, items, KEYS, PARTS, RatingError, emptyAnswer, emptyRating, problems, status } = form;
  const MAX_CHARACTERS = 500000; // 31 items with all texts at their limit have 250,000
  const ESCAPES = { 0: "\0", a: "\x07", b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r", e: "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", N: "\x85", _: "\xa0", L: "\u2028", P: "\u2029" };
  const CODES = { x: 2, u: 4, U: 8 };
  const TEXT_KEYS = ["paper_version", "conflict_of_interest", "evidence", "where"];
  const NULLS = ["", "~", "null", "Null", "NULL"];
  const LOGICAL = /^(true|false|yes|no|on|off)$/i;
  // what YAML 1.1 reads as a number or a day and not as text
  const NUMBER = /^[-+]?(\d[\d_]*(\.[\d_]*)?([eE][-+]?\d+)?|\.\d[\d_]*([eE][-+]?\d+)?|0x[\da-fA-F_]+|0b[01_]+|\d[\d_]*(:[0-5]?\d)+(\.\d*)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
  const DAY = /^\d{4}-\d\d?-\d\d?([Tt ].*)?$/;

  const refuse = (line, found, allowed) => {
    throw new RatingError(`line ${line}: ${found}; allowed: ${allowed}`);
  };

  /* ---- writing ---- */

  /* Text in quotes: single ones where YAML keeps everything that stands between them on one line. */
  function quoted(text) {
    if (!/[\n\t\\\u00a0\u2028\u2029\u0080-\u009f]/.test(text)) return `'${text.replaceAll("'", "''")}'`;
    return JSON.stringify(text);
  }

  const written = (value) => (value === null ? "null" : typeof value === "boolean" ? String(value) : quoted(value));

  /* The text of a rating; the status follows from its answers. */
  function write(rating) {
    const facts = { ...rating, status: status(rating) };
    const plain = new Set(["paper", "rater", "kind", "checklist", "read", "status"]); // ids and fixed words
    const line = (key) => `${key}: ${plain.has(key) && facts[key] !== null && !needsQuotes(facts[key]) ? facts[key] : written(facts[key])}`;
    const lines = [...KEYS.map(line), "answers:"];
    for (const item of items) {
      lines.push(`  ${item.id}:`);
      const answer = rating.answers[item.id];
      for (const key of PARTS) {
        lines.push(`    ${key}: ${key === "confidence" && answer[key] !== null ? answer[key] : written(answer[key])}`);
      }
    }
    return `${lines.join("\n")}\n`;
  }

  const needsQuotes = (word) => !/^[a-z][a-z0-9 .-]*$/.test(word) || NULLS.includes(word) || LOGICAL.test(word);

  /* ---- reading ---- */

  /* The lines of a file as {number, indent, text}, without empty lines and lines that only hold a comment. */
  function linesOf(text) {
    if (text.length > MAX_CHARACTERS) throw new RatingError(`the file has ${text.length} characters; allowed: at most ${MAX_CHARACTERS}`);
    return text
      .replace(/^\ufeff/, "")
      .split(/\r\n|\n|\r/)
      .map((line, i) => {
        if (/[\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/.test(line)) refuse(i + 1, "a control character", "text");
        const [, spaces, rest] = /^( *)(.*)$/.exec(line);
        if (rest.startsWith("\t")) refuse(i + 1, "a tab at the beginning", "spaces");
        return { number: i + 1, indent: spaces.length, text: rest.trimEnd() };
      });
  }

  /* Join lines as YAML folds them: one end of a line is a space, further empty lines are ends of lines. */
  function folded(lines) {
    return lines.reduce((joined, line) => {
      if (line === "") return { text: joined.text, empty: joined.empty + 1 };
      const gap = joined.text === null ? "" : joined.empty ? "\n".repeat(joined.empty) : " ";
      return { text: (joined.text ?? "") + gap + line, empty: 0 };
    }, { text: null, empty: 0 }).text ?? "";
  }

  function unescape(text, line) {
    return text.replace(/\\(.?)([\da-fA-F]*)/gs, (all, sign, digits) => {
      if (sign in CODES) {
        const code = parseInt(digits.slice(0, CODES[sign]), 16);
        if (digits.length < CODES[sign] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) refuse(line, `the escape '${all}'`, "characters that exist");
        return String.fromCodePoint(code) + digits.slice(CODES[sign]);
      }
      if (!(sign in ESCAPES)) refuse(line, `the escape '\\${sign}'`, "escapes of YAML");
      return ESCAPES[sign] + digits;
    });
  }

  /* The value that begins in a line and may go on in deeper lines: {value, quoted}, and the index of the next line. */
  function valueAt(lines, at, rest, indent) {
    const { number } = lines[at];
    const quote = rest[0] === "'" || rest[0] === '"' ? rest[0] : null;
    if (!quote) {
      const pieces = [rest.startsWith("#") ? "" : rest.replace(/\s#.*$/, "")];
      const closed = pieces[0] !== rest;
      let next = at + 1;
      let ahead = next;
      while (!closed && ahead < lines.length && (lines[ahead].text === "" || (lines[ahead].indent > indent && !lines[ahead].text.startsWith("#")))) {
        ahead += 1;
        if (lines[ahead - 1].text !== "") next = ahead;
      }
      for (const line of lines.slice(at + 1, next)) pieces.push(line.text.replace(/\s#.*$/, ""));
      const value = folded(pieces.map((piece) => piece.trim()));
      if (/^[[\]{}&*!|>%@`,"']|^[-?:](\s|$)|^(---|\.\.\.)/.test(value)) refuse(number, `a value that begins with '${value[0]}'`, "plain text, or text in quotes");
      if (/:(\s|$)/.test(value)) refuse(number, "plain text with a colon", "text with a colon in quotes");
      return [{ value, quoted: false }, next];
    }
    const pieces = [];
    for (let i = at; i < lines.length; i += 1) {
      const line = i === at ? rest.slice(1) : lines[i].text;
      if (i > at && line !== "" && lines[i].indent <= indent) break;
      const body = quote === "'" ? /^((?:[^']|'')*)'(?!')(.*)$/.exec(line) : /^((?:[^"\\]|\\.)*)"(.*)$/.exec(line);
      if (!body) {
        pieces.push(line);
        continue;
      }
      if (!/^\s*$|^\s+#/.test(body[2])) refuse(lines[i].number, "text after the closing quote", "nothing");
      pieces.push(body[1]);
      if (quote === "'") return [{ value: foldedQuoted(pieces).replaceAll("''", "'"), quoted: true }, i + 1];
      return [{ value: unescape(foldedDouble(pieces), number), quoted: true }, i + 1];
    }
    return refuse(number, "an opening quote without a closing one", "text between two quotes");
  }

  /* Folding between quotes keeps spaces at the two ends of the text. */
  function foldedQuoted(pieces) {
    if (pieces.length === 1) return pieces[0];
    const last = pieces.length - 1;
    let text = pieces[0].trimEnd();
    let empty = 0;
    for (let i = 1; i <= last; i += 1) {
      const line = i === last ? pieces[i] : pieces[i].trimEnd();
      if (line === "" && i < last) {
        empty += 1;
        continue;
      }
      text += (empty ? "\n".repeat(empty) : " ") + line;
      empty = 0;
    }
    return text;
  }

  /* Between double quotes a backslash at the end of a line joins it to the next without a space. */
  function foldedDouble(pieces) {
    const joined = [];
    for (const piece of pieces) {
      const before = joined[joined.length - 1];
      if (before !== undefined && /(^|[^\\])(\\\\)*\\$/.test(before)) joined[joined.length - 1] = before.slice(0, -1) + piece;
      else joined.push(piece);
    }
    return foldedQuoted(joined);
  }

  /* What a value of a key means: null, a logical value or text. */
  function meaning({ value, quoted: inQuotes }, key, line) {
    if (inQuotes) return value;
    if (NULLS.includes(value)) return null;
    if (LOGICAL.test(value)) {
      if (key !== "blinded") refuse(line, `${key} is ${value} without quotes, which YAML reads as a logical value`, `'${value.toLowerCase()}' in quotes`);
      return /^(true|yes|on)$/i.test(value);
    }
    if (NUMBER.test(value) && TEXT_KEYS.concat("answer").includes(key)) refuse(line, `${key} is the number ${value}`, `'${value}' in quotes`);
    if (DAY.test(value) && key !== "date" && !TEXT_KEYS.includes(key)) refuse(line, `${key} is a day`, "text");
    return value;
  }

  /* The rating that a text holds; RatingError says everything that is wrong with its values, or the first break of the layout. */
  function read(text) {
    const lines = linesOf(text);
    const facts = {};
    const answers = new Map();
    let inside = false; // below "answers:"
    let item = null;
    for (let at = 0; at < lines.length; ) {
      const { number, indent, text: content } = lines[at];
      if (content === "" || content.startsWith("#")) {
        at += 1;
        continue;
      }
      const split = /^([A-Za-z_]+|\d{1,3}):(?:\s+(.*))?$/.exec(content);
      if (!split) refuse(number, `'${content.slice(0, 60)}'`, "key: value, as in the ratings of this review");
      const [, key, rest = ""] = split;
      const bare = rest === "" || rest.startsWith("#");
      if (indent === 0) {
        if (key in facts || (key === "answers" && inside)) refuse(number, `the key '${key}' for the second time`, "each key once");
        if (key === "answers") {
          if (!bare) refuse(number, "answers with a value in the same line", "the items below");
          inside = true;
          at += 1;
          continue;
        }
        if (!KEYS.includes(key)) refuse(number, `the unknown key '${key}'`, KEYS.join(", "));
        item = null;
        let value;
        [value, at] = valueAt(lines, at, rest, indent);
        facts[key] = meaning(value, key, number);
      } else if (indent === 2 && inside) {
        item = Number(key);
        if (!bare) refuse(number, `item ${key} with a value in the same line`, "its keys below");
        if (!/^[1-9]\d*$/.test(key) || !items.some((one) => one.id === item)) refuse(number, `the item '${key}'`, `items 1 to ${items.length}`);
        if (answers.has(item)) refuse(number, `item ${item} for the second time`, "each item once");
        answers.set(item, {});
        at += 1;
      } else if (indent === 4 && item !== null) {
        if (!PARTS.includes(key)) refuse(number, `the unknown key '${key}'`, PARTS.join(", "));
        if (key in answers.get(item)) refuse(number, `the key '${key}' for the second time`, "each key once");
        let value;
        [value, at] = valueAt(lines, at, rest, indent);
        answers.get(item)[key] = meaning(value, key, number);
      } else {
        refuse(number, `${indent} spaces before '${key}'`, "none before a key of the head, two before an item, four before its keys");
      }
    }
    return checked(facts, answers, inside);
  }

  function checked(facts, answers, inside) {
    const missing = ["paper", "rater", "kind", "checklist", "read", "blinded", "status"].filter((key) => (facts[key] ?? null) === null);
    if (!inside) missing.push("answers");
    if (missing.length) throw new RatingError(`missing: ${missing.join(", ")}; this is no rating of this review`);
    if (!["complete", "draft"].includes(facts.status)) throw new RatingError(`status is '${facts.status}'; allowed: complete, draft`);
    const rating = emptyRating(facts.paper, facts.rater);
    for (const key of Object.keys(rating)) if (key !== "answers") rating[key] = facts[key] ?? null;
    for (const [number, answer] of answers) {
      if (!("answer" in answer)) throw new RatingError(`item ${number} has no key 'answer'; allowed: an answer or null`);
      rating.answers[number] = { ...emptyAnswer(), ...answer };
    }
    const wrong = problems(rating);
    if (wrong.length) throw new RatingError(wrong.join("\n"));
    return rating;
  }

  Object.assign(form, { write, read });
})();
