// The page: its data, which view it shows (the part of the address behind "#"), its keys.

function go(hash) {
  if (location.hash === `#${hash}`) draw();
  else location.hash = hash;
}

/** Take the view, the pass and the function from the address. */
function read() {
  const [view, pass, name, line] = location.hash.slice(1).split("/");
  state.view = view in views ? view : "overview";
  const index = Number.parseInt(pass, 10);
  if (index >= 0 && index < data.passes.length) state.pass = index;
  state.name = name ? decodeURIComponent(name) : null;
  state.line = line ?? null;
}

function draw() {
  read();
  const tabs = Object.entries(views).map(([name, view], index) => el("a", { role: "tab", href: name === "overview" || name === "memory" ? `#${name}` : `#${name}/${state.pass}`, "aria-selected": String(name === state.view), title: `${view.title} (${index + 1})` }, view.title));
  document.querySelector(".views").replaceChildren(...tabs);
  const main = document.getElementById("main");
  main.className = state.view;
  main.replaceChildren();
  views[state.view].draw(main);
  document.documentElement.dataset.drawn = location.hash || "#";
}

const KEYS = new Map([
  ["j", ["next pass that changed something", () => move(1)]],
  ["k", ["the one before", () => move(-1)]],
  ["1", ["overview", () => go("overview")]],
  ["2", ["passes", () => go(`passes/${state.pass}`)]],
  ["3", ["memory", () => go("memory")]],
  ["4", ["functions", () => go(`functions/${state.pass}`)]],
  ["/", ["search", () => openSearch()]],
  ["u", ["one column or two", () => toggleColumns()]],
  ["+", ["zoom the graph in", () => state.graph?.zoom(0.8)]],
  ["-", ["zoom it out", () => state.graph?.zoom(1.25)]],
  ["0", ["all of the graph", () => state.graph?.fit()]],
  ["t", ["light or dark", () => toggleTheme()]],
  ["?", ["these keys", () => openHelp()]],
]);

function move(direction) {
  const to = nextChange(direction);
  if (to !== null) go(`${state.view === "functions" ? "functions" : "passes"}/${to}`);
}

function toggleTheme() {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

function openHelp() {
  const dialog = document.getElementById("help");
  dialog.replaceChildren(el("h2", {}, "Keys"), el("dl", {}, [...KEYS].map(([key, [what]]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])), el("p", { class: "muted" }, `Stablelift, with jax ${data.jax}`));
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, dialog")) return;
  if (KEYS.has(event.key)) { event.preventDefault(); KEYS.get(event.key)[1](); }
});
document.getElementById("find").addEventListener("click", openSearch);
document.getElementById("theme").addEventListener("click", toggleTheme);
document.getElementById("keys").addEventListener("click", openHelp);
for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
matchMedia("(max-width: 1000px)").addEventListener("change", () => state.columns === null && draw());
addEventListener("hashchange", draw);
draw();
