// Nodes, with their pods as boxes. Every pod is one button for as long as it lives: it is repainted when it changes and moved
// when it gets a node, and nothing else is touched.

import { h, keyed, setAttribute, setText } from "./dom.js";
import { refOf, watched } from "./kinds.js";
import { amount, conditionOf, hue, podState, states } from "./podstate.js";
import { controllerOf } from "./store.js";

const nowhere = " waiting"; // where pods without a node are; no node is called so
const podKind = watched.find((kind) => kind.plural === "pods");
const nodeKind = watched.find((kind) => kind.plural === "nodes");
const roomy = 120; // with more pods than this they are small squares without names

export class NodesView {
  #cards = new Map(); // node -> its elements and pods
  #boxes = new Map(); // uid of a pod -> its button

  constructor(app) {
    this.app = app;
    this.grid = h("div", { class: "nodes" });
    this.element = h("section", { class: "nodes-view", "aria-label": "Nodes and their pods" }, legend(), this.grid);
    this.grid.addEventListener("keydown", (event) => this.#arrows(event));
    this.grid.addEventListener("focusin", (event) => this.#rove(event.target));
  }

  // update works changes in; all of them the first time.
  update(changes) {
    const dirty = new Set();
    for (const { kind, uid, before, after } of changes) {
      if (kind === nodeKind) {
        if (!after) this.#dropCard(before.metadata.name);
        else if (after) dirty.add(after.metadata.name);
      } else if (kind === podKind) {
        this.#updatePod(uid, after, dirty);
      }
    }
    setAttribute(this.grid, "data-density", this.#boxes.size > roomy ? "dense" : "roomy");
    for (const name of dirty) this.#paintCard(name);
    if (!this.grid.querySelector('.pod[tabindex="0"]')) this.grid.querySelector(".pod")?.setAttribute("tabindex", "0");
  }

  #updatePod(uid, pod, dirty) {
    let box = this.#boxes.get(uid);
    const from = box?.dataset.node;
    if (!pod || !this.app.shows(pod)) {
      if (!box) return;
      this.#boxes.delete(uid);
      this.#cards.get(from)?.pods.delete(uid);
      box.remove();
      dirty.add(from);
      return;
    }
    if (!box) {
      box = h("button", { class: "pod", tabindex: -1 }, h("span", { class: "sign", "aria-hidden": true }), h("span", { class: "pod-name" }));
      this.#boxes.set(uid, box);
    }
    const to = pod.spec.nodeName || nowhere;
    if (from !== to) {
      if (from) {
        this.#cards.get(from)?.pods.delete(uid);
        dirty.add(from);
      }
      box.dataset.node = to;
      this.#card(to).body.append(box);
    }
    this.#card(to).pods.set(uid, pod);
    dirty.add(to);
    const { state, text } = podState(pod);
    setAttribute(box, "data-state", state);
    setAttribute(box, "data-ref", refOf(podKind, pod));
    const label = `${pod.metadata.namespace}/${pod.metadata.name}: ${text}, ${states[state].words}`;
    setAttribute(box, "aria-label", label);
    setAttribute(box, "title", label);
    setText(box.firstChild, states[state].sign);
    setText(box.lastChild, pod.metadata.name);
    const maker = controllerOf(pod)?.name ?? pod.metadata.name;
    if (box.dataset.maker !== maker) {
      box.dataset.maker = maker;
      box.style.setProperty("--hue", hue(maker));
    }
    setAttribute(box, "data-found", this.app.found(pod) ? null : "no");
  }

  // repaint is for when what is looked for has changed, or what is open.
  repaint() {
    for (const [uid, box] of this.#boxes) {
      const pod = this.app.shown.of("pods").get(uid);
      if (pod) setAttribute(box, "data-found", this.app.found(pod) ? null : "no");
    }
  }

  #card(name) {
    let card = this.#cards.get(name);
    if (card) return card;
    const waits = name === nowhere;
    const title = waits
      ? h("h3", { class: "node-name" }, "Waiting for a node")
      : h("h3", { class: "node-name" }, h("button", { class: "link", "data-ref": "nodes//" + name }, name));
    card = {
      pods: new Map(),
      state: h("span", { class: "badge" }),
      count: h("span", { class: "count" }),
      use: h("div", { class: "use" }),
      body: h("div", { class: "pods", role: "group", "aria-label": waits ? "Pods without a node" : `Pods of ${name}` }),
    };
    card.element = h("article", { class: waits ? "node waits" : "node" }, h("header", null, title, card.state, card.count), card.use, card.body);
    this.#cards.set(name, card);
    const after = [...this.#cards.keys()].filter((other) => compareNodes(name, other) < 0).sort(compareNodes)[0];
    this.grid.insertBefore(card.element, after === undefined ? null : this.#cards.get(after).element);
    return card;
  }

  #dropCard(name) {
    const card = this.#cards.get(name);
    if (!card) return;
    if (card.pods.size === 0) {
      card.element.remove();
      this.#cards.delete(name);
    } else {
      this.#paintCard(name);
    }
  }

  #paintCard(name) {
    const node = name === nowhere ? null : this.app.shown.find("nodes", "", name);
    if (!node && !this.#cards.get(name)?.pods.size) {
      this.#cards.get(name)?.element.remove();
      this.#cards.delete(name);
      return;
    }
    const card = this.#card(name);
    setText(card.count, card.pods.size === 1 ? "1 pod" : `${card.pods.size} pods`);
    if (name === nowhere) return;
    const [state, tone] = this.app.shown.of("nodes").size ? nodeState(node) : ["", ""]; // nodes are not for all to see
    setText(card.state, state);
    setAttribute(card.state, "data-tone", tone);
    if (node) keyed(card.use, uses(node, card.pods.values()), (use) => use.name, makeMeter, paintMeter);
  }

  // #arrows moves among pods: the whole grid is one stop of the Tab key.
  #arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "down", ArrowUp: "up", Home: "first", End: "last" }[event.key];
    if (step === undefined || !event.target.classList.contains("pod")) return;
    event.preventDefault();
    const boxes = [...this.grid.querySelectorAll(".pod")];
    const at = boxes.indexOf(event.target);
    let next = boxes[at + step];
    if (step === "first") next = boxes[0];
    if (step === "last") next = boxes.at(-1);
    if (step === "down" || step === "up") next = nearest(event.target, boxes, step === "down" ? 1 : -1);
    next?.focus();
  }

