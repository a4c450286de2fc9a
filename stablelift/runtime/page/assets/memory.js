// Memory over time: what the program holds while it runs, with and without rematerialisation.

views.memory = { title: "Memory", draw: drawMemory };

const CHART = { width: 1100, height: 380, left: 70, right: 20, top: 18, bottom: 28 };

function drawMemory(root) {
  const runs = [
    data.memory_without_remat && { ...data.memory_without_remat, kind: "without", title: "keeping all that is used" },
    { ...data.memory, kind: "with", title: data.memory_without_remat ? "as decided" : "the finished program" },
  ].filter(Boolean);
  const held = data.xla?.bytes, xla = held && "temporaries" in held ? held.temporaries + held.results - (held["results in donated arguments"] ?? 0) : null;
  root.append(
    el("div", { class: "heading" }, el("div", {}, el("h1", {}, "Memory over time"), el("p", { class: "lead" },
      "What is held beside the arguments while the program runs, op by op, by an estimate that knows which ops do their work on the fly and which share memory. The body of a loop is drawn once."))),
    el("div", { class: "legend" }, runs.map((run) => el("span", { class: run.kind }, run.title, " ", el("b", {}, asBytes(run.peak_bytes)))),
      xla === null ? "" : el("span", { class: "xla" }, "XLA's account, with results ", el("b", {}, asBytes(xla)))),
    data.memory.held.length ? chart(runs, xla) : el("p", { class: "alone" }, "This program computes nothing."),
    atPeak(data.memory));
}

function chart(runs, xla) {
  const { width, height, left, right, top, bottom } = CHART;
  const lanes = Math.max(...runs.map((run) => laned(run.spans).lanes));
  const lane = 15, floor = height - bottom - lanes * lane - (lanes ? 6 : 0);
  const most = Math.max(...runs.map((run) => run.peak_bytes), xla ?? 0, 1) * 1.06;
  const x = (run, moment) => left + (width - left - right) * moment / Math.max(1, run.count);
  const y = (held) => floor - (floor - top) * held / most;
  const picture = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": runs.map((run) => `${run.title}: at most ${asBytes(run.peak_bytes)}`).join("; ") });
  for (const held of ticks(most)) {
    picture.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(held), y2: y(held) }), svg("text", { class: "axis", x: left - 10, y: y(held) + 4, "text-anchor": "end" }, asBytes(held)));
  }
  for (const run of runs) {
    const line = run.held.map((held, index) => `${index ? "" : `M${x(run, 0)},${y(0)}`}V${y(held).toFixed(1)}H${x(run, run.at[index + 1] ?? run.count).toFixed(1)}`).join("");
    picture.append(svg("path", { class: `area ${run.kind}`, d: `${line}V${y(0)}Z` }), svg("path", { class: `line ${run.kind}`, d: line }));
  }
  if (xla !== null) picture.append(svg("line", { class: "xla", x1: left, x2: width - right, y1: y(xla), y2: y(xla) }));
  const shown = runs.at(-1);
  for (const span of laned(shown.spans).spans) {
    const from = x(shown, span.start), to = x(shown, span.stop), base = floor + 6 + span.lane * lane;
    const title = span.what === "loop" ? `loop × ${span.steps ?? "?"}` : span.what;
    picture.append(svg("g", { class: `span ${span.what === "loop" ? "loop" : "call"}` },
      svg("title", {}, title), svg("rect", { x: from + 0.5, y: base, width: Math.max(1, to - from - 1), height: lane - 3, rx: 3 }),
      to - from > 7 * title.length ? svg("text", { x: (from + to) / 2, y: base + 9.5, "text-anchor": "middle" }, title) : ""));
  }
  picture.append(svg("text", { class: "axis", x: left, y: height - 8 }, "first op"), svg("text", { class: "axis", x: width - right, y: height - 8, "text-anchor": "end" }, "last op"));
  return pointed(picture, runs, x, y, floor);
}

/** Spans with a lane for each level of nesting. */
function laned(spans) {
  const sorted = spans.filter((span) => span.stop > span.start).sort((a, b) => a.start - b.start || b.stop - a.stop), ends = [];
  const placed = sorted.map((span) => {
    while (ends.length && ends.at(-1) <= span.start) ends.pop();
    ends.push(span.stop);
    return { ...span, lane: ends.length - 1 };
  });
  return { spans: placed, lanes: Math.max(0, ...placed.map((span) => span.lane + 1)) };
}

function ticks(most) {
  const step = [1, 2, 5, 10].map((factor) => factor * 10 ** Math.floor(Math.log10(most / 4))).find((one) => most / one <= 6);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** The chart with a pointer that follows the mouse or the arrow keys, at the peak to begin with. */
function pointed(picture, runs, x, y, floor) {
  const run = runs.at(-1), note = el("p", { class: "note", "aria-live": "polite" });
  const rule = svg("line", { class: "rule", y1: CHART.top, y2: floor }), dot = svg("circle", { class: "dot", r: 4 });
  picture.append(rule, dot);
  let at = 0;
  function point(index) {
    at = Math.max(0, Math.min(run.held.length - 1, index));
    const place = run.places[run.place[at]], center = (x(run, run.at[at]) + x(run, run.at[at + 1] ?? run.count)) / 2;
    rule.setAttribute("x1", center); rule.setAttribute("x2", center);
    dot.setAttribute("cx", center); dot.setAttribute("cy", y(run.held[at]));
    note.replaceChildren(el("b", {}, asBytes(run.held[at])), " at ", el("code", {}, shortOp(run.ops[run.op[at]])), ` (op ${run.at[at] + 1} of ${run.count}) `, placeOf(place) ?? "");
  }
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect(), { width, left, right } = CHART;
    const moment = run.count * ((event.clientX - box.left) / box.width * width - left) / (width - left - right);
    const next = run.at.findIndex((one) => one > moment);
    point((next < 0 ? run.at.length : next) - 1);
  });
  picture.setAttribute("tabindex", "0");
  picture.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { point(at + by); event.preventDefault(); event.stopPropagation(); }
  });
  point(run.held.indexOf(Math.max(...run.held)));
  return el("div", { class: "plot" }, el("div", { class: "scroll" }, picture), note);
}

function atPeak(memory) {
  if (!memory.at_peak.length) return "";
  const more = memory.values_at_peak - memory.at_peak.length;
  const rows = memory.at_peak.map((held) => ({ cells: [asBytes(held.size_bytes), bar(held.size_bytes / memory.at_peak[0].size_bytes), el("code", {}, shortOp(held.op)), el("code", { class: "type" }, held.type), placeOf(held.place)] }));
  return section("Held at the peak", table(["bytes#", "", "op", "type", "where"], rows, { class: "peak", most: 15 }), more > 0 ? el("p", { class: "muted" }, `and ${plural(more, "smaller value")}`) : "");
}

function bar(part) {
  return el("span", { class: "part", style: `width:${(100 * part).toFixed(2)}%` });
}
