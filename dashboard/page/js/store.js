// What the page knows of the cluster: objects by kind and uid, and who owns whom. There are two of them: one follows the
// watches, the other one is what is shown, which is the same unless the past is looked at.
//
// Changes are gathered and told once for each frame, so that a thousand events cost one pass over what they changed.

import { watched } from "./kinds.js";

export class Store {
  #pending = new Map(); // uid -> {kind, before, after}
  #listeners = new Set();
  #scheduled = false;

  constructor() {
    this.kinds = new Map(watched.map((kind) => [kind.plural, new Map()]));
    this.owned = new Map(); // uid of an owner -> uids of what it controls
    this.uids = new Map(); // uid -> {kind, object}
  }

  of(plural) {
    return this.kinds.get(plural);
  }

  find(plural, namespace, name) {
    for (const object of this.of(plural)?.values() ?? []) {
      if (object.metadata.name === name && (object.metadata.namespace ?? "") === (namespace ?? "")) return object;
    }
  }

  children(uid) {
    return [...(this.owned.get(uid) ?? [])].map((child) => this.uids.get(child)).filter(Boolean);
  }

  put(kind, object) {
    const objects = this.of(kind.plural);
    const { uid } = object.metadata;
    const before = objects.get(uid);
    if (before && before.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (before) this.#disown(before);
    objects.set(uid, object);
    this.uids.set(uid, { kind, object });
    const owner = controllerOf(object);
    if (owner) {
      if (!this.owned.has(owner.uid)) this.owned.set(owner.uid, new Set());
      this.owned.get(owner.uid).add(uid);
    }
    this.#note(uid, kind, before, object);
  }

  remove(kind, uid) {
    const objects = this.of(kind.plural);
    const before = objects.get(uid);
    if (!before) return;
    objects.delete(uid);
    this.uids.delete(uid);
    this.#disown(before);
    this.#note(uid, kind, before, undefined);
  }

  // replace makes these objects all there are of a kind. Those that are the same in both are left alone.
  replace(kind, objects) {
    const stay = new Set(objects.map((object) => object.metadata.uid));
    for (const uid of [...this.of(kind.plural).keys()]) {
      if (!stay.has(uid)) this.remove(kind, uid);
    }
    for (const object of objects) this.put(kind, object);
  }

  // onChange tells of changes: listener(changes), each {kind, uid, before, after}.
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #disown(object) {
    const owner = controllerOf(object);
    const children = owner && this.owned.get(owner.uid);
    children?.delete(object.metadata.uid);
    if (children?.size === 0) this.owned.delete(owner.uid);
  }

  #note(uid, kind, before, after) {
    if (this.#listeners.size === 0) return;
    const earlier = this.#pending.get(uid);
    this.#pending.set(uid, { kind, uid, before: earlier ? earlier.before : before, after });
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#tell());
  }

  #tell() {
    this.#scheduled = false;
    const changes = [...this.#pending.values()];
    this.#pending.clear();
    for (const listener of this.#listeners) listener(changes);
  }
}

// controllerOf is the owner that counts: the one that controls, else the first.
export function controllerOf(object) {
  const owners = object.metadata.ownerReferences;
  return owners?.find((owner) => owner.controller) ?? owners?.[0];
}
