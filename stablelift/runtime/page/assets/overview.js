// The overview: figures, decisions, what reverse sweeps keep, loops, foreign rules.

views.overview = { title: "Overview", draw: drawOverview };

function drawOverview(root) {
  const first = data.passes[0], last = data.passes.at(-1);
  const seconds = data.passes.reduce((sum, pass) => sum + pass.seconds, 0);
  const changes = data.passes.filter((pass, index) => index && changesOf(index).length).length;
  const before = data.memory_without_remat;
  root.append(
    el("div", { class: "figures" },
      figure("Passes", String(data.passes.length - 1), `${changes} changed something, in ${asTime(seconds)}`, "#passes"),
      figure("Operations", `${first.operations} → ${last.operations}`, `${plural(Object.keys(last.texts).length, "function")} in the end`, "#functions"),
      figure("FLOPs of a run", asCount(data.flops), !data.loops.length ? "there is no loop" : data.flops_are_bounded ? `${plural(data.loops.length, "loop")}, with all steps` : "one step of each unbounded loop"),
      figure("Peak memory", asBytes(data.memory.peak_bytes), before ? `${asBytes(before.peak_bytes)} without rematerialisation` : `beside ${asBytes(data.memory.argument_bytes)} of arguments`, "#memory")),
    data.layers ? section("Equal layers", el("p", { class: "lead" }, el("b", {}, data.layers.layers), `: ${data.layers.why}.`)) : "",
    decisions(data.remarks),
    ...data.partitions.map(residuals),
    data.loops.length ? section("Loops", table(["function", "steps#", "ops#", "FLOPs a step#", "carried#", "where"], data.loops.map((loop) => ({
      cells: [functionLink(loop.function), loop.steps === null ? "?" : String(loop.steps), String(loop.operations), asCount(loop.flops), asBytes(loop.carried_bytes), placeOf(loop.place)],
    })))) : "",
    Object.keys(data.foreign).length ? section("Rules of JAX's own", table(["primitive", "ops#"], Object.entries(data.foreign).map(([name, count]) => ({ cells: [name, String(count)] })))) : "");
}

function section(title, ...children) {
  return el("section", {}, el("h2", {}, title), children);
}

function figure(title, value, about, href) {
  return el(href ? "a" : "div", { class: "figure", href }, el("span", { class: "title" }, title), el("span", { class: "value" }, value), el("span", { class: "about" }, about));
}

function functionLink(name) {
  return el("a", { class: "symbol", href: `#passes/${data.passes.length - 1}/${encodeURIComponent(name)}` }, `@${name}`);
}

function decisions(remarks) {
  if (!remarks.length) return "";
  return section("Decisions", table(["pass", "what", "why", "where"], remarks.map((remark) => ({
    cells: [el("code", {}, remark.by), [prose(remark.what), remark.times > 1 ? ` (${remark.times} times)` : ""], prose(remark.why), placeOf(remark.place)],
  })), { most: 20 }));
}

/** What one reverse sweep keeps: a bar of the whole, and the values. */
function residuals(partition) {
  const used = data.fates.reduce((sum, fate) => sum + partition.bytes[fate], 0) || 1;
  const parts = data.fates.filter((fate) => partition.bytes[fate]);
  const steps = (partition.steps > 1 ? `, ${partition.steps} steps` : "") + (partition.times > 1 ? `, ${partition.times} times` : "");
  return section("Kept for the reverse sweep",
    el("p", { class: "lead" }, functionName(partition.function), `${steps}, policy `, el("code", {}, partition.policy), `. JAX's rule would save ${asBytes(partition.by_jaxs_rule_bytes)}.`),
    el("div", { class: "share", role: "img", "aria-label": parts.map((fate) => `${fate} ${asBytes(partition.bytes[fate])}`).join(", ") },
      parts.map((fate) => el("span", { class: fate, style: `flex-grow:${partition.bytes[fate] / used}` }, `${asBytes(partition.bytes[fate])} ${fate}`))),
    table(["", "bytes#", "op", "type", "where"], partition.values.map((value) => ({
      class: value.fate, cells: [el("span", { class: `fate ${value.fate}` }, value.fate), asBytes(value.size_bytes), el("code", {}, shortOp(value.op)), el("code", { class: "type" }, value.type), placeOf(value.place)],
    })), { most: 10 }));
}

/** A function as it is called while passes run, which may be gone in the end. */
function functionName(name) {
  return el("code", {}, `@${name}`);
}
