// What the containers of a pod have to say, as they say it.

import { lines, open } from "./api.js";
import { h } from "./dom.js";
import { current, objectPath } from "./kinds.js";

const kept = 2000; // lines

export async function showLogs(body, context) {
  const { kind, namespace, name, at, signal } = context;
  if (at) {
    body.replaceChildren(h("p", { class: "faint" }, "Logs are not kept by moment: go back to live to read them."));
    return null;
  }
  const pod = await current(context);
  if (!pod) {
    body.replaceChildren(h("p", { class: "faint" }, "The pod is not there any more, nor are its logs."));
    return null;
  }
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])].map((c) => c.name);
  const text = h("pre", { class: "logs", tabindex: 0, role: "log", "aria-live": "off", "aria-label": "Logs" });
  const choose = h("select", { "aria-label": "Container" }, ...containers.map((c) => h("option", null, c)));
  choose.value = pod.spec.containers[0].name;
  body.replaceChildren(h("div", { class: "bar-of" }, choose), text);
  let stop = new AbortController();
  const start = async () => {
    stop.abort();
    const mine = (stop = new AbortController());
    text.replaceChildren();
    try {
      const stream = await open(objectPath(kind, namespace, name) + "/log", { container: choose.value, follow: "true", tailLines: 500, timestamps: "false" }, AbortSignal.any([signal, mine.signal]));
      for await (const batch of lines(stream)) {
        const end = text.scrollHeight - text.scrollTop - text.clientHeight < 30;
        text.append(...batch.map((line) => h("span", null, line + "\n")));
        while (text.childElementCount > kept) text.firstChild.remove();
        if (end) text.scrollTop = text.scrollHeight;
      }
    } catch (error) {
      if (signal.aborted || mine.signal.aborted) return;
      text.append(h("span", { class: "problem" }, error.message + "\n"));
      if (error instanceof TypeError) setTimeout(() => signal.aborted || mine.signal.aborted || start(), 1000); // cut off: from the beginning
    }
  };
  choose.addEventListener("change", start);
  start();
  return null;
}
