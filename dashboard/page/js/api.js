// Asking the API server, through the local process that knows who we are.

// APIError is a Status of the API server, or what stands for one.
export class APIError extends Error {
  constructor(code, reason, message) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

async function request(path, options) {
  const response = await patiently(path, { cache: "no-store", ...options });
  if (response.ok) return response;
  const text = await response.text();
  try {
    const status = JSON.parse(text);
    throw new APIError(response.status, status.reason, status.message ?? text);
  } catch (error) {
    if (error instanceof APIError) throw error;
    throw new APIError(response.status, "", text.trim() || response.statusText);
  }
}

// patiently asks again what the browser has dropped on the way, if asking twice does no harm: it drops everything when an
// address of the machine changes, as it does when containers come and go.
async function patiently(path, options) {
  const harmless = !options.method || path === "yaml";
  for (let left = harmless ? 3 : 0; ; left--) {
    try {
      return await fetch(path, options);
    } catch (error) {
      if (left === 0 || options.signal?.aborted) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

// read asks for JSON of the API server: read("/api/v1/pods", {limit: 5}).
export async function read(path, query, signal) {
  return (await request(url(path, query), { signal })).json();
}

// open asks for something that is read as it arrives.
export async function open(path, query, signal) {
  return (await request(url(path, query), { signal })).body;
}

// send is for the gate, the only thing that the page changes.
export async function send(method, path, body) {
  const response = await request(url(path), { method, body: JSON.stringify(body ?? {}), headers: { "Content-Type": "application/json" } });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

function url(path, query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") params.set(name, value);
  }
  return "k8s" + path + (params.size ? "?" + params : "");
}

// about is who we are, and where.
export async function about() {
  return (await request("about")).json();
}

// yaml writes an object as people read it.
export async function yaml(object, signal) {
  return (await request("yaml", { method: "POST", body: JSON.stringify(object), signal })).text();
}

// stream opens several watches as one.
export async function stream(watches, signal) {
  const params = new URLSearchParams(watches.map((watch) => ["watch", watch]));
  return (await request("stream?" + params, { signal })).body;
}

// lines reads a body as it arrives: all lines that have come, then the next ones.
export async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      yield parts;
    }
    if (rest) yield [rest];
  } finally {
    reader.cancel().catch(() => {}); // whoever stops listening ends the request
  }
}
