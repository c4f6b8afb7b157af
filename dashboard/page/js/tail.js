// The end of the ledger: what is written now. Watches say that something happened; the ledger, asked a moment later, who did
// it and why. It is asked at most three times a second, however much happens.

import * as ledger from "./ledger.js";

const interval = 350;
const idle = 2000; // decisions make no event that a watch would tell
const atOnce = 500; // a burst of more is counted by its newest

export class Tail {
  #listeners = new Set();
  #news = false; // somebody has heard of something since the last question
  #woken = () => {};
  #recent = []; // the newest records, oldest first
  #seen = new Set(); // keys of those with the newest revision

  revision = 0; // the newest that is known

  get recent() {
    return this.#recent;
  }

  onRecords(listener) {
    this.#listeners.add(listener);
  }

  wake() {
    this.#news = true;
    this.#woken();
  }

  // follow reads for as long as the page lives. said(problem) hears whether it can.
  async follow(said) {
    for (;;) {
      this.#news = false;
      try {
        const records = await ledger.since(this.revision || "", atOnce);
        said("");
        this.#take(records);
      } catch (error) {
        said(error.code === 403 ? "you may not read the ledger" : error.code === 404 ? "this server keeps no ledger" : error.message);
      }
      await pause(interval);
      if (!this.#news) await Promise.race([pause(idle), new Promise((woken) => (this.#woken = woken))]);
    }
  }

  #take(records) {
    const news = records.filter((record) => !this.#seen.has(ledger.keyOf(record)));
    if (!news.length) return;
    const first = this.revision === 0;
    this.revision = Math.max(this.revision, records.at(-1).revision);
    this.#seen = new Set(records.filter((record) => record.revision >= this.revision).map(ledger.keyOf));
    this.#recent = [...this.#recent, ...news].slice(-2000);
    for (const listener of this.#listeners) listener(news, first);
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
