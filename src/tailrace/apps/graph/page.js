"use strict";
// Scopes open in place: Python gave every member its row and place in its scope, here the rows of
// the scopes that are open are put together. Only what is visible is drawn.

const { members, edges } = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, GAP, LINE, PAD, HEAD] = [60, 34, 18, 44, 14, 24];
const ROW_WIDTH = 1400;
const LISTED = 40;
// what is beside the model itself: by name, or by what is in it
const BESIDE = /^(gradients|save|init|report_uninitialized|beta\d_power)(_\d+|\/|$)/;
const BESIDE_OPS = /^(SaveV2|RestoreV2|MergeV2Checkpoints|(Resource|Sparse)*Apply\w+)$/;
const VARIABLES = new Set(["Variable", "VariableV2", "VarHandleOp"]);

const children = members.map(() => []);
members.forEach((one, i) => { if (i) children[one.parent].push(i); });
const inside = members.map((one) => (one.op ? 1 : 0));
for (let i = members.length - 1; i > 0; i--) inside[members[i].parent] += inside[i];
const incoming = members.map(() => []);
const outgoing = members.map(() => []);
for (const edge of edges) { outgoing[edge[0]].push(edge); incoming[edge[2]].push(edge); }

const state = { open: new Set([0]), chosen: null, constants: false, controls: false, training: false };
const camera = { x: 0, y: 0, scale: 1 };
const view = document.getElementById("view");
const svg = document.getElementById("graph");
const panel = document.getElementById("panel");

const isEmpty = members.map(() => false);
const isBeside = members.map((one) => BESIDE_OPS.test(one.op));
for (let i = members.length - 1; i > 0; i--) {
  isBeside[members[i].parent] ||= isBeside[i];
  if (members[i].parent === 0) isBeside[i] ||= BESIDE.test(members[i].label);
}

function hidden(i) {
  if (!state.constants && members[i].op === "Const") return true;
  return !state.training && members[i].parent === 0 && isBeside[i];
}

function markEmpty() {
  for (let i = members.length - 1; i >= 0; i--) {
    isEmpty[i] = hidden(i) || (!members[i].op && children[i].every((c) => isEmpty[c]));
  }
}

function ancestors(i) {
  const found = [];
  for (let up = members[i].parent; up >= 0; up = members[up].parent) found.push(up);
  return found;
}

// sizes from the inside out; `boxes` gets {w, h, x, y}, x and y relative to the scope around
function measure(i, boxes) {
  const one = members[i];
  if (!state.open.has(i)) {
    const kind = caption(i);
    const w = Math.max(WIDE, 7 * one.label.length + 18, 5.6 * kind.length + 18);
    boxes.set(i, { w, h: HIGH, x: 0, y: 0 });
    return;
  }
  const rows = new Map();
  for (const child of children[i]) {
    if (isEmpty[child]) continue;
    measure(child, boxes);
    if (!rows.has(members[child].row)) rows.set(members[child].row, []);
    rows.get(members[child].row).push(child);
  }
  let y = i ? HEAD : 0;
  let width = WIDE;
  const lines = [];
  for (const key of [...rows.keys()].sort((a, b) => a - b)) {
    const row = rows.get(key).sort((a, b) => members[a].place - members[b].place);
    for (const line of wrapped(row, boxes)) {
      const w = line.reduce((sum, c) => sum + boxes.get(c).w + GAP, -GAP);
      const h = Math.max(...line.map((c) => boxes.get(c).h));
      lines.push([line, w, y]);
      width = Math.max(width, w);
      y += h + LINE;
    }
  }
  if (i) width = Math.max(width, 7 * one.label.length + 30);
  for (const [line, w, top] of lines) {
    let x = PAD + (width - w) / 2;
    for (const c of line) {
      Object.assign(boxes.get(c), { x, y: top });
      x += boxes.get(c).w + GAP;
    }
  }
  boxes.set(i, { w: width + 2 * PAD, h: Math.max(HIGH, y - LINE + PAD), x: 0, y: 0 });
}

