// The page. Watches fill one store, and what is shown is a second one: the same, or, when the slider is moved, the past. Views
// hear of changes and touch what has changed, and nothing else:
//
//	watches ──▶ live ──▶ shown ──▶ nodes, owners, services, panel
//	              time ──┘▲  (reads of the past)
//	tail of the ledger ──▶ writes, scheduler, marks of the slider
//
// Start reading at store.js, then any view.

import { about } from "./api.js";
import { h, setAttribute, setText } from "./dom.js";
import { Gate } from "./gate.js";
import { listenToKeys } from "./keys.js";
import { watched } from "./kinds.js";
import { NodesView } from "./nodes.js";
import { OwnersView } from "./owners.js";
import { Panel } from "./panel.js";
import { readiness } from "./podstate.js";
import { SchedulerView } from "./scheduling.js";
import { ServicesView } from "./services.js";
import { Store } from "./store.js";
import { Tail } from "./tail.js";
import { Time } from "./time.js";
import { follow } from "./watches.js";
import { WritesView } from "./writes.js";

const element = (id) => document.getElementById(id);

const app = {
  element,
  live: new Store(),
  shown: new Store(),
  tail: new Tail(),
  namespace: "",
  search: "",

  // shows tells whether an object is of the chosen namespace, and found whether it is what is looked for.
  shows: (object) => !app.namespace || !object.metadata.namespace || object.metadata.namespace === app.namespace,
  found: (object) => !app.search || object.metadata.name.includes(app.search),

  // open shows an object, or none. The address of the page says which.
  open(ref, tab) {
    const hash = ref ? `#${ref}?${tab ?? (app.panel.subject?.ref === ref ? app.panel.tab : "why")}` : "#";
    if (location.hash === hash || (!ref && !location.hash)) return;
    history.pushState(null, "", hash);
    app.route();
  },

  async route() {
    const [ref, tab] = decodeURIComponent(location.hash.slice(1)).split("?");
    await app.panel.show(ref || null, tab);
    mark(ref);
    if (app.panel.subject) views[chosen].opened?.(app.panel.subject);
  },

  // moved is told when another moment is shown.
  moved() {
    writes.repaint();
    if (app.panel.subject) app.panel.show(app.panel.subject.ref, app.panel.tab);
    views[chosen].repaint();
  },

  // announce tells those who listen to the page.
  announce(text) {
    element("announce").append(h("p", null, text));
    while (element("announce").childElementCount > 5) element("announce").firstChild.remove();
  },
};

const nodes = new NodesView(app), owners = new OwnersView(app);
const cluster = {
  element: h("div", { class: "cluster" }, nodes.element, owners.element),
  update(changes) {
    nodes.update(changes);
    owners.update(changes);
  },
  repaint() {
    nodes.repaint();
    owners.repaint();
  },
};

app.time = new Time(app);
app.panel = new Panel(app);
app.gate = new Gate(app);
const writes = new WritesView(app, app.gate);
const views = { cluster, scheduler: new SchedulerView(app), services: new ServicesView(app) };
let chosen = "cluster";
element("view").append(...Object.values(views).map((view) => view.element));
app.isChosen = (view) => views[chosen] === view;

app.choose = (name) => {
  chosen = name;
  for (const tab of element("views").children) {
    setAttribute(tab, "aria-selected", tab.dataset.view === name);
    setAttribute(tab, "tabindex", tab.dataset.view === name ? 0 : -1);
  }
  setAttribute(element("view"), "aria-labelledby", "tab-" + name);
  for (const [other, view] of Object.entries(views)) view.element.toggleAttribute("data-off", other !== name);
  views[name].repaint();
  views[name].opened?.(app.panel.subject);
};

// mark shows which box is open, wherever it is.
function mark(ref) {
  for (const box of document.querySelectorAll(".pod[aria-current], [role=treeitem][aria-current]")) box.removeAttribute("aria-current");
  if (!ref) return;
  for (const box of document.querySelectorAll(`.pod[data-ref="${CSS.escape(ref)}"], [role=treeitem][data-ref="${CSS.escape(ref)}"]`)) box.setAttribute("aria-current", "true");
}

// What happens live is shown, unless the past is.
app.live.onChange((changes) => {
  app.tail.wake();
  if (app.time.past) return;
  for (const { kind, uid, after } of changes) {
    if (after) app.shown.put(kind, after);
    else app.shown.remove(kind, uid);
  }
});

app.shown.onChange((changes) => {
  for (const view of Object.values(views)) view.update(changes);
  app.panel.update(changes);
  learnNamespaces(changes);
  if (!app.time.past) announceRollouts(changes);
});

const namespaces = new Set();

function learnNamespaces(changes) {
  for (const { after } of changes) {
    const name = after?.metadata.namespace;
    if (!name || namespaces.has(name)) continue;
    namespaces.add(name);
    const list = element("namespace");
    const next = [...list.options].slice(1).find((option) => option.value > name);
    list.insertBefore(h("option", { value: name }, name), next ?? null);
  }
}

// announceRollouts tells how far what has replicas has come: the picture is not for all.
const said = new Map();
function announceRollouts(changes) {
  for (const { kind, uid, before, after } of changes) {
    if (!before || !after || !["Deployment", "StatefulSet", "DaemonSet", "Job"].includes(kind.kind)) continue;
    const { text } = readiness(kind, after);
    if (said.get(uid) === text || text === readiness(kind, before).text) continue;
    said.set(uid, text);
    app.announce(`${kind.kind} ${after.metadata.name}: ${text} ready`);
  }
}


element("namespace").addEventListener("change", (event) => {
  app.namespace = event.target.value;
  const kind = watched.find(({ plural }) => plural === "pods");
  nodes.update([...app.shown.of("pods")].map(([uid, pod]) => ({ kind, uid, before: pod, after: pod })));
  views[chosen].repaint();
});
element("find").addEventListener("input", (event) => {
  app.search = event.target.value.trim();
  views[chosen].repaint();
});
element("views").addEventListener("click", (event) => event.target.dataset.view && app.choose(event.target.dataset.view));
element("view").addEventListener("click", (event) => {
  const target = event.target.closest("[data-ref]");
  if (target) app.open(target.dataset.ref);
});
element("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("kubelite-theme", document.documentElement.dataset.theme);
});
addEventListener("popstate", () => app.route());
addEventListener("hashchange", () => app.route());
listenToKeys(app);

const theme = localStorage.getItem("kubelite-theme");
if (theme) document.documentElement.dataset.theme = theme;
app.choose("cluster");

const who = await about();
setText(element("where"), [who.context, who.user && "as " + who.user].filter(Boolean).join(" "));
element("where").title = who.server;
document.title = who.context + " · kubelite";
follow(app.live, who.namespace, (state, problems) => {
  setAttribute(element("connection"), "data-state", state);
  setText(element("connection"), state === "live" ? "connected" : "connection lost: " + problems[0]);
  setAttribute(element("connection"), "title", problems.join("\n"));
  if (problems.length && state === "live") setText(element("connection"), `connected, ${problems.length} kinds hidden`);
});
app.gate.follow();
app.tail.follow((problem) => writes.said(problem));
await app.route();
