// Why the object is there, as a graph: from whoever asked for it, step by step, to its creation; and what has happened to it
// since, down to what was decided last.

import { h } from "./dom.js";
import { draw, layersOf } from "./graph.js";
import * as ledger from "./ledger.js";
import { podState } from "./podstate.js";
import { hasVerdicts, verdicts } from "./verdicts.js";

const mostLater = 10; // of what has happened since

export async function showWhy(body, context) {
  const { app, kind, namespace, name, at, signal } = context;
  const answer = h("div", { class: "answer" });
  const picture = h("div", { class: "picture" });
  const more = h("div", { class: "step", "aria-live": "polite" });
  let drawn = "";
  let chosen = null;
  const choose = (record) => {
    chosen = ledger.keyOf(record);
    more.replaceChildren(step(app, record));
    for (const box of picture.querySelectorAll(".box")) box.classList.toggle("open", box.dataset.key === chosen);
  };
  const refresh = async () => {
    let records = await ledger.recordsOf(kind, namespace, name, signal);
    if (at) records = records.filter((record) => record.revision <= at);
    if (!records.length) {
      answer.replaceChildren(h("p", { class: "faint" }, at ? "Nothing had happened to it by then." : "The ledger holds nothing about it any more."));
      return;
    }
    const keys = records.map(ledger.keyOf).join();
    const state = app.shown.find(kind.plural, namespace, name);
    answer.replaceChildren(...waitsFor(kind, state, records));
    if (keys === drawn) return;
    drawn = keys;
    const begun = records.find((record) => !ledger.isDecision(record)) ?? records[0];
    const causes = await ledger.causesOf(begun, signal);
    const later = records.filter((record) => record !== begun && record.revision >= begun.revision).slice(-mostLater);
    picture.replaceChildren(graphOf(`Why ${kind.kind} ${name} is there`, causes, begun, later, choose));
    const open = [...causes.records.values(), ...later].find((record) => ledger.keyOf(record) === chosen);
    if (open) choose(open);
  };
  await refresh();
  body.replaceChildren(answer, more, picture);
  return refresh;
}

// waitsFor says what a pod without a node waits for, from the scheduler's last attempt.
function waitsFor(kind, pod, records) {
  if (kind.kind !== "Pod" || !pod || podState(pod).state !== "waiting") return [];
  const attempt = records.findLast(hasVerdicts);
  const why = attempt?.reason ?? podState(pod).why ?? "";
  return [h("section", { class: "waits-for", "aria-label": "What the pod waits for" }, h("h3", null, "It waits for a node"), h("p", null, why || "No scheduler has looked at it yet."), attempt && verdicts(attempt))];
}

function graphOf(label, causes, begun, later, choose) {
  const keys = [...causes.records.keys()];
  const layers = layersOf(keys, causes.edges);
  const boxes = keys.map((key) => boxOf(causes.records.get(key), layers.get(key), choose, causes.more.get(key)));
  const arrows = causes.edges.map(([from, to]) => ({ from, to }));
  let above = ledger.keyOf(begun), layer = Math.max(...layers.values());
  for (const record of later) {
    boxes.push(boxOf(record, ++layer, choose));
    arrows.push({ from: above, to: ledger.keyOf(record), kind: "then" });
    above = ledger.keyOf(record);
  }
  const lost = [...causes.lost];
  if (lost.length) boxes.unshift({ key: "lost", layer: 0, title: "compacted", lines: [`revision ${lost.join(", ")}: nobody knows`, "any more"], tone: "lost" });
  const alone = new Set(boxes.map((box) => box.layer)).size === boxes.length;
  return draw({ boxes: boxes.sort((a, b) => a.layer - b.layer), arrows, label, width: alone ? 470 : 262 });
}

function boxOf(record, layer, choose, hidden) {
  const actor = ledger.actorOf(record);
  const begins = !record.causes?.length && !ledger.isDecision(record);
  const lines = [ledger.nameOf(record), ledger.reasonOf(record) || (begins ? "here it began" : "")];
  if (hidden) lines[1] += ` (and ${hidden} more causes)`;
  const title = `${actor.label}: ${record.subresource ? record.verb + " " + record.subresource : record.verb}`;
  return {
    key: ledger.keyOf(record), layer, title, lines, tone: ledger.isDecision(record) ? "decision" : begins ? "origin" : actor.group,
    label: `revision ${record.revision}: ${actor.label} ${ledger.what(record)} ${ledger.nameOf(record)}. ${ledger.reasonOf(record)}${begins ? " Here it began." : ""}`,
    onclick: () => choose(record),
  };
}

// step is all that is known of one record.
function step(app, record) {
  const fact = (title, value) => value && [h("dt", null, title), h("dd", null, value)];
  return h("section", { class: "fact" },
    h("h3", null, `${ledger.what(record)} ${ledger.nameOf(record)}`),
    h("p", null, ledger.reasonOf(record) || "No reason was given: here it began."),
    h("dl", null,
      fact("revision", `${record.revision}, at ${ledger.clockTime(record.time)}`),
      fact("by", [record.agent, record.user].filter(Boolean).join(" as ")),
      fact("rule", record.rule),
      fact("because of", record.causes?.length && record.causes.join(", ") + (record.moreCauses ? ` and ${record.moreCauses} more` : ""))),
    hasVerdicts(record) && verdicts(record),
    h("p", { class: "bar-of" },
      h("button", { onclick: () => app.open(ledger.refOfRecord(record)) }, "Open the object"),
      !ledger.isDecision(record) && h("button", { onclick: () => app.time.goTo(record.revision) }, "Rewind to here")));
}
