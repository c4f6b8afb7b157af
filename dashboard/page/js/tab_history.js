// Every write to the object: who, when, why, and, when it is unfolded, what it changed.

import { yaml } from "./api.js";
import { around, compare } from "./diff.js";
import { h, keyed } from "./dom.js";
import { objectAt } from "./kinds.js";
import * as ledger from "./ledger.js";
import { readable } from "./secrets.js";

export async function showHistory(body, context) {
  const { app, kind, namespace, name, at, signal } = context;
  const list = h("ol", { class: "history" });
  const refresh = async () => {
    const records = (await ledger.recordsOf(kind, namespace, name, signal)).filter((record) => !ledger.isDecision(record)).reverse();
    keyed(list, records, ledger.keyOf, (record) => entry(app, context, record), (item, record) => item.toggleAttribute("data-later", Boolean(at && record.revision > at)));
    if (!records.length) list.replaceChildren(h("li", { class: "faint" }, "The ledger holds nothing about it any more."));
  };
  await refresh();
  body.replaceChildren(list);
  return refresh;
}

function entry(app, context, record) {
  const diff = h("div", { class: "diff" });
  const details = h("details", null,
    h("summary", null,
      h("span", { class: "rev" }, String(record.revision)), " ",
      h("b", null, record.subresource ? `${record.verb} ${record.subresource}` : record.verb), " ",
      h("span", { class: "who" }, ledger.actorOf(record).label), " ",
      h("span", { class: "time" }, ledger.clockTime(record.time)),
      h("span", { class: "reason" }, ledger.reasonOf(record))),
    diff,
    h("p", { class: "bar-of" },
      h("button", { onclick: () => app.time.goTo(record.revision - 1) }, "See the cluster before"),
      h("button", { onclick: () => app.time.goTo(record.revision) }, "and after"),
      record.rule && h("span", { class: "faint" }, record.rule)));
  details.addEventListener("toggle", async () => {
    if (!details.open || diff.hasChildNodes()) return;
    try {
      diff.replaceChildren(h("pre", { tabindex: 0, "aria-label": "What it changed" }, ...(await changeOf(context, record)).map(({ sign, text }) => h("span", { "data-sign": sign }, `${sign} ${text}\n`))));
    } catch (error) {
      diff.replaceChildren(h("p", { class: "faint" }, error.code === 410 ? "What it changed is compacted: nobody knows any more." : error.message));
    }
  });
  return h("li", null, details);
}

async function changeOf({ kind, namespace, name, signal }, record) {
  const text = async (revision) => {
    const object = readable(await objectAt(kind, namespace, name, revision, signal));
    if (!object) return "";
    delete object.metadata.resourceVersion; // changes with every write
    return yaml(object, signal);
  };
  const [before, after] = await Promise.all([record.verb === "create" && !record.subresource ? "" : text(record.revision - 1), text(record.revision)]);
  const lines = around(compare(before, after));
  return lines.length ? lines : [{ sign: " ", text: "nothing but managed fields" }];
}
