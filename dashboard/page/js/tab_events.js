// The events about the object, as `kubectl describe` lists them.

import { read } from "./api.js";
import { h } from "./dom.js";
import { exactly } from "./kinds.js";

export async function showEvents(body, { kind, namespace, name, at, signal }) {
  const refresh = async () => {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace || "default")}/events`;
    const fields = `involvedObject.kind=${kind.kind},involvedObject.name=${name}`;
    const { items = [] } = await read(path, { fieldSelector: fields, ...(at ? exactly(at) : {}) }, signal);
    const when = (event) => event.lastTimestamp ?? event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp;
    items.sort((a, b) => when(b).localeCompare(when(a)));
    body.replaceChildren(items.length === 0
      ? h("p", { class: "faint" }, "No events.")
      : h("table", { class: "plain" },
        h("thead", null, h("tr", null, ...["When", "Type", "Reason", "Message"].map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", null, ...items.map((event) => h("tr", { "data-tone": event.type === "Warning" ? "bad" : null },
          h("td", { class: "time" }, new Date(when(event)).toLocaleTimeString([], { hour12: false })),
          h("td", null, event.type),
          h("td", null, event.reason + (event.count > 1 ? ` ×${event.count}` : "")),
          h("td", null, event.message, h("span", { class: "faint" }, " " + (event.reportingComponent || event.source?.component || ""))))))));
  };
  await refresh();
  return refresh;
}
