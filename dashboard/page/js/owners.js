// The owner tree: what people made, and what loops have made of it. Only what is unfolded is there, and a parent of many shows
// the first of its children and says how many more there are.

import { h, keyed, setAttribute, setText } from "./dom.js";
import { refOf } from "./kinds.js";
import { podState, readiness, states } from "./podstate.js";
import { controllerOf } from "./store.js";

const roots = ["deployments", "statefulsets", "daemonsets", "cronjobs", "jobs", "replicasets", "pods", "services"];
const first = 25;

export class OwnersView {
  #folded = new Set(); // uids whose children are hidden
  #all = new Set(); // uids all of whose children are shown
  #scheduled = false;

  constructor(app) {
    this.app = app;
    this.tree = h("ul", { class: "tree", role: "tree", "aria-label": "Objects by owner" });
    this.element = h("section", { class: "owners-view", "aria-label": "Who owns what" }, h("h3", null, "Owners"), this.tree);
    this.tree.addEventListener("click", (event) => this.#click(event));
    this.tree.addEventListener("keydown", (event) => this.#keys(event));
  }

  update(changes) {
    if (!changes.some(({ kind }) => kind.plural !== "nodes") || this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => { // a rollout changes many at once: once for all that come within a moment
      this.#scheduled = false;
      this.repaint();
    }, 150);
  }

  repaint() {
    const { shown } = this.app;
    const top = [];
    for (const plural of roots) {
      for (const [uid, object] of shown.of(plural)) {
        const owner = controllerOf(object);
        if ((!owner || !shown.uids.has(owner.uid)) && this.app.shows(object) && this.#foundBelow(uid, object)) top.push(shown.uids.get(uid));
      }
    }
    top.sort((a, b) => roots.indexOf(a.kind.plural) - roots.indexOf(b.kind.plural) || byName(a, b));
    this.#level(this.tree, top, "", 1);
    if (!this.tree.querySelector('[tabindex="0"]')) this.tree.querySelector("[role=treeitem]")?.setAttribute("tabindex", "0");
  }

  #foundBelow(uid, object) {
    return !this.app.search || this.app.found(object) || this.app.shown.children(uid).some((child) => this.#foundBelow(child.object.metadata.uid, child.object));
  }

  // #level makes one list of children.
  #level(list, entries, parent, depth) {
    const limit = this.#all.has(parent) ? entries.length : depth === 1 ? 8 * first : first;
    const items = entries.slice(0, limit).map((entry) => ({ ...entry, key: entry.object.metadata.uid }));
    if (entries.length > limit) items.push({ key: "more", more: entries.length - limit, parent });
    keyed(list, items, (item) => item.key, (item) => makeItem(item, depth), (element, item) => this.#paint(element, item, depth));
  }

  #paint(element, item, depth) {
    if (item.more) {
      setText(element.firstChild, `and ${item.more} more`);
      element.dataset.parent = item.parent;
      return;
    }
    const { kind, object } = item;
    const children = this.app.shown.children(item.key).filter((child) => this.app.shows(child.object)).sort(byAge);
    const open = children.length > 0 && !this.#folded.has(item.key);
    const row = element.firstChild;
    const [twist, type, name, ready] = row.children;
    setText(twist, children.length === 0 ? "" : open ? "▾" : "▸");
    setText(type, short[kind.kind] ?? kind.kind);
    setText(name, object.metadata.name);
    const state = kind.kind === "Pod" ? podState(object) : null;
    const count = state ? { text: states[state.state].sign + " " + state.text, full: true } : readiness(kind, object);
    setText(ready, count?.text ?? "");
    setAttribute(ready, "data-tone", state ? null : count && !count.full ? "warn" : null);
    setAttribute(row, "data-state", state?.state);
    setAttribute(row, "data-idle", kind.kind === "ReplicaSet" && !object.spec.replicas && !children.length ? "yes" : null);
    element.dataset.ref = refOf(kind, object);
    setAttribute(element, "aria-label", `${kind.kind} ${object.metadata.name} ${count?.text ?? ""}`);
    setAttribute(element, "aria-expanded", children.length ? open : null);
    let list = element.children[1];
    if (!open) {
      list?.remove();
      return;
    }
    if (!list) element.append(list = h("ul", { role: "group" }));
    this.#level(list, children, item.key, depth + 1);
  }

  #click(event) {
    const element = event.target.closest("[role=treeitem]");
    if (!element) return;
    this.#focus(element);
    if (element.dataset.key === "more") {
      this.#all.add(element.dataset.parent);
      this.repaint();
    } else if (event.target.classList.contains("twist")) {
      this.#fold(element);
    } else {
      this.app.open(element.dataset.ref);
    }
    event.stopPropagation();
  }

  #fold(element, folded = element.getAttribute("aria-expanded") === "true") {
    if (folded) this.#folded.add(element.dataset.key);
    else this.#folded.delete(element.dataset.key);
    this.repaint();
  }

  #keys(event) {
    const element = event.target.closest("[role=treeitem]");
    const items = [...this.tree.querySelectorAll("[role=treeitem]")];
    const at = items.indexOf(element);
    const expanded = element.getAttribute("aria-expanded");
    let next;
    switch (event.key) {
      case "ArrowDown": next = items[at + 1]; break;
      case "ArrowUp": next = items[at - 1]; break;
      case "Home": next = items[0]; break;
      case "End": next = items.at(-1); break;
      case "ArrowRight":
        if (expanded === "false") this.#fold(element, false);
        else if (expanded) next = items[at + 1];
        break;
      case "ArrowLeft":
        if (expanded === "true") this.#fold(element, true);
        else next = element.parentElement.closest("[role=treeitem]");
        break;
      case "Enter":
      case " ":
        element.click();
        break;
      default: return;
    }
    event.preventDefault();
    if (next) this.#focus(next);
  }

  #focus(element) {
    for (const other of this.tree.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    element.setAttribute("tabindex", "0");
    element.focus({ preventScroll: false });
  }
}

const short = { Deployment: "deploy", ReplicaSet: "rs", StatefulSet: "sts", DaemonSet: "ds", Pod: "pod", Service: "svc", EndpointSlice: "slice", CronJob: "cron", Job: "job" };

function makeItem(item, depth) {
  const element = h("li", { role: "treeitem", tabindex: -1, "aria-level": depth });
  element.append(item.more
    ? h("div", { class: "row more" })
    : h("div", { class: "row" }, h("span", { class: "twist", "aria-hidden": true }), h("span", { class: "kind" }), h("span", { class: "name" }), h("span", { class: "ready" })));
  return element;
}

const order = new Intl.Collator(undefined, { numeric: true }).compare;
const byName = (a, b) => order(a.object.metadata.name, b.object.metadata.name);
// byAge has the newest generation first among owners that have children, and pods by name.
const byAge = (a, b) => (a.kind.kind === "ReplicaSet" ? (b.object.metadata.creationTimestamp ?? "").localeCompare(a.object.metadata.creationTimestamp ?? "") : 0) || byName(a, b);
