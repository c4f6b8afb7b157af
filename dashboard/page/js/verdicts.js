// The scheduler's table: each node, what each plugin gave it, and why the others were turned down.

import { h } from "./dom.js";

// hasVerdicts tells whether a record is an attempt to place a pod.
export const hasVerdicts = (record) => Boolean(record.details?.results);

export function verdicts(record) {
  const { plugins = [], results = [], more = 0, node, nominated, victims = [] } = record.details ?? {};
  const fit = results.filter((result) => !result.reasons?.length);
  const others = results.filter((result) => result.reasons?.length);
  const highest = plugins.map((_, i) => Math.max(1, ...fit.map((result) => result.scores?.[i] ?? 0)));
  return h("div", { class: "verdicts" },
    results.length > 0 && h("table", { class: "scores" },
      h("caption", { class: "unseen" }, "What the scheduler found on each node"),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "Node"), h("th", { scope: "col" }, plugins.length ? "Score" : "Why not"), ...plugins.map((plugin) => h("th", { scope: "col" }, h("span", null, spaced(plugin)))))),
      h("tbody", null,
        ...fit.map((result) => h("tr", { class: result.node === node ? "chosen" : null },
          h("th", { scope: "row" }, result.node, result.node === node && h("span", { class: "badge", "data-tone": "good" }, "chosen")),
          h("td", { class: "total" }, String(result.score ?? 0)),
          ...plugins.map((_, i) => scoreCell(result.scores?.[i] ?? 0, highest[i])))),
        ...others.map((result) => h("tr", { class: "rejected" },
          h("th", { scope: "row" }, result.node),
          h("td", { colspan: 1 + plugins.length }, h("b", null, result.filter), " ", result.reasons.join(", ")))))),
    more > 0 && h("p", { class: "faint" }, `and ${more} more nodes`),
    nominated && h("p", null, `Less important pods on ${nominated} make room: ${victims.join(", ")}`));
}

function scoreCell(score, highest) {
  const cell = h("td", null, String(score));
  cell.style.setProperty("--heat", Math.round((60 * score) / highest) + "%");
  return cell;
}

// spaced lets a long name break where its words begin.
const spaced = (name) => name.replace(/([a-z])([A-Z])/g, "$1\u200b$2");
