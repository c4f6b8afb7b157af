// Each component as an actor. A write travels from its actor to the API server; what the actor had heard of before, and acted
// on, travels to it first:
//
//	controllers/replicaset  ◀──○── API server      it watched: revision 33
//	controllers/replicaset  ──●──▶ API server      and wrote: revision 34, because of 33
//
// Who wants less motion sees the actors light up, and no dots.

import { h, keyed, setAttribute, setText } from "./dom.js";
import * as ledger from "./ledger.js";
import { rove } from "./rove.js";

const groups = [
  ["people", "People"],
  ["controllers", "Controllers"],
  ["scheduler", "Scheduler"],
  ["kubelets", "Kubelets"],
  ["others", "Others"],
];
const mostKubelets = 12; // more nodes are one actor
const mostDots = 40; // in the air at once
const mostShown = 60; // of one look at the ledger; of a burst, every nth
const listed = 150;
const still = matchMedia("(prefers-reduced-motion: reduce)");

// key says what the dots are.
const key = () => h("ul", { class: "key", "aria-hidden": true }, ...[["heard", "heard"], ["wrote", "wrote"], ["decision", "decided"]].map(([kind, words]) => h("li", null, h("i", { class: "dot " + kind }), words)));

export class WritesView {
  #actors = new Map(); // id -> {element, count}
  #kubelets = new Set();
  #dots = 0;
  #places = new Map(); // element -> where it is, for one frame
  #noise = false;
  #list = [];