function wrapped(row, boxes) {
  const lines = [[]];
  let width = 0;
  for (const c of row) {
    const w = boxes.get(c).w + GAP;
    if (width + w > ROW_WIDTH && lines.at(-1).length) { lines.push([]); width = 0; }
    lines.at(-1).push(c);
    width += w;
  }
  return lines;
}

function caption(i) {
  const one = members[i];
  if (one.op) return one.op;
  const own = one.speaker === null ? "" : members[one.speaker].op + ", ";
  return own + inside[i] + (inside[i] === 1 ? " operation" : " operations");
}

function kind(i) {
  const one = members[i];
  const op = one.op || (one.speaker === null ? "" : members[one.speaker].op);
  if (VARIABLES.has(op)) return "variable";
  if (op.startsWith("Placeholder")) return "placeholder";
  if (op === "Const") return "constant";
  return one.op ? "operation" : "";
}

function make(tag, attributes, parent, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

let placed = new Map();

function draw() {
  markEmpty();
  const boxes = new Map();
  measure(0, boxes);
  placed = new Map();
  view.replaceChildren();
  const areas = make("g", {}, view);
  const lines = make("g", {}, view);
  // a label may be covered by a box, not the other way round
  const labels = make("g", {}, view);
  const nodes = make("g", {}, view);
  const walk = (i, x, y, depth) => {
    const box = boxes.get(i);
    placed.set(i, { x, y, w: box.w, h: box.h });
    if (i) drawMember(i, placed.get(i), depth, state.open.has(i) ? areas : nodes);
    if (!state.open.has(i)) return;
    for (const c of children[i]) {
      if (!isEmpty[c]) walk(c, x + boxes.get(c).x, y + boxes.get(c).y, depth + 1);
    }
  };
  walk(0, 0, 0, 0);
  drawEdges(lines, labels);
  document.getElementById("count").textContent =
    `${inside[0].toLocaleString("en")} operations, ${placed.size - 1} boxes shown`;
}

function drawMember(i, box, depth, parent) {
  const open = state.open.has(i);
  const one = members[i];
  const names = [kind(i), one.op ? "" : "scope", open ? "open" : "", depth % 2 ? "odd" : "",
    i === state.chosen ? "chosen" : ""];
  const group = make("g", { class: names.filter(Boolean).join(" "), "data-member": i }, parent);
  const round = one.op ? box.h / 2 : 5;
  make("rect", { class: "box", x: box.x, y: box.y, width: box.w, height: box.h, rx: open ? 5 : round },
    group);
  make("title", {}, group, one.name);
  if (open) {
    make("text", { x: box.x + 8, y: box.y + 16 }, group, "− " + one.label);
    return;
  }
  const middle = { x: box.x + box.w / 2, "text-anchor": "middle" };
  make("text", { ...middle, y: box.y + 15 }, group, (one.op ? "" : "+ ") + one.label);
  make("text", { ...middle, y: box.y + 28, class: "kind" }, group, caption(i));
}

// the box that stands for an operation: itself, or the outermost closed scope around it
function representatives() {
  const found = new Map();
  const standing = (i) => {
    if (found.has(i)) return found.get(i);
    const above = i ? standing(members[i].parent) : 0;
    const own = i === 0 || (above === members[i].parent && state.open.has(above)) ? i : above;
    found.set(i, own);
    return own;
  };
  return standing;
}

function drawEdges(lines, labels) {
  const standing = representatives();
  const bundles = new Map();
  for (const [source, port, target] of edges) {
    if (port < 0 && !state.controls) continue;
    const [a, b] = [standing(source), standing(target)];
    if (a === b || !placed.has(a) || !placed.has(b)) continue;
    const key = `${a} ${b} ${port < 0}`;
    if (!bundles.has(key)) bundles.set(key, { a, b, control: port < 0, tensors: new Set() });
    bundles.get(key).tensors.add(`${source}:${port}`);
  }
  for (const bundle of bundles.values()) drawEdge(bundle, lines, labels);
}

function drawEdge({ a, b, control, tensors }, lines, labels) {
  const [from, to] = [placed.get(a), placed.get(b)];
  const start = { x: from.x + from.w / 2, y: from.y + from.h };
  const end = { x: to.x + to.w / 2, y: to.y };
  const bend = Math.max(24, Math.abs(end.y - start.y) / 2.5);
  // a long way straight down leads around the boxes in between
  const long = end.y - start.y > 2 * (HIGH + LINE) - 10 && Math.abs(end.x - start.x) < 80;
  const side = long ? Math.min(300, 110 + 0.15 * (end.y - start.y)) : 0;
  const names = ["edge", control ? "control" : "",
    state.chosen === a || state.chosen === b ? "near" : ""];
  make("path", {
    class: names.filter(Boolean).join(" "),
    "marker-end": "url(#arrow)",
    d: `M${start.x},${start.y} C${start.x + side},${start.y + bend} ${end.x + side},${end.y - bend} ${end.x},${end.y}`,
  }, lines);
  if (control) return;
  const [first] = tensors;
  const [source, port] = first.split(":").map(Number);
  const shape = (members[source].shapes[port] || "").replace(/^[a-z]\w* /, "");
  const text = tensors.size > 1 ? `${tensors.size} tensors` : shape;
  // nearer to where it goes: edges that leave one box part there
  const t = 0.6;
  const at = (p, q, r, s) =>
    p * (1 - t) ** 3 + 3 * q * t * (1 - t) ** 2 + 3 * r * t * t * (1 - t) + s * t ** 3;
  const x = at(start.x, start.x + side, end.x + side, end.x);
  const y = at(start.y, start.y + bend, end.y - bend, end.y);
  make("text", { class: "shape", x, y: y + 3 }, labels, text);
}

function choose(i) {
  state.chosen = i;
  describe(i);
  draw();
}

function toggle(i) {
  if (members[i].op) return;
  if (state.open.has(i)) state.open.delete(i); else state.open.add(i);
  const before = placed.get(i);
  draw();
  const after = placed.get(i);
  // what was clicked stays where it is
  camera.x += (before.x - after.x) * camera.scale;
  camera.y += (before.y - after.y) * camera.scale;
  look();
}

function set(name) {
  state[name] = true;
  document.getElementById(name).checked = true;
}

function goTo(i) {
  const way = [i, ...ancestors(i)];
  if (way.some((j) => members[j].op === "Const")) set("constants");
  if (way.some((j) => members[j].parent === 0 && isBeside[j])) set("training");
  for (const up of way.slice(1)) state.open.add(up);
  choose(i);
  const box = placed.get(i);
  const { width, height } = svg.getBoundingClientRect();
  camera.scale = Math.max(camera.scale, 0.8);
  camera.x = width / 2 - (box.x + box.w / 2) * camera.scale;
  camera.y = height / 2 - (box.y + box.h / 2) * camera.scale;
  look();
}

function element(tag, text, parent, name) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  parent.appendChild(node);
  return node;
}

