// The text of functions: its words in colour, one text or two beside each other.

const CONTEXT = 3;        // equal lines that stay around a difference
const LONG = 420;         // a line of more characters is clamped
const MOST_ROWS = 400;    // more are shown when asked for

const WORDS = /("lift\.\w+"|\b(?:stablehlo|chlo|sdy|func|lift)\.\w+|\b(?:call|return)\b)|(%[\w.$#:-]+)|(@(?:[\w.$-]+|"[^"]*"))|(tensor<(?:[^<>]|<[^<>]*>)*>)|("(?:[^"\\]|\\.)*")/g;
const KINDS = ["op", "value", "symbol", "type", "string"];

/** A line in colour, as nodes; a function's name leads to it. */
function coloured(line) {
  const nodes = [];
  let end = 0;
  for (const match of line.matchAll(WORDS)) {
    if (match.index > end) nodes.push(line.slice(end, match.index));
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    nodes.push(word(kind, match[0]));
    end = match.index + match[0].length;
  }
  nodes.push(line.slice(end));
  return nodes;
}

function word(kind, text) {
  if (kind === "symbol") return el("a", { class: "symbol", href: `#passes/${state.pass}/${encodeURIComponent(text.slice(1))}` }, text);
  const dialect = kind === "op" && text.includes("stablehlo.") ? "stablehlo." : "";
  if (dialect) return el("span", { class: "op" }, el("span", { class: "dialect" }, dialect), text.slice(dialect.length));
  return el("span", { class: text.startsWith('"lift.') || text.startsWith("lift.") ? "op lift" : kind }, text);
}

/** Nodes of a line of which some words differ. */
function marked(words) {
  const nodes = [];
  for (const [text, differs] of words) {
    const inside = coloured(text);
    nodes.push(...(differs ? [el("mark", {}, inside)] : inside));
  }
  return nodes;
}

/** One text, numbered. */
function textOf(text) {
  return limited(text.split("\n").map((line, index) => ({ kind: "same", before: null, after: line, j: index + 1 })), "one");
}

/** Two texts side by side, or in one column; either may be null. */
function diffOf(before, after, narrow) {
  if (before === null || after === null) return limited(rowsOf(before, after), "one");
  const rows = folded(rowsOf(before, after));
  return narrow ? limited(rows, "one") : limited(beside(rows), "two");
}

/** The rows, with lines that are gone and the new ones that follow beside each other. */
function beside(rows) {
  const found = [];
  for (let index = 0; index < rows.length;) {
    let middle = index, end;
    while (rows[middle]?.kind === "gone") middle += 1;
    for (end = middle; rows[end]?.kind === "new";) end += 1;
    if (end === index) { found.push(rows[index]); index += 1; continue; }
    const gone = rows.slice(index, middle), fresh = rows.slice(middle, end);
    for (let at = 0; at < Math.max(gone.length, fresh.length); at += 1) {
      found.push({ kind: "beside", before: gone[at]?.before ?? null, after: fresh[at]?.after ?? null, i: gone[at]?.i, j: fresh[at]?.j });
    }
    index = end;
  }
  return found;
}

/** The rows, with equal ones far from any difference put behind one row. */
function folded(rows) {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, index) => {
    if (row.kind === "same") return;
    for (let at = Math.max(0, index - CONTEXT); at <= Math.min(rows.length - 1, index + CONTEXT); at += 1) near[at] = 1;
  });
  const found = [];
  for (let index = 0; index < rows.length; index += 1) {
    if (near[index] || index === 0 || index === rows.length - 1) { found.push(rows[index]); continue; }
    const start = index;
    while (index + 1 < rows.length - 1 && !near[index + 1]) index += 1;
    const hidden = rows.slice(start, index + 1);
    found.push(...(hidden.length > 2 ? [{ kind: "fold", hidden }] : hidden));
  }
  return found;
}

function limited(rows, columns) {
  const body = el("tbody");
  const whole = el("table", { class: `code ${columns}` }, body);
  const add = (some) => body.append(...some.flatMap((row) => lines(row, columns)));
  add(rows.slice(0, MOST_ROWS));
  if (rows.length > MOST_ROWS) {
    const more = el("tr", { class: "fold" }, el("td", { colspan: 4 }, el("button", { onclick: () => { more.remove(); add(rows.slice(MOST_ROWS)); } }, `show ${rows.length - MOST_ROWS} more lines`)));
    body.append(more);
  }
  return whole;
}

/** A line; of one that is very long, the beginning, until it is clicked. */
function clamped(nodes) {
  const inner = el("div", {}, nodes);
  if (inner.textContent.length < LONG) return inner;
  inner.className = "clamped";
  inner.title = "Click to read all of it";
  inner.addEventListener("click", () => inner.removeAttribute("class"), { once: true });
  return inner;
}

function lines(row, columns) {
  if (row.kind === "fold") {
    const fold = el("tr", { class: "fold" }, el("td", { colspan: 4 }, el("button", { onclick: () => fold.replaceWith(...row.hidden.flatMap((one) => lines(one, columns))) }, `${row.hidden.length} equal lines`)));
    return [fold];
  }
  const number = (value) => el("td", { class: "number" }, value ? String(value) : "");
  const side = (kind, text) => el("td", { class: `line ${text === null ? "none" : kind}` }, text === null ? null : clamped(text));
  const changed = row.kind === "changed" ? wordsOf(row.before, row.after).map(marked) : null;
  const before = changed ? changed[0] : row.before === null ? null : coloured(row.before);
  const after = changed ? changed[1] : row.after === null ? null : coloured(row.after);
  if (columns === "two") {
    return [el("tr", { class: row.kind }, number(row.i), side("gone", before), number(row.j), side("new", after))];
  }
  const found = [];
  if (before !== null && row.kind !== "same") found.push(el("tr", { class: "gone" }, number(row.i), side("gone", before)));
  if (after !== null) found.push(el("tr", { class: row.kind === "same" ? "same" : "new" }, number(row.j), side("new", after)));
  return found;
}
