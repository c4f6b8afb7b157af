// Following the cluster: all watches in one stream, each resumed where it ended.

import { lines, stream } from "./api.js";
import { collection, scopes, watched } from "./kinds.js";

const initialEnd = "k8s.io/initial-events-end";

// follow keeps a store like the cluster, for as long as the page lives. said(state, problems) hears how it goes.
export async function follow(store, namespace, said) {
  const states = watched.map((kind) => ({ kind, version: "", seen: null, problem: "" }));
  for (let wait = 250; ; wait = Math.min(wait * 2, 5000)) {
    const alive = states.filter((state) => !state.problem);
    const problems = () => states.map((state) => state.problem).filter(Boolean);
    try {
      if (alive.length === 0) throw new Error("there is nothing that you may see");
      const body = await stream(alive.map(watchOf));
      let heard = false;
      for await (const batch of lines(body)) {
        let ended = false;
        for (const line of batch) {
          const [number, event] = JSON.parse(line);
          ended = take(store, alive[number], event, namespace) || ended;
        }
        wait = 250;
        if (!heard || problems().length) said("live", problems());
        heard = true;
        if (ended) break; // the others are resumed together with the one that ended
      }
    } catch (error) {
      said("lost", [error.message, ...problems()]);
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

// watchOf asks for everything and what follows, or for what follows what is known.
function watchOf(state) {
  const query = new URLSearchParams({ watch: "1", allowWatchBookmarks: "true" });
  if (state.version) {
    query.set("resourceVersion", state.version);
  } else {
    query.set("sendInitialEvents", "true");
    query.set("resourceVersionMatch", "NotOlderThan");
    state.seen = new Set();
  }
  return collection(state.kind, scopes.get(state.kind)) + "?" + query;
}

// take works one event in. It tells whether the watch is over.
function take(store, state, event, namespace) {
  const { type, object } = event;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      state.seen?.add(object.metadata.uid);
      store.put(state.kind, slim(object));
      state.version = state.seen ? "" : object.metadata.resourceVersion;
      return false;
    case "DELETED":
      store.remove(state.kind, object.metadata.uid);
      state.version = state.seen ? "" : object.metadata.resourceVersion;
      return false;
    case "BOOKMARK":
      if (state.seen && object.metadata.annotations?.[initialEnd]) {
        for (const uid of [...store.of(state.kind.plural).keys()]) {
          if (!state.seen.has(uid)) store.remove(state.kind, uid);
        }
        state.seen = null;
      }
      if (!state.seen) state.version = object.metadata.resourceVersion;
      return false;
    case "ERROR":
      if (object.code === 410) {
        state.version = ""; // what follows is not there any more: everything again
      } else if (object.code === 403 && state.kind.namespaced && !scopes.has(state.kind)) {
        scopes.set(state.kind, namespace); // not in all namespaces; in one's own, perhaps
      } else if (object.code === 403 || object.code === 404) {
        state.problem = object.message;
      } else {
        throw new Error(object.message); // nobody answers, or does not know us any more
      }
      return false;
  }
  return true; // END
}

// slim drops what nobody here looks at, and what is half of many objects.
export function slim(object) {
  delete object.metadata.managedFields;
  return object;
}