function list(title, rows) {
  if (!rows.length) return;
  element("h3", `${title} (${rows.length})`, panel);
  const items = element("ul", "", panel);
  for (const [i, text] of rows.slice(0, LISTED)) {
    const item = element("li", "", items);
    if (i === null) { item.textContent = text; continue; }
    element("a", members[i].name, item).onclick = () => goTo(i);
    element("span", ` ${text}`, item, "faint");
  }
  if (rows.length > LISTED) element("li", `and ${rows.length - LISTED} more`, items, "faint");
}

function describe(i) {
  const one = members[i];
  panel.replaceChildren();
  element("h2", one.name, panel);
  if (!one.op) { describeScope(i); return; }
  element("p", one.op + (one.device ? ` on ${one.device}` : ""), panel, "faint");
  const shape = (source, port) => (port < 0 ? "control" : members[source].shapes[port] || "");
  list("outputs", one.shapes.map((text, port) => [null, `${port}: ${text}`]));
  list("inputs", incoming[i].map(([source, port]) => [source, shape(source, port)]));
  list("used by", outgoing[i].map(([, port, target]) => [target, shape(i, port)]));
  list("attributes", one.attributes.map(([key, value]) => [null, `${key}: ${value}`]));
}

function describeScope(i) {
  const button = element("button", state.open.has(i) ? "close" : "open", panel);
  button.onclick = () => { toggle(i); describe(i); };
  const within = new Set();
  const gather = (j) => { if (members[j].op) within.add(j); else children[j].forEach(gather); };
  gather(i);
  const counts = new Map();
  for (const j of within) counts.set(members[j].op, (counts.get(members[j].op) || 0) + 1);
  const tensors = (found) => [...new Map(found.map(([source, port]) =>
    [`${source}:${port}`, [source, members[source].shapes[port] || ""]])).values()];
  const crossing = (lists, end) => lists.flat().filter((edge) => edge[1] >= 0 && !within.has(edge[end]));
  list("goes in", tensors(crossing([...within].map((j) => incoming[j]), 0)));
  list("comes out", tensors(crossing([...within].map((j) => outgoing[j]), 2)));
  list("operations", [...counts].sort((a, b) => b[1] - a[1]).map(([op, n]) => [null, `${n} ${op}`]));
}

