// A visitor who goes through all of the page and writes down what there was to see.
const errors = [];
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));

const all = (selector) => [...document.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const texts = (selector) => all(selector).map((node) => node.textContent);
const settle = () => new Promise((done) => setTimeout(done, 60));
async function press(key, target = document.body) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  await settle();
}
async function click(node) {
  node.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  await settle();
}

async function visit() {
  const seen = {};
  while (!document.documentElement.dataset.drawn) await settle();
  seen.overview = { figures: texts(".figure .value"), sections: texts("section h2"), program: one(".program").textContent };

  await press("2");
  seen.rail = texts(".rail .name");
  seen.walk = [];
  for (let before = null; before !== location.hash;) {
    before = location.hash;
    await press("j");
    if (location.hash !== before) seen.walk.push(Number(location.hash.split("/")[1]));
  }
  await click(all(".rail a").find((link) => link.textContent.includes("lift-derivatives")));
  const [column] = one("table.code").className.split(" ").slice(1);
  seen.derivatives = {
    title: one("h1").textContent, badges: texts(".badge"), columns: column,
    origin: texts("summary .muted").some((text) => text.startsWith("made from @")),
    gone: texts("tr:not(.same) .line.gone"), new: texts("tr:not(.same) .line.new"), marks: all("mark").length,
  };
  await press("u");
  seen.one_column = one("table.code").className.split(" ")[1];
  await press("u");
  for (const link of all(".rail a")) {
    await click(link);
    if (one(".fold button")) break;
  }
  seen.folded = all(".code tr").length;
  await click(one(".fold button"));
  seen.unfolded = all(".code tr").length;

  await press("3");
  const note = one(".note").textContent;
  await press("ArrowRight", one(".chart"));
  seen.memory = {
    lines: all(".chart .line").map((path) => path.getAttribute("class")), paths: all(".chart path").map((path) => path.getAttribute("d")).join(),
    spans: all(".chart .span").length, at_peak: all(".peak tbody tr").length, note, next: one(".note").textContent,
  };

  await press("4");
  seen.themes = [];
  for (const _ of [1, 2]) { await click(one("#theme")); seen.themes.push(document.documentElement.dataset.theme); }
  await click(one(".views a:nth-child(2)"));
  await click(all(".rail a")[seen.walk.at(-1)]);
  await press("4");
  const width = () => Number(one(".graph").getAttribute("viewBox").split(" ")[2]);
  seen.graph = { nodes: all(".node").length, width: width() };
  await press("+");
  seen.graph.zoomed = width();
  await press("0");
  seen.graph.fitted = width();
  const choice = one("#of");
  choice.value = "0";
  choice.dispatchEvent(new Event("change"));
  await settle();
  seen.graph.labels = all(".graph .label").length;
  seen.graph.clicked = one(".node title").textContent;
  await click(one(".node rect"));
  seen.graph.sought = one(".function.sought summary code")?.textContent;

  await press("/");
  const input = one("#search input");
  const look = async (words) => { input.value = words; input.dispatchEvent(new Event("input")); await settle(); };
  await look("bad=1");
  seen.hostile = one(".results code").textContent;
  await look("lift.");
  const kinds = texts(".results .kind");
  await look("a");
  seen.search = { kinds: [...new Set([...kinds, ...texts(".results .kind")])] };
  await look("vjp");
  await press("Enter", input);
  Object.assign(seen.search, { hash: location.hash, open: one("#search").open });
  await press("/");
  one("#search input").value = "tanh";
  one("#search input").dispatchEvent(new Event("input"));
  seen.search.wanted = one(".results code").textContent;
  await press("Enter", one("#search input"));
  seen.search.line = texts("tr.found td:last-child");
  await press("?");
  seen.help = all("#help dt").length;
  one("#help").close();
  await press("1");
  return seen;
}

visit().catch((error) => { errors.push(String(error.stack)); return {}; }).then((seen) => {
  Object.assign(seen, { errors, bad: Boolean(window.bad), resources: performance.getEntriesByType("resource").map((entry) => entry.name) });
  const out = document.createElement("pre");
  out.id = "visit";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
});
