// The data, which the page brings along, and what of it is shown.

const packed = Uint8Array.from(atob(document.getElementById("content").textContent), (char) => char.charCodeAt(0));
const data = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
const views = {};
const state = { view: "overview", pass: 0, name: null, line: null, columns: null, graph: null };
