// Which lines of two texts are the same: Myers 1986, doi:10.1007/BF01840446, on lines whose SSA names are blank,
// so that a value that is numbered anew is no difference.

const MOST_DIFFERENCES = 1200; // beyond that two texts count as different throughout

const anonymous = (line) => line.replace(/%[\w.$#:-]+/g, "%");
const opOf = (line) => (line.match(/(?:= |^\s*)"?([a-z_]+\.\w+|call|return)/) || [])[1];

const nameOf = (line) => (line.match(/^\s*(%\S+) = /) || [])[1];

/** The pairs [i, j] of equal entries of two lists, in order, as many as can be. */
function matches(a, b) {
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const pairs = [];
  for (let i = 0; i < start; i += 1) pairs.push([i, i]);
  for (const [i, j] of middle(a.slice(start, a.length - end), b.slice(start, b.length - end))) pairs.push([i + start, j + start]);
  for (let i = end; i > 0; i -= 1) pairs.push([a.length - i, b.length - i]);
  return pairs;
}

function middle(a, b) {
  const most = Math.min(a.length + b.length, MOST_DIFFERENCES);
  const furthest = new Map([[1, 0]]);
  const history = [];
  for (let d = 0; d <= most; d += 1) {
    history.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? furthest.get(k + 1) : furthest.get(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return traced(history, a, b);
    }
  }
  return [];
}

function traced(history, a, b) {
  const pairs = [];
  let x = a.length, y = b.length;
  for (let d = history.length - 1; d >= 0; d -= 1) {
    const furthest = history[d], k = x - y;
    const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : furthest.get(from), fromY = fromX - from;
    while (x > (d === 0 ? 0 : fromX) && y > (d === 0 ? 0 : fromY)) { x -= 1; y -= 1; pairs.push([x, y]); }
    x = fromX; y = fromY;
  }
  return pairs.reverse();
}

/** Two texts side by side: rows {kind: "same" | "changed" | "gone" | "new", before, after} with line numbers. */
function rowsOf(before, after) {
  const a = before === null ? [] : before.split("\n"), b = after === null ? [] : after.split("\n");
  const rows = [];
  let i = 0, j = 0;
  for (const [x, y] of [...matches(a.map(anonymous), b.map(anonymous)), [a.length, b.length]]) {
    rows.push(...hunk(a, i, x, b, j, y));
    if (x < a.length) rows.push({ kind: "same", before: a[x], after: b[y], i: x + 1, j: y + 1 });
    i = x + 1; j = y + 1;
  }
  return rows;
}

/** Lines i to x of `a` have become lines j to y of `b`: those of one op, or of one name, stand beside each other. */
function hunk(a, i, x, b, j, y) {
  const rows = [], oneToOne = x - i === y - j;
  const first = (key, line) => {
    const wanted = key(line);
    for (let at = j; wanted !== undefined && at < y; at += 1) if (key(b[at]) === wanted) return at;
    return y;
  };
  for (; i < x; i += 1) {
    const at = Math.min(first(opOf, a[i]), oneToOne ? first(nameOf, a[i]) : y);
    if (at < y) {
      for (; j < at; j += 1) rows.push({ kind: "new", before: null, after: b[j], j: j + 1 });
      rows.push({ kind: "changed", before: a[i], after: b[j], i: i + 1, j: j + 1 });
      j += 1;
    } else rows.push({ kind: "gone", before: a[i], after: null, i: i + 1 });
  }
  for (; j < y; j += 1) rows.push({ kind: "new", before: null, after: b[j], j: j + 1 });
  return rows;
}

/** Which words of two lines differ: for each line a list of [text, differs]. Lines with little in common differ as a whole. */
function wordsOf(before, after) {
  const split = (line) => line.match(/tensor<(?:[^<>]|<[^<>]*>)*>|"[^"]*"|[%@\w.$#-]+|\s+|./g) || [];
  const a = split(before), b = split(after);
  const pairs = matches(a.map(anonymous), b.map(anonymous));
  if (pairs.length < 0.4 * Math.min(a.length, b.length)) return [[[before, false]], [[after, false]]];
  return [joined(a, new Set(pairs.map(([i]) => i))), joined(b, new Set(pairs.map(([, j]) => j)))];
}

/** Neighbouring words of one kind as one. */
function joined(words, same) {
  const found = [];
  words.forEach((word, index) => {
    const differs = !same.has(index);
    if (found.length && found.at(-1)[1] === differs) found.at(-1)[0] += word;
    else found.push([word, differs]);
  });
  return found;
}