  #rove(box) {
    if (!box.classList.contains("pod")) return;
    for (const other of this.grid.querySelectorAll('.pod[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    box.setAttribute("tabindex", "0");
  }
}

// compareNodes has those that wait first, and n10 behind n9.
function compareNodes(a, b) {
  if (a === nowhere || b === nowhere) return a === b ? 0 : a === nowhere ? -1 : 1;
  return a.localeCompare(b, undefined, { numeric: true });
}

function nodeState(node) {
  if (!node) return ["gone", "bad"];
  if (conditionOf(node, "Ready")?.status !== "True") return ["NotReady", "bad"];
  if (node.spec.unschedulable) return ["cordoned", "warn"];
  const taints = (node.spec.taints ?? []).filter((taint) => taint.effect !== "PreferNoSchedule");
  return taints.length ? ["tainted", "warn"] : ["Ready", "good"];
}

// uses is how much of a node its pods have asked for.
function uses(node, pods) {
  const sums = { cpu: 0, memory: 0 };
  for (const pod of pods) {
    for (const container of pod.spec.containers) {
      sums.cpu += amount(container.resources?.requests?.cpu);
      sums.memory += amount(container.resources?.requests?.memory);
    }
  }
  return Object.entries(sums).map(([name, sum]) => ({ name, percent: Math.round((100 * sum) / amount(node.status?.allocatable?.[name] ?? "1")) }));
}

const makeMeter = ({ name }) => h("div", { class: "meter" }, h("span", null, name), h("div", { class: "bar" }, h("i")), h("b"));

function paintMeter(meter, { name, percent }) {
  meter.querySelector("i").style.inlineSize = Math.min(percent, 100) + "%";
  setText(meter.lastChild, percent + "%");
  setAttribute(meter, "title", `${percent}% of the ${name} is requested`);
}

function legend() {
  return h("ul", { class: "legend", "aria-label": "What the boxes mean" },
    ...Object.entries(states).map(([state, { sign, words }]) => h("li", null, h("span", { class: "pod swatch", "data-state": state, "aria-hidden": true }, sign), words)));
}

// nearest is the box in the next row that stands closest.
function nearest(from, boxes, direction) {
  const a = from.getBoundingClientRect();
  let best, distance = Infinity;
  for (const box of boxes) {
    const b = box.getBoundingClientRect();
    const down = (b.top - a.top) * direction;
    if (down < a.height / 2) continue;
    const d = down * 3 + Math.abs(b.left - a.left);
    if (d < distance) [best, distance] = [box, d];
  }
  return best;
}
