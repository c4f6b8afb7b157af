// The ledger: who wrote what, when, and because of what.

import { read } from "./api.js";
import { resource } from "./kinds.js";

const known = new Map(); // revision -> the record of the write that made it; null: it is forgotten

const ask = async (query, signal) => (await read("/ledger", query, signal)).items ?? [];

export const isDecision = (record) => record.verb === "decide";

// recordsOf are all records about an object, the oldest first, of its present life or its last one.
export async function recordsOf(kind, namespace, name, signal) {
  const records = await ask({ object: [resource(kind), ...(kind.namespaced ? [namespace] : []), name].join("/") }, signal);
  remember(records);
  const start = records.findLastIndex((record) => record.verb === "create" && !record.subresource);
  return start > 0 ? records.slice(start) : records;
}

// since are the newest records from a revision on.
export async function since(revision, limit, signal) {
  const records = await ask({ from: revision, limit }, signal);
  remember(records);
  return records;
}

// write is the record of the write that made a revision.
export async function write(revision, signal) {
  if (!known.has(revision)) {
    known.set(revision, null);
    remember(await ask({ revision }, signal));
  }
  return known.get(revision);
}

// moment tells how far back the past can be read, and which revision is the newest.
export const moment = (signal) => read("/ledger", { ago: "0s" }, signal);

const remembered = 20000;

function remember(records) {
  for (const record of records) {
    if (!isDecision(record)) known.set(record.revision, record);
  }
  for (const revision of known.keys()) {
    if (known.size <= remembered) break;
    known.delete(revision);
  }
}

// causesOf goes back from a record to where it began. It returns the records on the way, each once, with what caused what:
// {records: Map key -> record, edges: [[cause, effect]], lost: Set of revisions that nobody knows any more}.
export async function causesOf(record, signal) {
  const found = { records: new Map(), edges: [], lost: new Set(), more: new Map() };
  const depth = 20;
  const visit = async (effect, left) => {
    const key = keyOf(effect);
    if (found.records.has(key)) return;
    found.records.set(key, effect);
    const causes = [];
    for (const revision of effect.causes ?? []) {
      const cause = await write(revision, signal);
      if (cause) causes.push(cause);
      else found.lost.add(revision);
    }
    causes.sort((a, b) => rank(a) - rank(b) || b.revision - a.revision);
    const shown = left > 0 ? causes.slice(0, 4) : [];
    const hidden = causes.length - shown.length + (effect.moreCauses ?? 0);
    if (hidden) found.more.set(key, hidden);
    for (const cause of shown) {
      found.edges.push([keyOf(cause), key]);
      await visit(cause, left - 1);
    }
  };
  await visit(record, depth);
  return found;
}

// rank puts what somebody wanted before what a component reported.
const rank = (record) => (record.subresource === "status" || isNoise(record) ? 1 : 0);

// keyOf tells records apart: several decisions may bear one revision.
export const keyOf = (record) => `${record.revision}/${record.verb}/${isDecision(record) ? record.time : ""}`;

// isNoise is for records that tell a reader little: heartbeats and events.
export const isNoise = (record) => ["leases", "events"].includes(record.object.resource);

// isOrigin tells whether a person asked for it.
export const isOrigin = (record) => !isDecision(record) && !record.causes?.length && !record.timer && !record.reconcile && actorOf(record).group === "people";

// actorOf is who did it: which component and, where it has several loops, which of them. name is what the gate calls it.
export function actorOf(record) {
  const { agent = "", user = "", rule = "" } = record;
  const node = /^system:node:(.+)/.exec(user)?.[1] ?? /^kubelet\/(.+)/.exec(agent)?.[1];
  if (node) return { id: "kubelet/" + node, label: node, group: "kubelets", name: "kubelet-" + node };
  if (agent === "scheduler" || user === "system:kube-scheduler") return { id: "scheduler", label: "scheduler", group: "scheduler", name: "scheduler" };
  const account = /^system:serviceaccount:[^:]+:(.+)/.exec(user)?.[1];
  if (["controllers", "system:kube-controller-manager"].includes(agent) || user === "system:kube-controller-manager") {
    const label = account?.replace(/-controller$/, "") ?? /^controllers\/([a-z0-9]+)/.exec(rule)?.[1] ?? "controllers";
    return { id: "controllers/" + label, label, group: "controllers", name: account ?? "controllers" };
  }
  if (account || user.startsWith("system:")) {
    const label = account ?? (agent || user);
    return { id: "others/" + label, label, group: "others", name: account ?? user };
  }
  return { id: "people/" + user, label: user || "somebody", group: "people" };
}

// what says in words what was done, for the name of the object to follow.
export const what = (record) => (isDecision(record) ? "decided about" : record.subresource ? `${record.verb} ${record.subresource} of` : record.verb);

export function nameOf(record) {
  const { resource: plural, namespace, name } = record.object;
  return `${plural} ${namespace ? namespace + "/" : ""}${name}`;
}

// refOfRecord leads to the object that a record is about.
export function refOfRecord(record) {
  const { group, resource: plural, namespace = "", name } = record.object;
  return [group ? plural + "." + group : plural, namespace, name].join("/");
}

// reasonOf is why, in words.
export function reasonOf(record) {
  return [record.reason, record.timer && "set off by a clock: " + record.timer].filter(Boolean).join("; ");
}

export const clockTime = (time) => new Date(time).toLocaleTimeString([], { hour12: false }) + "." + String(new Date(time).getMilliseconds()).padStart(3, "0");
