// The object that is open, and its tabs. What is open is in the address of the page, so that it can be kept and sent.

import { h, setAttribute, setText } from "./dom.js";
import { lookUp } from "./kinds.js";
import { podState, readiness } from "./podstate.js";
import { showEvents } from "./tab_events.js";
import { showHistory } from "./tab_history.js";
import { showLogs } from "./tab_logs.js";
import { showWhy } from "./tab_why.js";
import { showYAML } from "./tab_yaml.js";

// Each tab fills an element and returns what to call when the object has changed; the signal ends what it has begun.
const tabs = { why: ["Why", showWhy], yaml: ["YAML", showYAML], events: ["Events", showEvents], logs: ["Logs", showLogs], history: ["History", showHistory] };

export class Panel {
  #leave = new AbortController();
  #refresh = null;
  #timer = 0;
  subject = null; // {kind, namespace, name, ref}
  tab = "why";

  constructor(app) {
    this.app = app;
    this.element = app.element("panel");
    this.kind = h("span", { class: "kind" });
    this.name = h("h2", { tabindex: -1 });
    this.state = h("p", { class: "state" });
    const close = h("button", { class: "quiet close", "aria-label": "Close", title: "Close (Esc)", onclick: () => app.open(null) }, "✕");
    this.list = h("div", { role: "tablist", class: "tabs", "aria-label": "About the object" });
    for (const [id, [title]] of Object.entries(tabs)) {
      this.list.append(h("button", { role: "tab", id: "tab-" + id, "aria-controls": "tab-body", "data-tab": id, onclick: () => app.open(this.subject.ref, id) }, title));
    }
    this.body = h("div", { role: "tabpanel", id: "tab-body", class: "tab-body", tabindex: 0 });
    this.element.append(h("header", null, this.kind, this.name, close, this.state), this.list, this.body);
    app.tail.onRecords((records) => {
      if (records.some((record) => this.#isAbout(record))) this.changed();
    });
  }

  async show(ref, tab) {
    this.#leave.abort();
    this.#leave = new AbortController();
    this.#refresh = null;
    const { signal } = this.#leave;
    setAttribute(this.element, "hidden", ref ? null : "");
    document.body.toggleAttribute("data-panel", Boolean(ref));
    if (!ref) {
      this.subject = null;
      return;
    }
    const isNew = this.subject?.ref !== ref;
    const [plural, namespace, ...name] = ref.split("/");
    this.body.replaceChildren(h("p", { class: "faint" }, "…"));
    try {
      const kind = await lookUp(plural);
      if (signal.aborted) return;
      this.subject = { kind, namespace, name: name.join("/"), ref };
    } catch (error) {
      this.body.replaceChildren(h("p", { class: "problem" }, error.message));
      return;
    }
    this.tab = tabs[tab] && (tab !== "logs" || this.subject.kind.kind === "Pod") ? tab : "why";
    setText(this.kind, this.subject.kind.kind + (namespace ? " in " + namespace : ""));
    setText(this.name, this.subject.name);
    for (const button of this.list.children) {
      const chosen = button.dataset.tab === this.tab;
      setAttribute(button, "aria-selected", chosen);
      setAttribute(button, "tabindex", chosen ? 0 : -1);
      setAttribute(button, "hidden", button.dataset.tab === "logs" && this.subject.kind.kind !== "Pod" ? "" : null);
    }
    setAttribute(this.body, "aria-labelledby", "tab-" + this.tab);
    this.#paintState();
    if (isNew) {
      this.name.focus({ preventScroll: true });
      this.app.announce(`${this.subject.kind.kind} ${this.subject.name} is open`);
    }
    const context = { app: this.app, ...this.subject, at: this.app.time.past, signal };
    try {
      this.#refresh = await tabs[this.tab][1](this.body, context);
    } catch (error) {
      if (!signal.aborted) this.body.replaceChildren(h("p", { class: "problem" }, error.message));
    }
  }

  // update hears of changes of what is shown.
  update(changes) {
    const { subject } = this;
    if (!subject || !changes.some(({ kind, before, after }) => kind === subject.kind && sameObject((after ?? before).metadata, subject))) return;
    this.#paintState();
    this.changed();
  }

  // changed lets the tab read again, soon: several changes at once are one.
  changed() {
    clearTimeout(this.#timer);
    const { signal } = this.#leave;
    this.#timer = setTimeout(async () => {
      if (signal.aborted || !this.#refresh || this.app.time.past) return;
      try {
        await this.#refresh();
      } catch (error) {
        if (!signal.aborted) this.app.announce(error.message);
      }
    }, 250);
  }

  #isAbout(record) {
    const { subject } = this;
    const { group = "", resource, namespace = "", name } = record.object;
    return subject && resource === subject.kind.plural && group === subject.kind.group && sameObject({ namespace, name }, subject);
  }

  #paintState() {
    const { kind, namespace, name } = this.subject;
    const object = this.app.shown.find(kind.plural, namespace, name);
    if (!object) {
      setText(this.state, this.app.shown.of(kind.plural) ? "is not there" + (this.app.time.past ? " at this moment" : " any more") : "");
      setAttribute(this.state, "data-state", null);
      return;
    }
    const state = kind.kind === "Pod" ? podState(object) : null;
    const ready = readiness(kind, object);
    setText(this.state, state ? [state.text, object.spec.nodeName && "on " + object.spec.nodeName, object.status?.podIP].filter(Boolean).join(" · ") : ready ? ready.text + " ready" : "");
    setAttribute(this.state, "data-state", state?.state);
  }
}

const sameObject = (meta, subject) => meta.name === subject.name && (meta.namespace ?? "") === subject.namespace;
