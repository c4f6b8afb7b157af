// The scheduler's attempts, the newest first, each with its table of nodes, plugins and scores.

import { h, keyed, setAttribute } from "./dom.js";
import * as ledger from "./ledger.js";
import { rove } from "./rove.js";
import { hasVerdicts, verdicts } from "./verdicts.js";

const listed = 200;

export class SchedulerView {
  #attempts = new Map(); // key -> record
  #chosen = "";
  #painted = "";

  constructor(app) {
    this.app = app;
    this.list = h("ol", { class: "attempts", "aria-label": "Attempts to place a pod, newest first" });
    this.table = h("div", { class: "attempt", "aria-live": "polite" });
    this.element = h("div", { class: "split" },
      h("section", { "aria-label": "Attempts" }, h("h3", null, "Attempts to place a pod"), this.list),
      h("section", { "aria-label": "What the scheduler found" }, this.table));
    rove(this.list);
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      this.#chosen = button.parentElement.dataset.key;
      this.repaint();
    });
    app.tail.onRecords((records) => {
      const attempts = records.filter(hasVerdicts);
      for (const record of attempts) this.#attempts.set(ledger.keyOf(record), record);
      for (const key of this.#attempts.keys()) {
        if (this.#attempts.size <= listed) break;
        this.#attempts.delete(key);
      }
      if (attempts.length && app.isChosen(this)) this.repaint();
    });
  }

  update() {}

  // opened is told which object is open: of a pod, its last attempt is shown.
  opened(subject) {
    if (subject?.kind.kind !== "Pod") return;
    const found = [...this.#attempts].findLast(([, { object }]) => object.name === subject.name && object.namespace === subject.namespace);
    if (found) this.#chosen = found[0];
    this.repaint();
  }

  repaint() {
    const attempts = [...this.#attempts].reverse().filter(([, { object, revision }]) => this.app.shows({ metadata: object }) && this.app.found({ metadata: object }) && (!this.app.time.past || revision <= this.app.time.past));
    keyed(this.list, attempts, ([key]) => key, ([, record]) => h("li", null,
      h("button", { class: "attempt-of", tabindex: -1 }, h("b", null, record.object.name), h("span", { class: "badge", "data-tone": record.details.node ? "good" : "warn" }, record.details.node ?? "no node"),
        h("span", { class: "faint" }, `${ledger.clockTime(record.time)} · ${record.details.feasible ?? 0} of ${record.details.nodes ?? 0} nodes fit`))));
    if (!attempts.some(([key]) => key === this.#chosen)) this.#chosen = attempts[0]?.[0] ?? "";
    for (const item of this.list.children) setAttribute(item.firstChild, "aria-current", item.dataset.key === this.#chosen ? "true" : null);
    if (this.#painted === this.#chosen && this.#chosen) return;
    this.#painted = this.#chosen;
    const record = this.#attempts.get(this.#chosen);
    if (!record) {
      this.table.replaceChildren(h("p", { class: "faint" }, "No pod has been placed since the ledger can remember."));
      return;
    }
    this.table.replaceChildren(
      h("h3", null, h("button", { class: "link", "data-ref": ledger.refOfRecord(record) }, `${record.object.namespace}/${record.object.name}`)),
      h("p", null, record.reason),
      verdicts(record),
      h("p", { class: "faint" }, `revision ${record.revision}, ${record.rule ?? ""}`));
  }
}
