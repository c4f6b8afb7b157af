// What a person calls the state of a pod, in the words that `kubectl get pods` has for it.

// states, each with a sign, so that colour is not all that tells them apart.
export const states = {
  ready: { sign: "✓", words: "ready" },
  running: { sign: "…", words: "running, not ready" },
  starting: { sign: "↑", words: "starting" },
  waiting: { sign: "?", words: "waits for a node" },
  trouble: { sign: "!", words: "in trouble" },
  done: { sign: "■", words: "completed" },
  ending: { sign: "×", words: "ending" },
};

export function podState(pod) {
  const { status = {}, spec } = pod;
  if (pod.metadata.deletionTimestamp) return { state: "ending", text: "Terminating" };
  if (status.phase === "Succeeded") return { state: "done", text: "Completed" };
  if (status.phase === "Failed") return { state: "trouble", text: status.reason ?? "Error" };
  const waiting = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map((c) => c.state?.waiting?.reason).find(Boolean);
  if (waiting && !["ContainerCreating", "PodInitializing"].includes(waiting)) return { state: "trouble", text: waiting };
  if (!spec.nodeName) {
    const condition = conditionOf(pod, "PodScheduled");
    return { state: "waiting", text: "Pending", why: condition?.status === "False" ? condition.message : "" };
  }
  if (status.phase !== "Running") return { state: "starting", text: waiting ?? status.phase ?? "Pending" };
  return conditionOf(pod, "Ready")?.status === "True" ? { state: "ready", text: "Running" } : { state: "running", text: "Running" };
}

export const conditionOf = (object, type) => object.status?.conditions?.find((condition) => condition.type === type);

// readiness is "2/3" of what has replicas or containers, and whether that is all.
export function readiness(kind, object) {
  const { status = {}, spec = {} } = object;
  const of = (ready = 0, want = 0) => ({ text: `${ready}/${want}`, full: ready === want });
  switch (kind.kind) {
    case "Deployment":
    case "StatefulSet":
    case "ReplicaSet":
      return of(status.readyReplicas, spec.replicas ?? 1);
    case "DaemonSet":
      return of(status.numberReady, status.desiredNumberScheduled);
    case "Job":
      return of(status.succeeded, spec.completions ?? 1);
    case "EndpointSlice":
      return of((object.endpoints ?? []).filter((e) => e.conditions?.ready !== false).length, object.endpoints?.length);
  }
}

// amount reads a quantity: "500m", "2", "64Mi".
export function amount(text = "0") {
  const [, number, suffix] = /^([0-9.e+-]+)([A-Za-z]*)$/.exec(text) ?? [0, 0, ""];
  const powers = { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };
  return Number(number) * (powers[suffix] ?? 1);
}

// hue is a colour of its own for everything that one owner makes: pods of the old template and of the new one differ.
export function hue(text) {
  let hash = 7;
  for (const c of text) hash = (hash * 31 + c.charCodeAt(0)) >>> 0;
  return hash % 360;
}
