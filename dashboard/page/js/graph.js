// Boxes and arrows, as SVG: layers from top to bottom, or from left to right.

import { s } from "./dom.js";

// draw makes a picture of boxes {key, layer, title, lines, tone, label, onclick} and arrows {from, to, kind}.
export function draw({ boxes, arrows, label, across = false, width = 236, height = 62 }) {
  const gap = across ? { x: 32, y: 16 } : { x: 16, y: 34 };
  const layers = [];
  for (const box of boxes) (layers[box.layer] ??= []).push(box);
  const filled = layers.filter(Boolean);
  const longest = Math.max(...filled.map((layer) => layer.length), 1);
  const at = new Map();
  filled.forEach((layer, i) => layer.forEach((box, j) => {
    const along = j + (longest - layer.length) / 2;
    at.set(box.key, across ? { x: 4 + i * (width + gap.x), y: 4 + along * (height + gap.y) } : { x: 4 + along * (width + gap.x), y: 4 + i * (height + gap.y) });
  }));
  const w = 8 + (across ? filled.length * (width + gap.x) - gap.x : longest * (width + gap.x) - gap.x);
  const t = 8 + (across ? longest * (height + gap.y) - gap.y : filled.length * (height + gap.y) - gap.y);
  const picture = s("svg", { class: "graph", width: w, height: t, viewBox: `0 0 ${w} ${t}`, role: "group", "aria-label": label });
  picture.append(s("defs", null, s("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { d: "M0 0L8 4L0 8z", class: "tip" }))));
  for (const { from, to, kind = "" } of arrows) {
    const a = at.get(from), b = at.get(to);
    if (a && b) picture.append(s("path", { class: "arrow " + kind, d: across ? sideways(a, b, width, height) : downwards(a, b, width, height), "marker-end": "url(#tip)" }));
  }
  for (const box of boxes) picture.append(drawBox(box, at.get(box.key), width, height));
  return picture;
}

function downwards(a, b, width, height) {
  const x1 = a.x + width / 2, y1 = a.y + height, x2 = b.x + width / 2, y2 = b.y;
  return `M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2 - 1}`;
}

function sideways(a, b, width, height) {
  const x1 = a.x + width, y1 = a.y + height / 2, x2 = b.x, y2 = b.y + height / 2;
  return `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2 - 1} ${y2}`;
}

function drawBox(box, { x, y }, width, height) {
  const act = box.onclick && ((event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    box.onclick();
  });
  const label = box.label ?? [box.title, ...box.lines].join(", ");
  const group = s("g", { class: "box", transform: `translate(${x} ${y})`, "data-tone": box.tone, "data-key": box.key, ...(act ? { role: "button", tabindex: 0, "aria-label": label, onclick: act, onkeydown: act } : { role: "img", "aria-label": label }) });
  group.append(s("title", null, label), s("rect", { width, height, rx: 9 }), s("text", { x: 12, y: 20, class: "title" }, cut(box.title, width, 7.1)));
  box.lines.forEach((line, i) => group.append(s("text", { x: 12, y: 37 + i * 15, class: i ? "faint" : "line" }, cut(line, width, 6.3))));
  return group;
}

// cut shortens a text to what a box has room for.
function cut(text, width, letter) {
  const room = Math.floor((width - 22) / letter);
  return text.length > room ? text.slice(0, room - 1) + "…" : text;
}

// layersOf puts what causes before what it causes: each key's layer is one more than the deepest of those that lead to it.
export function layersOf(keys, edges) {
  const layers = new Map(keys.map((key) => [key, 0]));
  for (let changed = true, rounds = 0; changed && rounds <= keys.length; rounds++) {
    changed = false;
    for (const [from, to] of edges) {
      if (layers.get(to) <= layers.get(from)) {
        layers.set(to, layers.get(from) + 1);
        changed = true;
      }
    }
  }
  return layers;
}
