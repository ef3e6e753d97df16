/*
 * A rating as a workbook in the layout of the checklist's authors. What stands in which cell, the formulas of the totals and the words
 * of the answers come from the page's data, which dlrrc_core/recording/workbook.py made; here they only become a file.
 */
(function () {
  "use strict";

  const form = window.dlrrcRating;
  if (!form) return;
  const { data, items } = form;
  const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
  const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  const STYLES = { plain: 0, bold: 1, wrapped: 2, wrappedText: 3, plainText: 4 }; // the last two: text even if it begins like a formula
  const FORMULA_START = /^[=+\-@]/;

  const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

  /* ---- sheets ---- */

  function place(reference) {
    const [, letters, row] = /^([A-Z]+)(\d+)$/.exec(reference);
    return [Number(row), [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0)];
  }

  function cell([reference, kind, value, style]) {
    const start = `<c r="${reference}" s="${style}"`;
    if (kind === "f") return `${start}><f>${escape(value.replace(/^=/, ""))}</f></c>`;
    if (kind === "n") return `${start}><v>${Number(value)}</v></c>`;
    return `${start} t="inlineStr"><is><t xml:space="preserve">${escape(value)}</t></is></c>`;
  }

  function sheetXml(sheet, cells) {
    const rows = new Map();
    const sorted = cells.map((one) => [place(one[0]), one]).sort(([[row, column]], [[otherRow, otherColumn]]) => row - otherRow || column - otherColumn);
    for (const [[row], one] of sorted) rows.set(row, (rows.get(row) ?? "") + cell(one));
    const [frozenRow, frozenColumn] = sheet.frozen ? place(sheet.frozen).map((at) => at - 1) : [0, 0];
    const pane = sheet.frozen
      ? `<sheetViews><sheetView workbookViewId="0"><pane xSplit="${frozenColumn}" ySplit="${frozenRow}" topLeftCell="${sheet.frozen}" ` +
        'activePane="bottomRight" state="frozen"/></sheetView></sheetViews>'
      : "";
    const widths = sheet.widths.map((width, i) => `<col min="${i + 1}" max="${i + 1}" width="${width}" customWidth="1"/>`).join("");
    const choices = sheet.choices.map(
      ([where, formula, error]) =>
        `<dataValidation type="list" allowBlank="1" showErrorMessage="1" error="${escape(error)}" sqref="${where}">` +
        `<formula1>${escape(formula)}</formula1></dataValidation>`
    );
    return (
      `${HEAD}<worksheet xmlns="${MAIN}">${pane}${widths ? `<cols>${widths}</cols>` : ""}` +
      `<sheetData>${[...rows].map(([row, inside]) => `<row r="${row}">${inside}</row>`).join("")}</sheetData>` +
      `${choices.length ? `<dataValidations count="${choices.length}">${choices.join("")}</dataValidations>` : ""}</worksheet>`
    );
  }

  /* The cells of the first sheet that a rating fills. */
  function filled(rating) {
    const paper = data.papers.find((one) => one.id === rating.paper);
    const { heading, rows, words } = data.workbook;
    const found = [[heading, "s", paper ? paper.heading : rating.paper, STYLES.bold]];
    for (const item of items) {
      const { answer, evidence, where, confidence } = rating.answers[item.id];
      const texts = { C: answer === null ? null : words[item.id][answer], D: evidence, E: where, F: confidence };
      for (const [column, text] of Object.entries(texts)) {
        if (text === null) continue;
        const wrapped = column === "D" || column === "E";
        const style = FORMULA_START.test(text) ? (wrapped ? "wrappedText" : "plainText") : wrapped ? "wrapped" : "plain";
        found.push([`${column}${rows[item.id]}`, "s", text, STYLES[style]]);
      }
    }
    return found;
  }

  /* The parts of the workbook, by name. */
  function parts(rating) {
    const sheets = data.workbook.sheets;
    const questions = new Set(Object.values(data.workbook.rows).map((row) => `B${row}`));
    const style = (reference, bold) => (bold ? STYLES.bold : questions.has(reference) ? STYLES.wrapped : STYLES.plain);
    const made = sheets.map((sheet, i) => {
      const fixed = sheet.cells.map(([reference, kind, value, bold]) => [reference, kind, value, i ? STYLES.plain : style(reference, bold)]);
      return sheetXml(sheet, i ? fixed : [...fixed, ...filled(rating)]);
    });
    const each = (make) => sheets.map((sheet, i) => make(sheet, i + 1)).join("");
    const relations = (inside) => `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${inside}</Relationships>`;
    const xf = (more) => `<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" ${more}`;
    const wrap = '><alignment wrapText="1" vertical="top"/></xf>';
    return {
      "[Content_Types].xml":
        `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
        `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPES}.sheet.main+xml"/>` +
        each((_, i) => `<Override PartName="/xl/worksheets/sheet${i}.xml" ContentType="${TYPES}.worksheet+xml"/>`) +
        `<Override PartName="/xl/styles.xml" ContentType="${TYPES}.styles+xml"/></Types>`,
      "_rels/.rels": relations(`<Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/>`),
      "xl/workbook.xml":
        `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>` +
        each((sheet, i) => `<sheet name="${escape(sheet.name)}" sheetId="${i}" r:id="rId${i}"/>`) +
        '</sheets><calcPr calcId="0" fullCalcOnLoad="1"/></workbook>',
      "xl/_rels/workbook.xml.rels": relations(
        each((_, i) => `<Relationship Id="rId${i}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${i}.xml"/>`) +
          `<Relationship Id="rId${sheets.length + 1}" Type="${OFFICE}/styles" Target="styles.xml"/>`
      ),
      "xl/styles.xml":
        `${HEAD}<styleSheet xmlns="${MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
        "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>" +
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">' +
        `${xf("/>")}${xf('applyFont="1"/>').replace('fontId="0"', 'fontId="1"')}${xf(`applyAlignment="1"${wrap}`)}` +
        `${xf(`quotePrefix="1" applyAlignment="1"${wrap}`)}${xf('quotePrefix="1"/>')}</cellXfs></styleSheet>`,
      ...Object.fromEntries(made.map((xml, i) => [`xl/worksheets/sheet${i + 1}.xml`, xml])),
    };
  }

  /* ---- the archive: members stored as they are ---- */

  const CRC = Uint32Array.from({ length: 256 }, (_, number) => {
    let value = number;
    for (let i = 0; i < 8; i += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value >>> 0;
  });

  function crc32(bytes) {
    let value = 0xffffffff;
    for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
    return (value ^ 0xffffffff) >>> 0;
  }

  /* Little-endian fields given as [size, value]. */
  function fields(...pairs) {
    const bytes = new Uint8Array(pairs.reduce((size, [length]) => size + length, 0));
    let at = 0;
    for (const [size, value] of pairs) {
      for (let i = 0; i < size; i += 1) bytes[at + i] = Math.floor(value / 256 ** i) % 256;
      at += size;
    }
    return bytes;
  }

  const DAY = 0x21; // 1 January 1980: equal ratings give equal files
  const UTF8 = 0x800;

  function zip(members) {
    const encoder = new TextEncoder();
    const local = [];
    const central = [];
    let offset = 0;
    for (const [name, text] of Object.entries(members)) {
      const [file, body] = [encoder.encode(name), encoder.encode(text)];
      const shared = [[2, 20], [2, UTF8], [2, 0], [2, 0], [2, DAY], [4, crc32(body)], [4, body.length], [4, body.length], [2, file.length], [2, 0]];
      const head = fields([4, 0x04034b50], ...shared);
      central.push(fields([4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), file);
      local.push(head, file, body);
      offset += head.length + file.length + body.length;
    }
    const size = central.reduce((sum, bytes) => sum + bytes.length, 0);
    const count = Object.keys(members).length;
    const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
    const whole = new Uint8Array(offset + size + end.length);
    let at = 0;
    for (const bytes of [...local, ...central, end]) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    return whole;
  }

  /* The bytes of the workbook of a rating. */
  const workbook = (rating) => zip(parts(rating));

  Object.assign(form, { workbook });
})();
