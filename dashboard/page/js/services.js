// The way of a packet: a name, the addresses it stands for, the choice that the rules make, the pods where it arrives.

import { h, keyed, setAttribute } from "./dom.js";
import { draw } from "./graph.js";
import { refOf, watched } from "./kinds.js";
import * as ledger from "./ledger.js";
import { rove } from "./rove.js";

const serviceKind = watched.find((kind) => kind.kind === "Service");
const mostPods = 12;

// isSystems is for those that come with every cluster: people look for their own.
const isSystems = ({ metadata }) => metadata.namespace === "kube-system" || (metadata.namespace === "default" && metadata.name === "kubernetes");

export class ServicesView {
  #chosen = "";
  #timer = 0;

  constructor(app) {
    this.app = app;
    this.list = h("ul", { class: "attempts", "aria-label": "Services" });
    this.picture = h("div", { class: "path" });
    this.rules = h("div", { class: "rules" });
    this.element = h("div", { class: "split" },
      h("section", { "aria-label": "Services" }, h("h3", null, "Services"), this.list),
      h("section", { "aria-label": "The way of a packet" }, this.picture, this.rules));
    rove(this.list);
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      this.#chosen = button.parentElement.dataset.key;
      this.repaint();
    });
  }

  update(changes) {
    if (!this.app.isChosen(this) || !changes.some(({ kind }) => ["services", "endpointslices", "ingresses", "pods"].includes(kind.plural))) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.repaint(), 150);
  }

  opened(subject) {
    if (subject?.kind.kind !== "Service") return;
    this.#chosen = subject.ref;
    this.repaint();
  }

  repaint() {
    const services = [...this.app.shown.of("services").values()].filter((service) => this.app.shows(service) && this.app.found(service));
    services.sort((a, b) => isSystems(a) - isSystems(b) || a.metadata.name.localeCompare(b.metadata.name));
    keyed(this.list, services, (service) => refOf(serviceKind, service), (service) => h("li", null, h("button", { class: "attempt-of", tabindex: -1 }, h("b", null, service.metadata.name), h("span", { class: "faint" }, `${service.metadata.namespace} · ${service.spec.type ?? "ClusterIP"} · ${service.spec.clusterIP ?? ""}`))));
    if (!services.some((service) => refOf(serviceKind, service) === this.#chosen)) this.#chosen = services.length ? refOf(serviceKind, services[0]) : "";
    for (const item of this.list.children) setAttribute(item.firstChild, "aria-current", item.dataset.key === this.#chosen ? "true" : null);
    const service = services.find((one) => refOf(serviceKind, one) === this.#chosen);
    if (!service) {
      this.picture.replaceChildren(h("p", { class: "faint" }, "There are no services."));
      this.rules.replaceChildren();
      return;
    }
    this.picture.replaceChildren(
      h("h3", null, h("button", { class: "link", "data-ref": this.#chosen }, `${service.metadata.namespace}/${service.metadata.name}`)),
      h("p", { class: "faint" }, "From the name that a client knows to the pod that answers. Only ready pods get new connections; the choice is made for each connection anew."),
      draw({ ...this.#way(service), across: true, label: `The way of a packet to service ${service.metadata.name}`, width: 178, height: 66 }));
    this.#showRules(service);
  }

  // #way is the boxes and arrows: doors, names and addresses, ports, pods.
  #way(service) {
    const { name, namespace } = service.metadata;
    const { spec, status } = service;
    const boxes = [], arrows = [];
    const add = (box) => (boxes.push({ lines: [], ...box }), box.key);
    const headless = spec.clusterIP === "None";
    add({ key: "dns", layer: 0, title: `${name}.${namespace}`, lines: ["its name in DNS", headless ? "answers with the pods" : "answers with the address"], tone: "name" });
    const address = spec.type === "ExternalName"
      ? add({ key: "address", layer: 1, title: spec.externalName, lines: ["another name, outside"], tone: "address" })
      : headless ? null : add({ key: "address", layer: 1, title: spec.clusterIP, lines: ["its own address", "no machine has it"], tone: "address" });
    if (address) arrows.push({ from: "dns", to: address });
    for (const ingress of this.app.shown.of("ingresses").values()) {
      if (ingress.metadata.namespace !== namespace) continue;
      const paths = (ingress.spec.rules ?? []).flatMap((rule) => (rule.http?.paths ?? []).map((path) => ({ host: rule.host ?? "*", ...path })));
      const mine = paths.filter((path) => path.backend?.service?.name === name);
      if (!mine.length && ingress.spec.defaultBackend?.service?.name !== name) continue;
      add({ key: "ingress/" + ingress.metadata.uid, layer: 0, title: "Ingress " + ingress.metadata.name, lines: [mine.map((path) => path.host + (path.path ?? "")).join(", ") || "all that fits nothing else", "leads to the pods by itself"], tone: "door", onclick: () => this.app.open(["ingresses.networking.k8s.io", namespace, ingress.metadata.name].join("/")) });
    }
    for (const door of status?.loadBalancer?.ingress ?? []) {
      add({ key: "lb/" + (door.ip ?? door.hostname), layer: 0, title: door.ip ?? door.hostname, lines: ["the load balancer"], tone: "door" });
    }
    const slices = [...this.app.shown.of("endpointslices").values()].filter((slice) => slice.metadata.namespace === namespace && slice.metadata.labels?.["kubernetes.io/service-name"] === name);
    const ends = slices.flatMap((slice) => (slice.endpoints ?? []).map((endpoint) => ({ endpoint, ports: slice.ports ?? [] })));
    const ready = ends.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
    for (const port of spec.ports ?? []) {
      const key = add({ key: `port/${port.protocol}/${port.port}`, layer: 2, title: `port ${port.port}${port.name ? " " + port.name : ""}`, lines: [`${port.protocol ?? "TCP"} to ${port.targetPort ?? port.port}` + (port.nodePort ? `, nodes: ${port.nodePort}` : ""), ready.length > 1 ? `one of ${ready.length}, by chance` : ready.length ? "the only one" : "refused: no pod is ready"], tone: ready.length ? "rule" : "lost" });
      if (address) arrows.push({ from: address, to: key });
      else arrows.push({ from: "dns", to: key });
      for (const box of boxes) if (box.tone === "door") arrows.push({ from: box.key, to: key });
      for (const { endpoint } of ends.slice(0, mostPods)) arrows.push({ from: key, to: "pod/" + endpoint.addresses[0], kind: endpoint.conditions?.ready === false ? "off" : "" });
    }
    for (const { endpoint, ports } of ends.slice(0, mostPods)) {
      const isReady = endpoint.conditions?.ready !== false;
      const target = endpoint.targetRef;
      add({
        key: "pod/" + endpoint.addresses[0], layer: 3, title: endpoint.addresses[0] + (ports[0]?.port ? ":" + ports[0].port : ""),
        lines: [target?.name ?? "no pod", `${endpoint.nodeName ? "on " + endpoint.nodeName : ""}${isReady ? "" : ", not ready"}`], tone: isReady ? "ready" : "off",
        onclick: target && (() => this.app.open(`pods/${target.namespace ?? namespace}/${target.name}`)),
      });
    }
    if (ends.length > mostPods) add({ key: "more", layer: 3, title: `and ${ends.length - mostPods} more`, tone: "off" });
    return { boxes, arrows };
  }

  // #showRules shows the rules that the proxy has put into the kernel, as it says itself.
  async #showRules(service) {
    const of = this.#chosen;
    try {
      const records = await ledger.recordsOf(serviceKind, service.metadata.namespace, service.metadata.name);
      if (of !== this.#chosen) return;
      const rules = records.findLast((record) => record.details?.rules?.length > 2)?.details.rules;
      this.rules.replaceChildren(...(rules
        ? [h("h3", null, "The rules that a packet meets"), h("p", { class: "faint" }, "From a pod through nat-prerouting, from this machine through nat-output, then services, and the chain that the map names."), h("pre", { tabindex: 0 }, rules.join("\n"))]
        : [h("p", { class: "faint" }, "No proxy has told of rules for it: on simulated nodes there are no packets.")]));
    } catch (error) {
      this.rules.replaceChildren(h("p", { class: "problem" }, error.message));
    }
  }
}
