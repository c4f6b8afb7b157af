// The kinds that the page watches, and how to reach all others.

import { read } from "./api.js";

const row = (group, version, kind, plural, namespaced = true) => ({ group, version, kind, plural, namespaced });

// watched are the kinds of which the page knows every object.
export const watched = [
  row("", "v1", "Node", "nodes", false),
  row("", "v1", "Pod", "pods"),
  row("apps", "v1", "Deployment", "deployments"),
  row("apps", "v1", "ReplicaSet", "replicasets"),
  row("apps", "v1", "StatefulSet", "statefulsets"),
  row("apps", "v1", "DaemonSet", "daemonsets"),
  row("batch", "v1", "Job", "jobs"),
  row("batch", "v1", "CronJob", "cronjobs"),
  row("", "v1", "Service", "services"),
  row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
  row("networking.k8s.io", "v1", "Ingress", "ingresses"),
];

// scopes has the namespace to look into, for those kinds of which the person may not see the objects of all namespaces.
export const scopes = new Map();

const known = new Map(watched.map((kind) => [resource(kind), kind]));

// resource is "pods" or "deployments.apps", as the ledger names kinds.
export function resource(kind) {
  return kind.group ? kind.plural + "." + kind.group : kind.plural;
}

// lookUp finds a kind by its resource name, asking the server for those that the page does not watch.
export async function lookUp(name) {
  if (known.has(name)) return known.get(name);
  const [plural, ...rest] = name.split(".");
  const kind = await discover(rest.join("."), (r) => r.name === plural);
  known.set(name, kind);
  return kind;
}

async function discover(group, matches) {
  const version = group ? (await read("/apis/" + group)).preferredVersion.version : "v1";
  const list = await read(group ? `/apis/${group}/${version}` : "/api/v1");
  const found = list.resources.find(matches);
  if (!found) throw new Error(`the server has no such kind in ${group || "v1"}`);
  return row(group, version, found.kind, found.name, found.namespaced);
}

// collection is the path of all objects of a kind, or of those of a namespace.
export function collection(kind, namespace) {
  const base = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  return base + (kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "") + "/" + kind.plural;
}

export function objectPath(kind, namespace, name) {
  return collection(kind, namespace) + "/" + encodeURIComponent(name);
}

// refOf names an object in one string that fits the address of the page: "deployments.apps/default/web".
export function refOf(kind, object) {
  const { namespace, name } = object.metadata;
  return [resource(kind), namespace ?? "", name].join("/");
}

// objectAt reads one object: as it is, or, with a revision, as it was. null: it is not there.
export async function objectAt(kind, namespace, name, revision, signal) {
  try {
    if (!revision) return await read(objectPath(kind, namespace, name), {}, signal);
    const list = await read(collection(kind, namespace), { ...exactly(revision), fieldSelector: "metadata.name=" + name }, signal);
    return list.items?.[0] ? { apiVersion: list.apiVersion, kind: kind.kind, ...list.items[0] } : null;
  } catch (error) {
    if (error.code === 404) return null;
    throw error;
  }
}

// current reads the object that is open: of the present, or of the moment that the slider is at.
export const current = ({ kind, namespace, name, at, signal }) => objectAt(kind, namespace, name, at, signal);

// exactly is the query of a list as it was at a revision.
export function exactly(revision) {
  return { resourceVersion: revision, resourceVersionMatch: "Exact" };
}
