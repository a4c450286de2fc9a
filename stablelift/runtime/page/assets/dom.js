// Elements, and numbers as they are read.

/** An element: `el("td", {class: "n", onclick}, "text", child, [children])`. Text is never parsed as HTML. */
function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const inUnits = (units, base) => (count) => {
  let unit = 0;
  while (Math.abs(count) >= base && unit < units.length - 1) { count /= base; unit += 1; }
  const digits = unit === 0 || count >= 100 ? 0 : count >= 10 ? 1 : 2;
  return `${count.toFixed(digits)}${units[unit]}`;
};

const asBytes = inUnits([" B", " kB", " MB", " GB", " TB"], 1000);
const asCount = inUnits(["", " k", " M", " G", " T", " P"], 1000);
const asTime = (seconds) => seconds >= 1 ? `${seconds.toFixed(2)} s` : seconds >= 1e-3 ? `${(seconds * 1e3).toFixed(1)} ms` : `${(seconds * 1e6).toFixed(0)} µs`;
const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
const shortOp = (op) => op.replace(/^stablehlo\./, "");

/** Words in which `code` is quoted, as nodes. */
const prose = (text) => text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));

/** A place in a file: its last two parts, the whole in the title. */
function placeOf(place) {
  if (!place) return null;
  return el("span", { class: "place", title: place }, place.split("/").slice(-2).join("/"));
}

/** A table; columns whose title ends in "#" hold numbers. Rows beyond `options.most` are shown when asked for. */
function table(columns, rows, options = {}) {
  const cell = (tag, text, index) => el(tag, { class: columns[index].endsWith("#") ? "n" : null }, text);
  const drawn = (some) => some.map((row) => el("tr", { class: row.class }, row.cells.map((text, index) => cell("td", text, index))));
  const most = options.most ?? Infinity, body = el("tbody", {}, drawn(rows.slice(0, most)));
  if (rows.length > most) {
    const show = () => more.replaceWith(...drawn(rows.slice(most)));
    const more = el("tr", { class: "more" }, el("td", { colspan: columns.length }, el("button", { onclick: show }, `show ${rows.length - most} more`)));
    body.append(more);
  }
  return el("div", { class: "scroll" }, el("table", { class: options.class }, el("thead", {}, el("tr", {}, columns.map((title, index) => cell("th", title.replace(/#$/, ""), index)))), body));
}
