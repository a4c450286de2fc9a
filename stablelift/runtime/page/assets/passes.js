// The passes: each with the functions it has changed, before and after.

views.passes = { title: "Passes", draw: drawPasses };

/** The functions that a pass has changed, in the order of the module: {name, before, after} as texts. */
function changesOf(index) {
  const after = data.passes[index].texts, before = index ? data.passes[index - 1].texts : {};
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return names.filter((name) => after[name] !== before[name]).map((name) => ({ name, before: before[name], after: after[name] }));
}

const textAt = (index) => (index === undefined ? null : data.texts[index]);
const operationsIn = (text) => text.split("\n").filter((line) => line.includes(" = ") && !line.includes(".constant ")).length;

function drawPasses(root) {
  root.append(el("div", { class: "passes" }, rail(), el("div", { class: "stage" }, drawStage(state.pass))));
  root.querySelector("[aria-current]").scrollIntoView({ block: "nearest" });
  if (state.name) seek([...root.querySelectorAll("details.function")].find((card) => card.dataset.name === state.name));
}

/** Open the card of a function, show the line that is looked for, and go there. */
function seek(card) {
  if (!card) return;
  const others = card.closest("details.others");
  if (others) others.open = true;
  card.open = true;
  card.fill();
  card.classList.add("sought");
  const row = () => [...card.querySelectorAll("tr:not(.gone)")].find((one) => [...one.querySelectorAll(".number")].at(-1)?.textContent === state.line);
  if (state.line && !row()) card.querySelectorAll(".fold button").forEach((button) => button.click());
  const found = state.line ? row() : null;
  if (found) found.classList.add("found");
  (found || card).scrollIntoView({ block: found ? "center" : "start" });
}

function rail() {
  const longest = Math.max(...data.passes.map((pass) => pass.seconds), 1e-9);
  return el("ol", { class: "rail", "aria-label": "Passes" }, data.passes.map((pass, index) => {
    const count = index ? changesOf(index).length : 0;
    return el("li", {}, el("a", { href: `#passes/${index}`, class: index && !count ? "idle" : null, "aria-current": index === state.pass ? "true" : null },
      el("span", { class: "index" }, String(index)),
      el("span", { class: "name" }, pass.name),
      el("span", { class: "count", title: `${plural(count, "function")} changed` }, count ? String(count) : ""),
      el("span", { class: "spent", style: `width:${(100 * Math.sqrt(pass.seconds / longest)).toFixed(1)}%` })));
  }));
}

function drawStage(index) {
  const pass = data.passes[index], changed = changesOf(index), names = new Set(changed.map((change) => change.name));
  const others = Object.keys(pass.texts).filter((name) => !names.has(name));
  const about = index ? `${asTime(pass.seconds)} · ${data.passes[index - 1].operations} → ${pass.operations} ops` : `${pass.operations} ops`;
  const remarks = data.remarks.filter((remark) => remark.by === pass.name);
  return [
    el("div", { class: "heading" },
      el("div", {}, el("h1", {}, pass.name), el("p", { class: "lead" }, pass.meaning ? `${pass.meaning[0].toUpperCase()}${pass.meaning.slice(1)}. ` : "", el("span", { class: "muted" }, about))),
      el("div", { class: "steps" }, step(-1, "‹", "Previous change (k)"), step(1, "›", "Next change (j)"),
        el("button", { id: "columns", title: "One column or two (u)", onclick: toggleColumns }, narrow() ? "Two columns" : "One column"))),
    remarks.length && index ? el("details", { class: "remarks" }, el("summary", {}, `${plural(remarks.length, "decision")} of ${pass.name}, in all its runs`), el("ul", {}, remarks.map((remark) => el("li", {}, el("b", {}, prose(remark.what)), ": ", prose(remark.why), " ", placeOf(remark.place))))) : "",
    index && !changed.length ? el("p", { class: "alone" }, "This pass changed nothing.") : "",
    (index ? changed : []).map(card),
    others.length && index ? el("details", { class: "others", open: !changed.length }, el("summary", {}, `${plural(others.length, "function")} unchanged`), others.map((name) => plainCard(name, pass.texts[name], false))) : others.map((name) => plainCard(name, pass.texts[name], true)),
    index ? "" : changed.map((change) => plainCard(change.name, change.after, true)),
  ];
}

function step(direction, sign, title) {
  const to = nextChange(direction);
  return el("button", { title, disabled: to === null, onclick: () => go(`passes/${to}`) }, sign);
}

/** The next pass in a direction that has changed something; null where there is none. */
function nextChange(direction) {
  for (let index = state.pass + direction; index >= 0 && index < data.passes.length; index += direction) {
    if (!index || changesOf(index).length) return index;
  }
  return null;
}

/** A function that a pass has changed. One that is new stands beside the one it was made from. */
function card({ name, before, after }) {
  const origin = before === undefined ? originOf(name) : null;
  const old = textAt(before) ?? (origin && textAt(data.passes[state.pass - 1].texts[origin])), now = textAt(after);
  const badge = before === undefined ? "new" : after === undefined ? "removed" : "changed";
  const counts = [old && !origin ? operationsIn(old) : null, now ? operationsIn(now) : null].filter((count) => count !== null);
  const about = [origin ? `made from @${origin}` : "", `${counts.join(" → ")} ops`].filter(Boolean).join(" · ");
  return folding(name, badge, about, badge !== "removed", () => diffOf(old, now, narrow()));
}

function plainCard(name, text, open) {
  return folding(name, "", `${operationsIn(textAt(text))} ops`, open, () => textOf(textAt(text)));
}

/** A card whose content is drawn when it is opened. */
function folding(name, badge, about, open, content) {
  const body = el("div", { class: "scroll" });
  const card = el("details", { class: `function ${badge}`, "data-name": name, open, ontoggle: fill },
    el("summary", {}, el("code", {}, `@${name}`), badge ? el("span", { class: `badge ${badge}` }, badge) : "", el("span", { class: "muted" }, about)), body);
  function fill() { if (card.open && !body.firstChild) body.append(content()); }
  card.fill = fill;
  fill();
  return card;
}

/** The function from before the pass that a new one was made from: its name is the other's with a suffix, and much is the same. */
function originOf(name) {
  const before = data.passes[state.pass - 1].texts;
  for (let end = name.lastIndexOf("__"); end > 0; end = name.lastIndexOf("__", end - 1)) {
    const stem = name.slice(0, end);
    for (const candidate of [stem, stem.replace(/_\d+$/, "")]) if (candidate in before && isAlike(candidate, name)) return candidate;
  }
  return null;
}

function isAlike(origin, name) {
  const lines = (pass, name) => textAt(data.passes[pass].texts[name]).split("\n").map(anonymous);
  const before = lines(state.pass - 1, origin), after = lines(state.pass, name);
  return matches(before, after).length >= 0.4 * Math.min(before.length, after.length) && after.length > 3;
}

const narrow = () => (state.columns === null ? matchMedia("(max-width: 1000px)").matches : state.columns === 1);

function toggleColumns() {
  state.columns = narrow() ? 2 : 1;
  draw();
}
