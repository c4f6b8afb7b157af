// The object as YAML.

import { yaml } from "./api.js";
import { h, setText } from "./dom.js";
import { current } from "./kinds.js";
import { readable } from "./secrets.js";

export async function showYAML(body, context) {
  let withSecrets = false;
  const text = h("pre", { class: "yaml", tabindex: 0, "aria-label": "YAML" });
  const show = h("button", { class: "quiet", hidden: "", onclick: () => { withSecrets = !withSecrets; refresh(); } });
  const refresh = async () => {
    const object = await current(context);
    show.toggleAttribute("hidden", object?.kind !== "Secret");
    setText(show, withSecrets ? "Hide the values" : "Show the values");
    setText(text, object ? await yaml(readable(object, withSecrets), context.signal) : "It is not there.");
  };
  await refresh();
  body.replaceChildren(show, text);
  return refresh;
}