  constructor(app, gate) {
    this.app = app;
    this.gate = gate;
    this.groups = new Map(groups.map(([id, title]) => [id, h("div", { class: "group", hidden: "" }, h("h3", null, title), h("div", { class: "actors" }))]));
    this.server = h("div", { class: "server" }, h("b", null, "API server"), key(), h("span", { class: "rev" }));
    this.air = h("div", { class: "air", "aria-hidden": true });
    this.log = h("ol", { class: "log", "aria-label": "The latest writes, newest first" });
    rove(this.log);
    const noise = h("input", { type: "checkbox", onchange: () => { this.#noise = noise.checked; this.repaint(); } });
    this.stage = h("div", { class: "stage" },
      h("div", { class: "groups" }, this.groups.get("people"), this.groups.get("controllers")),
      this.server,
      h("div", { class: "groups" }, this.groups.get("scheduler"), this.groups.get("kubelets"), this.groups.get("others")),
      this.air);
    this.problem = h("p", { class: "problem", hidden: "" });
    app.element("writes").append(
      this.stage,
      h("div", { class: "loglist" }, gate.element, h("header", null, h("h3", null, "Writes"), h("label", null, noise, " heartbeats and events")), this.problem, this.log),
    );
    this.log.addEventListener("click", (event) => {
      const item = event.target.closest("[data-ref]");
      if (item) app.open(item.dataset.ref, "why");
    });
    app.tail.onRecords((records, first) => this.#take(records, first));
  }

  said(problem) {
    setText(this.problem, problem);
    this.problem.toggleAttribute("hidden", !problem);
  }

  #take(records, first) {
    for (const record of records) {
      if (this.#noise || !ledger.isNoise(record)) this.#actor(ledger.actorOf(record));
    }
    setText(this.server.lastChild, "revision " + this.app.tail.revision);
    this.#list = [...this.#list, ...records].slice(-1000);
    this.repaint();
    if (first || document.hidden) return;
    const began = new Date(records[0].time);
    const span = Math.max(new Date(records.at(-1).time) - began, 1);
    const pace = Math.min(1, 600 / span); // as they came, and no slower than they keep coming
    const shown = records.filter((record) => this.#noise || !ledger.isNoise(record));
    const nth = Math.ceil(shown.length / mostShown);
    for (let i = 0; i < shown.length; i += nth) {
      setTimeout(() => this.#show(shown[i]), (new Date(shown[i].time) - began) * pace);
    }
  }

  // repaint lists the writes up to the moment that is shown.
  repaint() {
    const { past } = this.app.time;
    const shown = this.#list.filter((record) => (this.#noise || !ledger.isNoise(record)) && (!past || record.revision <= past)).slice(-listed).reverse();
    keyed(this.log, shown, ledger.keyOf, (record) => {
      const actor = ledger.actorOf(record);
      return h("li", { "data-group": actor.group },
        h("button", { class: "write", tabindex: -1, "data-ref": ledger.refOfRecord(record) },
          h("span", { class: "rev" }, String(record.revision)),
          h("span", { class: "who" }, actor.label),
          h("span", { class: "did" }, `${ledger.what(record)} `, h("b", null, ledger.nameOf(record))),
          h("span", { class: "reason" }, ledger.reasonOf(record))));
    });
  }

  // #actor finds the actor, making it the first time that it does something.
  #actor(who) {
    if (who.group === "kubelets") {
      this.#kubelets.add(who.id);
      if (this.#kubelets.size > mostKubelets) who = { id: "kubelets", label: `${this.#kubelets.size} kubelets`, group: "kubelets", name: "kubelet" };
    }
    let actor = this.#actors.get(who.id);
    if (!actor) {
      if (who.id === "kubelets") {
        for (const [id, one] of this.#actors) {
          if (!id.startsWith("kubelet/")) continue;
          one.element.remove();
          this.#actors.delete(id);
        }
      }
      const name = h("span", { class: "actor-name" });
      const element = h("div", { class: "actor", "data-group": who.group, "data-actor": who.id }, h("i", { class: "glow", "aria-hidden": true }), name, this.gate.button(who));
      actor = { element, name, label: who.label };
      this.#actors.set(who.id, actor);
      const group = this.groups.get(who.group);
      group.removeAttribute("hidden");
      const list = group.lastChild;
      const after = [...list.children].find((other) => other.textContent.localeCompare(who.label, undefined, { numeric: true }) > 0);
      list.insertBefore(element, after ?? null);
    }
    setText(actor.name, who.label);
    return actor;
  }

  // #show lets a record travel.
  #show(record) {
    const actor = this.#actor(ledger.actorOf(record)).element;
    actor.firstChild.animate([{ opacity: 1 }, { opacity: 0 }], { duration: 1200, easing: "ease-out" });
    if (still.matches || this.#dots > mostDots) return;
    const there = this.#place(actor), here = { ...this.#place(this.server) };
    here.x = Math.min(Math.max(there.x, here.x - here.w / 2 + 12), here.x + here.w / 2 - 12);
    const heard = record.causes?.length > 0;
    if (heard) this.#fly("heard", here, there, 0);
    this.#fly(ledger.isDecision(record) ? "decision" : "wrote", there, here, heard ? 450 : 0, record);
  }

  #fly(kind, from, to, delay, record) {
    const dot = h("i", { class: "dot " + kind });
    if (record) dot.dataset.kind = record.object.resource;
    this.#dots++;
    this.air.append(dot);
    const at = ({ x, y }) => `translate(${x}px, ${y}px)`;
    const flight = dot.animate(
      [{ transform: at(from), opacity: 0 }, { opacity: 1, offset: 0.1 }, { opacity: 1, offset: 0.9 }, { transform: at(to), opacity: 0 }],
      { duration: 550, delay, easing: "ease-in-out", fill: "backwards" },
    );
    flight.finished.catch(() => {}).finally(() => {
      dot.remove();
      this.#dots--;
      if (kind !== "heard") setAttribute(this.server, "data-hit", this.server.dataset.hit === "a" ? "b" : "a");
    });
  }

  // #place is where an element is on the stage. To ask makes the browser lay the page out, so it is asked once a frame.
  #place(element) {
    if (this.#places.size === 0) requestAnimationFrame(() => this.#places.clear());
    if (!this.#places.has(element)) {
      const a = element.getBoundingClientRect(), b = this.stage.getBoundingClientRect();
      this.#places.set(element, { x: a.left + a.width / 2 - b.left, y: a.top + a.height / 2 - b.top, w: a.width });
    }
    return this.#places.get(element);
  }
}
