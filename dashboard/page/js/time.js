// The slider: the present, or the cluster as it was at a revision. The past is read from the server, which keeps some minutes
// of it; what is shown is then exactly what was there, and changes no more.

import { read } from "./api.js";
import { h, keyed, setAttribute, setText } from "./dom.js";
import { collection, exactly, scopes, watched } from "./kinds.js";
import * as ledger from "./ledger.js";
import { slim } from "./watches.js";

const mostMarks = 60;

export class Time {
  past = 0; // the revision that is shown; 0: the present
  #oldest = 1;
  #wanted = 0;
  #busy = false;

  constructor(app) {
    this.app = app;
    this.liveButton = h("button", { class: "live", "aria-pressed": true, onclick: () => this.goLive() }, "Live");
    this.slider = h("input", { type: "range", min: 1, max: 1, step: 1, "aria-label": "Revision of the cluster", oninput: () => this.goTo(Number(this.slider.value)) });
    this.marks = h("div", { class: "marks", "aria-hidden": true });
    this.text = h("output", { class: "moment", for: "slider" });
    app.element("time").append(
      this.liveButton,
      h("button", { class: "quiet", "aria-label": "One change back", title: "One change back ( , )", onclick: () => this.step(-1) }, "‹"),
      h("div", { class: "slide" }, this.marks, this.slider),
      h("button", { class: "quiet", "aria-label": "One change on", title: "One change on ( . )", onclick: () => this.step(1) }, "›"),
      this.text,
    );
    app.tail.onRecords(() => this.#extend());
    this.#learnOldest();
    setInterval(() => this.#learnOldest(), 15000);
  }

  // goTo shows a revision. While one is being read, the last one asked for waits: moving the slider never waits for the server.
  async goTo(revision) {
    this.#wanted = Math.min(Math.max(revision, this.#oldest), Number(this.slider.max));
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let done = -1; this.#wanted && done !== this.#wanted; ) {
        const next = this.#wanted;
        await this.#show(next);
        done = next;
      }
    } catch (error) {
      this.app.announce(error.code === 410 ? "That is compacted: nobody knows any more." : error.message);
      this.#learnOldest();
      if (!this.past) this.goLive();
    } finally {
      this.#busy = false;
    }
  }

  goLive() {
    this.#wanted = 0;
    if (!this.past) return;
    this.past = 0;
    for (const kind of watched) this.app.shown.replace(kind, [...this.app.live.of(kind.plural).values()]);
    this.#paint();
    this.app.moved();
    this.app.announce("Live");
  }

  // step goes to the change before the one that is shown, or behind it.
  step(direction) {
    const changes = this.app.tail.recent.filter((record) => !ledger.isDecision(record) && !ledger.isNoise(record)).map((record) => record.revision);
    const at = this.#wanted || this.past || this.app.tail.revision + (direction < 0 ? 1 : 0);
    const to = direction < 0 ? changes.findLast((revision) => revision < at) : changes.find((revision) => revision > at);
    if (to) this.goTo(to);
    else if (direction > 0) this.goLive();
  }

  async #show(revision) {
    const query = exactly(revision);
    const lists = await Promise.all(watched.map(async (kind) => {
      try {
        return [kind, (await read(collection(kind, scopes.get(kind)), query)).items ?? []];
      } catch (error) {
        if (error.code === 403 || error.code === 404) return [kind, []]; // it is not to be seen in the present, either
        throw error;
      }
    }));
    if (!this.#wanted) return; // live again, meanwhile
    const first = !this.past;
    this.past = revision;
    for (const [kind, items] of lists) this.app.shown.replace(kind, items.map(slim));
    this.#paint();
    this.app.moved();
    if (first) this.app.announce("Showing the past. Press l for the present.");
    const record = await ledger.write(revision).catch(() => null);
    if (this.past === revision) this.#say(record);
  }

  #say(record) {
    const ago = record && Math.max(0, Math.round((Date.now() - new Date(record.time)) / 1000));
    setText(this.text, record ? `revision ${this.past}, ${ledger.clockTime(record.time)} (${ago} s ago): ${ledger.actorOf(record).label} ${ledger.what(record)} ${ledger.nameOf(record)}` : `revision ${this.past}`);
    setAttribute(this.slider, "aria-valuetext", this.text.textContent);
  }

  #extend() {
    const newest = this.app.tail.revision;
    setAttribute(this.slider, "max", newest);
    if (!this.past && !this.#wanted) this.slider.value = newest;
    const span = Math.max(newest - this.#oldest, 1);
    const origins = this.app.tail.recent.filter((record) => record.revision >= this.#oldest && ledger.isOrigin(record)).slice(-mostMarks);
    keyed(this.marks, origins, ledger.keyOf, (record) => h("i", { title: `${ledger.what(record)} ${ledger.nameOf(record)}` }), (mark, record) => {
      mark.style.insetInlineStart = (100 * (record.revision - this.#oldest)) / span + "%";
    });
    if (!this.past) this.#paint();
  }

  #paint() {
    document.body.toggleAttribute("data-past", Boolean(this.past));
    setAttribute(this.liveButton, "aria-pressed", !this.past);
    if (this.past) {
      this.slider.value = this.past;
      return;
    }
    this.slider.value = this.slider.max;
    setText(this.text, `now, revision ${this.app.tail.revision}`);
    setAttribute(this.slider, "aria-valuetext", this.text.textContent);
  }

  async #learnOldest() {
    try {
      const { oldestRevision } = await ledger.moment();
      this.#oldest = Math.max(oldestRevision, 1);
      setAttribute(this.slider, "min", this.#oldest);
    } catch {
      // whoever may not read the ledger has been told so beside the writes
    }
  }
}
