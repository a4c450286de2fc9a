// The functions of a module and who refers to whom, as a graph that can be moved and zoomed.

views.functions = { title: "Functions", draw: drawFunctions };

const NODE = { width: 190, height: 46, across: 34, down: 78 };
const MOST_NODES = 400;

function drawFunctions(root) {
  const choice = el("select", { id: "of", onchange: (event) => go(`functions/${event.target.value}`) }, data.passes.map((pass, index) => el("option", { value: index, selected: index === state.pass }, `${index} · ${pass.name}`)));
  const graph = graphOf(data.passes[state.pass].texts);
  const view = pannable(picture(graph));
  root.append(
    el("div", { class: "heading" }, el("div", {}, el("h1", {}, "Functions"), el("p", { class: "lead" }, `${plural(graph.nodes.length, "function")} after `, choice)),
      el("div", { class: "steps" }, el("button", { title: "Zoom out (−)", onclick: () => view.zoom(1.25) }, "−"), el("button", { title: "Zoom in (+)", onclick: () => view.zoom(0.8) }, "+"), el("button", { title: "All of it (0)", onclick: () => view.fit() }, "Fit"))),
    el("div", { class: "canvas" }, view.root),
    el("p", { class: "muted" }, "Drag to move, scroll to zoom, select a function to read it. An arrow says which op refers to a function, and how often."));
  view.fit();
  state.graph = view;
}

/** Nodes with a level, and edges {from, to, label}. */
function graphOf(texts) {
  const names = Object.keys(texts).slice(0, MOST_NODES), known = new Set(names), edges = [];
  for (const name of names) {
    const found = new Map();
    for (const line of textAt(texts[name]).split("\n").slice(1)) {
      const op = (line.match(/"(lift\.\w+)"|\b(call)\b|(stablehlo\.\w+)/) || []).slice(1).find(Boolean) || "";
      for (const [, callee] of line.matchAll(/@([\w.$-]+|"[^"]*")/g)) {
        if (!known.has(callee)) continue;
        const key = `${callee} ${op}`;
        found.set(key, { from: name, to: callee, op, count: (found.get(key)?.count || 0) + 1 });
      }
    }
    edges.push(...found.values());
  }
  return { nodes: leveled(names, edges).map((level, index) => ({ name: names[index], level, operations: operationsIn(textAt(texts[names[index]])) })), edges };
}

/** For each name the length of the longest way to it, references back left aside. */
function leveled(names, edges) {
  const out = new Map(names.map((name) => [name, edges.filter((edge) => edge.from === name).map((edge) => edge.to)]));
  const called = new Set(edges.map((edge) => edge.to)), level = new Map(), open = new Set();
  function visit(name, depth) {
    if (open.has(name) || (level.get(name) ?? -1) >= depth) return;
    level.set(name, depth);
    open.add(name);
    for (const next of out.get(name)) visit(next, depth + 1);
    open.delete(name);
  }
  names.filter((name) => !called.has(name)).forEach((name) => visit(name, 0));
  names.filter((name) => !level.has(name)).forEach((name) => visit(name, 0));
  return names.map((name) => level.get(name));
}

function picture({ nodes, edges }) {
  const at = placed(nodes, edges), labels = svg("g"), root = svg("g");
  for (const edge of edges) {
    const from = at.get(edge.from), to = at.get(edge.to);
    const [x1, y1, x2, y2] = [from.x + NODE.width / 2, from.y + NODE.height, to.x + NODE.width / 2, to.y];
    const bend = Math.max(24, (y2 - y1) / 2), kind = edge.op.startsWith("lift.") ? "lift" : "call";
    root.append(svg("path", { class: `edge ${kind}`, d: `M${x1},${y1}C${x1},${y1 + bend} ${x2},${y2 - bend} ${x2},${y2 - 4}`, "marker-end": `url(#arrow-${kind})` }));
    const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2], text = `${edge.op || "refers"}${edge.count > 1 ? ` × ${edge.count}` : ""}`;
    labels.append(svg("rect", { class: "back", x: x - 3.3 * text.length - 3, y: y - 8, width: 6.6 * text.length + 6, height: 16 }), svg("text", { class: `label ${kind}`, x, y: y + 3, "text-anchor": "middle" }, text));
  }
  root.append(labels);
  for (const node of nodes) {
    const { x, y } = at.get(node.name), name = `@${node.name}`;
    root.append(svg("a", { class: "node", href: `#passes/${state.pass}/${encodeURIComponent(node.name)}` }, svg("title", {}, name), svg("rect", { x, y, width: NODE.width, height: NODE.height, rx: 7 }),
      svg("text", { class: "name", x: x + 12, y: y + 20 }, name.length > 24 ? `${name.slice(0, 23)}…` : name), svg("text", { class: "about", x: x + 12, y: y + 36 }, plural(node.operations, "op"))));
  }
  const all = [...at.values()];
  return { root, width: Math.max(...all.map((one) => one.x)) + NODE.width, height: Math.max(...all.map((one) => one.y)) + NODE.height };
}

