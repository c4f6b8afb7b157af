// The gate: the API server holds the writes of a loop back, so that one sees what it is about to do, and lets them go one by
// one. Each actor has a button that pauses it; all loops have one together.

import { read, send } from "./api.js";
import { h, keyed, setAttribute, setText } from "./dom.js";
import * as ledger from "./ledger.js";

const loops = ["controllers", "scheduler", "kubelet"]; // who works by itself, by the names that the gate has for them

export class Gate {
  #state = { sequence: 0, rules: [], held: [] };
  #buttons = new Map(); // name of an actor -> its button
  #told = new Set(); // ids of held writes that have been announced

  constructor(app) {
    this.app = app;
    this.pauseButton = h("button", { class: "pause", "aria-pressed": false, title: "Hold the writes of all loops back ( p )", onclick: () => this.toggle() }, "Pause");
    this.stepButton = h("button", { class: "step-one", disabled: "", title: "Let the oldest held write go ( s )", onclick: () => this.step() }, "Step");
    this.rules = h("span", { class: "paused-list" });
    this.list = h("ol", { class: "held", "aria-label": "Writes that are held back, oldest first" });
    this.element = h("section", { class: "gate", hidden: "", "aria-label": "Pause and step" }, h("header", null, this.pauseButton, this.stepButton, this.rules), this.list);
  }

  // follow keeps up with the gate, for as long as the page lives and the person may see it.
  async follow() {
    for (let wait = 0; ; ) {
      try {
        this.#take(await read("/gate", wait ? { after: this.#state.sequence, wait: "30s" } : {}));
        wait = 1;
      } catch (error) {
        if (error.code === 403 || error.code === 404) return; // not ours to see, or no gate: the page does without
        wait = 0;
        await new Promise((done) => setTimeout(done, 2000));
      }
    }
  }

  // button is what pauses one actor; people have none.
  button(who) {
    if (!who.name) return null;
    const button = h("button", { class: "quiet hold", "aria-pressed": false, onclick: () => this.#toggleOne(who.name) });
    this.#buttons.set(who.name, button);
    this.#paintButton(who.name, button);
    return button;
  }

  // toggle pauses all loops, or lets all go on.
  toggle() {
    if (this.#state.rules.length) return this.#ask("DELETE", "/gate/rules");
    return Promise.all(loops.map((actor) => this.#ask("POST", "/gate/rules", { actor })));
  }

  // step lets one held write go: the one of the id, or the oldest.
  step(id) {
    if (this.#state.held.length) return this.#ask("POST", "/gate/step", id ? { id } : {});
  }

  #toggleOne(actor) {
    const mine = this.#state.rules.filter((rule) => rule.actor === actor);
    if (!mine.length) return this.#ask("POST", "/gate/rules", { actor });
    return Promise.all(mine.map((rule) => this.#ask("DELETE", "/gate/rules/" + rule.id)));
  }

  async #ask(method, path, body) {
    try {
      await send(method, path, body);
    } catch (error) {
      this.app.announce(error.message);
      setText(this.rules, error.message);
    }
  }

  #take(state) {
    this.#state = { ...state, rules: state.rules ?? [], held: state.held ?? [] };
    const { rules, held } = this.#state;
    setAttribute(this.element, "hidden", null);
    setAttribute(document.body, "data-paused", rules.length ? "" : null);
    setAttribute(this.pauseButton, "aria-pressed", rules.length > 0);
    setText(this.pauseButton, rules.length ? "Resume" : "Pause");
    setAttribute(this.stepButton, "disabled", held.length ? null : "");
    setText(this.stepButton, held.length ? `Step (${held.length} held)` : "Step");
    setText(this.rules, rules.length ? "paused: " + rules.map(describe).join(", ") : "");
    for (const [name, button] of this.#buttons) this.#paintButton(name, button);
    keyed(this.list, held, (write) => String(write.id), (write) => this.#item(write));
    for (const write of held) {
      if (this.#told.has(write.id)) continue;
      this.#told.add(write.id);
      this.app.announce(`Held: ${write.actor} wants to ${doing(write.record)}. ${ledger.reasonOf(write.record)}`);
    }
  }

  #paintButton(name, button) {
    const { rules, held } = this.#state;
    const holds = rules.some((rule) => rule.actor === name || rule.stopped === name);
    const waiting = held.filter((write) => write.actor === name).length;
    setAttribute(button, "aria-pressed", holds);
    setAttribute(button, "aria-label", `${holds ? "Resume" : "Pause"} ${name}${waiting ? `, ${waiting} held` : ""}`);
    setAttribute(button, "title", holds ? "Let it go on" : "Hold its writes back");
    setText(button, waiting ? String(waiting) : "");
    setAttribute(button, "data-waiting", waiting ? "" : null);
  }

  #item(write) {
    const { record, diff, refusal } = write;
    return h("li", null,
      h("p", null, h("b", null, write.actor), " wants to ", h("b", null, doing(record)),
        h("button", { class: "step-one", onclick: () => this.step(write.id), "aria-label": "Let it go: " + doing(record) }, "Let it go")),
      h("p", { class: "reason" }, ledger.reasonOf(record), record.rule && h("span", { class: "faint" }, " " + record.rule)),
      refusal && h("p", { class: "problem" }, "It would be refused: " + refusal),
      diff && h("details", null, h("summary", null, "What it would change"), h("pre", { tabindex: 0 }, ...diff.split("\n").map((line) => h("span", { "data-sign": line[0] }, line + "\n")))));
  }
}

const doing = (record) => `${record.verb} ${record.subresource ? record.subresource + " of " : ""}${ledger.nameOf(record)}`;

// describe names a rule by what it holds.
function describe(rule) {
  const of = [rule.actor, rule.resource].filter(Boolean).join(" on ");
  return rule.break ? (rule.stopped ? `${rule.stopped} (stopped at ${of})` : `at the next write of ${of}`) : of;
}
