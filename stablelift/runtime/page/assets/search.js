// Search: passes, functions, decisions, and the lines of the module after the chosen pass.

const MOST_FOUND = 60;

function found(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text) => wanted.every((word) => text.toLowerCase().includes(word));
  const results = [];
  if (!wanted.length) return results;
  data.passes.forEach((pass, index) => { if (fits(pass.name)) results.push({ kind: "pass", text: pass.name, about: `pass ${index}`, to: `passes/${index}` }); });
  const texts = data.passes[state.pass].texts;
  for (const name of Object.keys(texts)) if (fits(`@${name}`)) results.push({ kind: "function", text: `@${name}`, about: `after ${data.passes[state.pass].name}`, to: `passes/${state.pass}/${encodeURIComponent(name)}` });
  for (const remark of data.remarks) {
    const text = `${remark.what}: ${remark.why}`;
    if (fits(`${text} ${remark.place}`)) results.push({ kind: "decision", text, about: remark.by, to: "overview" });
  }
  for (const [name, number] of Object.entries(texts)) {
    textAt(number).split("\n").forEach((line, index) => {
      if (index && results.length < MOST_FOUND && fits(line)) results.push({ kind: "line", text: line.trim(), about: `@${name}:${index + 1}`, to: `passes/${state.pass}/${encodeURIComponent(name)}/${index + 1}` });
    });
  }
  return results.slice(0, MOST_FOUND);
}

function openSearch() {
  const dialog = document.getElementById("search"), list = el("ol", { class: "results", role: "listbox" });
  const input = el("input", { type: "search", placeholder: "Passes, functions, decisions, ops…", "aria-label": "Search", oninput: show, onkeydown: move });
  let results = [], chosen = 0;
  function show() {
    results = found(input.value); chosen = 0;
    list.replaceChildren(...results.map((result, index) => el("li", { role: "option", onclick: () => open(index) }, el("span", { class: `kind ${result.kind}` }, result.kind), el("code", {}, result.text), el("span", { class: "muted" }, result.about))));
    if (input.value && !results.length) list.append(el("li", { class: "nothing" }, "Nothing found"));
    mark();
  }
  function mark() {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen && results.length > 0)));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  }
  function move(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && results.length) { chosen = (chosen + by + results.length) % results.length; mark(); event.preventDefault(); }
    if (event.key === "Enter" && results.length) { open(chosen); event.preventDefault(); }
  }
  function open(index) { dialog.close(); go(results[index].to); }
  dialog.replaceChildren(input, list);
  dialog.showModal();
  input.focus();
}