/** Where each node stands: a row for each level, each row in the order of its callers (Sugiyama 1981). */
function placed(nodes, edges) {
  const rows = [];
  for (const node of nodes) (rows[node.level] ||= []).push(node.name);
  const order = new Map(nodes.map((node, index) => [node.name, index]));
  rows.forEach((row, level) => {
    if (level) {
      const centre = new Map(row.map((name) => {
        const above = edges.filter((edge) => edge.to === name && edge.from !== name).map((edge) => order.get(edge.from));
        return [name, above.length ? above.reduce((a, b) => a + b, 0) / above.length : 0];
      }));
      row.sort((a, b) => centre.get(a) - centre.get(b));
    }
    row.forEach((name, index) => order.set(name, index - row.length / 2));
  });
  const widest = Math.max(...rows.map((row) => row.length)) * (NODE.width + NODE.across) - NODE.across, found = new Map();
  rows.forEach((row, level) => {
    const start = (widest - (row.length * (NODE.width + NODE.across) - NODE.across)) / 2;
    row.forEach((name, index) => found.set(name, { x: start + index * (NODE.width + NODE.across), y: level * (NODE.height + NODE.down) }));
  });
  return found;
}

/** The picture in a window that moves and zooms. */
function pannable({ root, width, height }) {
  const arrow = (kind) => svg("marker", { id: `arrow-${kind}`, class: kind, viewBox: "0 0 8 8", refX: 5, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0,0L8,4L0,8z" }));
  const frame = svg("svg", { class: "graph", role: "img", "aria-label": "Graph of functions" }, svg("defs", {}, arrow("lift"), arrow("call")), root);
  const box = { x: 0, y: 0, width, height };
  const show = () => frame.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  function fit() { Object.assign(box, { x: -30, y: -30, width: Math.max(width, 700) + 60, height: Math.max(height, 340) + 60 }); box.x -= Math.max(0, (700 - width) / 2); show(); }
  function zoom(factor, point = { x: box.x + box.width / 2, y: box.y + box.height / 2 }) {
    const by = Math.min(Math.max(factor, 60 / box.width), 20 * (width + 400) / box.width);
    Object.assign(box, { x: point.x - (point.x - box.x) * by, y: point.y - (point.y - box.y) * by, width: box.width * by, height: box.height * by });
    show();
  }
  const inside = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(frame.getScreenCTM().inverse());
  frame.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.12 : 1 / 1.12, inside(event)); }, { passive: false });
  let start = null, moved = false;
  frame.addEventListener("pointerdown", (event) => { start = inside(event); moved = false; });
  frame.addEventListener("pointermove", (event) => {
    if (!start || !event.buttons) { start = null; return; }
    const now = inside(event);
    if (Math.hypot(now.x - start.x, now.y - start.y) > 3) moved = true;
    box.x += start.x - now.x; box.y += start.y - now.y; show();
  });
  frame.addEventListener("click", (event) => { if (moved) event.preventDefault(); }, true);
  return { root: frame, fit, zoom };
}
