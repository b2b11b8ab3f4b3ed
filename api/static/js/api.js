// The service's HTTP interface: requests, long work with progress, and problems in words.
import { h } from "./dom.js";
import { t } from "./i18n.js";

export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.code);
    Object.assign(this, { code: "internal" }, document);
  }
}
export const calledOff = (error) => error?.name === "AbortError";

let key = "";
const RETRIES = 3;
const local = (href) => href.replace(/^\//, ""); // works behind a path of a reverse proxy too

/** A reply of 2xx; anything else is thrown as a Problem. Waits and asks again where the server says so. */
export async function ask(href, { headers, ...init } = {}, tried = 0) {
  let reply;
  try {
    reply = await fetch(local(href), {
      ...init,
      headers: { ...headers, ...(key && { Authorization: `Bearer ${key}` }) },
    });
  } catch (error) {
    throw calledOff(error) ? error : new Problem({ code: "offline" });
  }
  if (reply.ok) return reply;
  const problem = new Problem(await reply.json().catch(() => ({ code: "internal" })));
  if (reply.status === 401 && tried < RETRIES && (await askKey())) return ask(href, { headers, ...init }, tried + 1);
  if ((reply.status === 503 || reply.status === 429) && tried < RETRIES) {
    await pause(Math.min(Number(reply.headers.get("Retry-After")) || 1, 5), init.signal);
    return ask(href, { headers, ...init }, tried + 1);
  }
  throw problem;
}

export const list = async (href) => (await ask(href)).json();

function body(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  const files = given.some(([, value]) => value instanceof Blob);
  const form = files ? new FormData() : new URLSearchParams();
  for (const [name, value] of given) for (const each of [value].flat()) form.append(name, each);
  return form;
}

/** POST of fields, files among them; the blob of the answer. */
export async function post(href, fields, signal) {
  return (await ask(href, { method: "POST", body: body(fields), signal })).blob();
}

/** The same as a job: `told({progress, step, position})` as it goes on; an aborted signal cancels and erases it. */
export async function run(href, fields, signal, told) {
  const reply = await ask(href, { method: "POST", body: body(fields), signal, headers: { Prefer: "respond-async" } });
  if (reply.status !== 202) return reply.blob();
  const at = reply.headers.get("Location");
  const erase = () => ask(at, { method: "DELETE" }).catch(() => {});
  signal?.addEventListener("abort", erase);
  try {
    for await (const job of events(`${at}/events`, signal)) {
      told?.(job);
      if (job.status === "succeeded") return await (await ask(job.result.href, { signal })).blob();
      if (job.status === "failed") throw new Problem(job.problem);
      if (job.status === "canceled") throw new Problem({ code: "canceled" });
    }
    throw new Problem({ code: "offline" });
  } finally {
    signal?.removeEventListener("abort", erase);
  }
}

// Read by fetch: EventSource cannot send a key.
async function* events(href, signal) {
  const reader = (await ask(href, { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      throw calledOff(error) || signal?.aborted ? new DOMException("", "AbortError") : new Problem({ code: "offline" });
    }
    if (piece.done) return;
    const blocks = (text + piece.value).replaceAll("\r", "").split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = block
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5))
        .join("\n");
      if (data) yield JSON.parse(data);
    }
  }
}

function pause(seconds, signal) {
  return new Promise((go, stop) => {
    setTimeout(go, seconds * 1000);
    signal?.addEventListener("abort", () => stop(new DOMException("", "AbortError")));
  });
}

let asking = null;
/** Asks for the server's key once, however many requests want it; kept in memory only. */
function askKey() {
  asking ??= new Promise((done) => {
    const input = h("input", { type: "password", name: "key", autocomplete: "off", "aria-label": t("key") });
    const dialog = h(
      "dialog",
      {
        className: "booth",
        onclose: () => {
          dialog.remove();
          asking = null;
          done(dialog.returnValue === "ok");
        },
      },
      h(
        "form",
        {
          method: "dialog",
          onsubmit: () => {
            key = input.value.trim();
          },
        },
        h("h2", {}, t("key")),
        h("p", { className: "muted" }, t("key.why")),
        input,
        h(
          "div",
          { className: "actions" },
          h("button", { className: "button primary", value: "ok" }, t("key.send")),
          h("button", { className: "button", value: "", formNoValidate: true }, t("cancel")),
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}