function search(text) {
  const wanted = text.trim().toLowerCase();
  panel.replaceChildren();
  if (!wanted) return;
  const found = [];
  members.forEach((one, i) => {
    if (i && (one.name.toLowerCase().includes(wanted) || one.op.toLowerCase() === wanted)) found.push(i);
  });
  const last = (i) => members[i].name.toLowerCase().endsWith(wanted);
  found.sort((a, b) => last(b) - last(a) || members[a].name.length - members[b].name.length);
  if (found.length) list("found", found.map((i) => [i, members[i].op || "scope"]));
  else element("p", "nothing of that name", panel, "faint");
}

function look() {
  view.setAttribute("transform", `translate(${camera.x},${camera.y}) scale(${camera.scale})`);
}

function fit() {
  const all = placed.get(0);
  const { width, height } = svg.getBoundingClientRect();
  camera.scale = Math.min(1.2, (width - 30) / all.w, (height - 30) / all.h);
  // small print helps nobody: rather the top of it than the whole
  camera.scale = Math.max(camera.scale, 0.35);
  camera.x = (width - all.w * camera.scale) / 2;
  camera.y = 15;
  look();
}

function listen() {
  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag || !event.buttons) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (Math.abs(dx) + Math.abs(dy) < 4 && !drag.moved) return;
    camera.x += dx;
    camera.y += dy;
    drag = { x: event.clientX, y: event.clientY, moved: true };
    look();
  });
  svg.addEventListener("click", (event) => {
    const group = event.target.closest("[data-member]");
    if (!group || (drag && drag.moved)) return;
    const i = Number(group.dataset.member);
    if (state.chosen === i) toggle(i); else choose(i);
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const area = svg.getBoundingClientRect();
    const factor = Math.exp(-event.deltaY / 600);
    const [x, y] = [event.clientX - area.x, event.clientY - area.y];
    camera.x = x - (x - camera.x) * factor;
    camera.y = y - (y - camera.y) * factor;
    camera.scale *= factor;
    look();
  }, { passive: false });
  const box = (name) => document.getElementById(name);
  box("search").addEventListener("input", (event) => search(event.target.value));
  for (const name of ["constants", "controls", "training"]) {
    box(name).addEventListener("change", (event) => { state[name] = event.target.checked; draw(); });
  }
  box("fit").onclick = fit;
  box("close").onclick = () => { state.open = new Set([0]); draw(); fit(); };
}

function begin() {
  const marker = { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
    orient: "auto" };
  const arrow = make("marker", marker, make("defs", {}, svg));
  make("path", { d: "M0,1 L7,4 L0,7 z", fill: "#9aa5b1" }, arrow);
  // a graph in one scope is opened one step further
  markEmpty();
  if (isEmpty[0]) { set("constants"); set("training"); markEmpty(); }
  const shown = (i) => children[i].filter((c) => !isEmpty[c]);
  let top = shown(0);
  while (top.length === 1 && !members[top[0]].op) { state.open.add(top[0]); top = shown(top[0]); }
  // page.html#NAME shows that operation or scope
  const wanted = decodeURIComponent(location.hash.slice(1));
  const found = members.findIndex((one, i) => i && one.name === wanted);
  draw();
  fit();
  if (found > 0) {
    if (!members[found].op) state.open.add(found);
    goTo(found);
  }
  listen();
}

begin();
