// What the page tells: problems in words with their remedy, and work under way with its cancel button.
import { calledOff } from "./api.js";
import { byId, h } from "./dom.js";
import { find, language, said, t } from "./i18n.js";

// Codes whose detail says nothing more than our own sentence does.
const OWN = [
  "offline",
  "internal",
  "cannot-show",
  "no-camera",
  "no-picture",
  "nobody-dressed",
  "image-format",
  "body-too-large",
  "no-such-person",
  "deadline",
  "queue-full",
  "rate-limit",
  "too-many-at-once",
  "expired",
];

/** Shows a problem; `again` makes a button that tries once more. */
export function complain(error, again) {
  if (calledOff(error) || error.code === "canceled") return;
  if (!error.code) console.error(error);
  const code = error.code ?? "internal";
  const notice = byId("notice");
  const before = document.activeElement;
  const dismiss = () => {
    hush();
    (before?.isConnected ? before : byId("main")).focus({ preventScroll: true });
  };
  const retry = () => {
    dismiss();
    again();
  };
  notice.replaceChildren(
    h("strong", {}, find(`e.${code}`) ?? error.title ?? t("e.internal")),
    h("button", { type: "button", className: "button quiet small", "aria-label": t("dismiss"), onclick: dismiss }, "✕"),
    ...sentences(error, code).map((text, k) => h("p", { className: k ? "muted" : "" }, text)),
    again
      ? h(
          "div",
          { className: "actions" },
          h("button", { type: "button", className: "button small", onclick: retry }, t("again")),
        )
      : "",
  );
  notice.hidden = false;
}

// What happened and what to do: in our words where we have better ones, else in the server's.
function sentences({ detail, remedy }, code) {
  const ours = find(`r.${code}`);
  if (OWN.includes(code)) return [ours];
  const [what, how] = [said(detail), said(remedy)];
  return [...new Set(language === "en" ? [what, how || ours] : [translated(how) ?? ours, what])].filter(Boolean);
}
const translated = (text) => (/[\u4e00-\u9fff]/.test(text) ? text : undefined);

export const hush = () => {
  byId("notice").hidden = true;
};
/** Says something to screen readers; the same thing again only after something else. */
export const tell = (text) => {
  if (byId("said").textContent !== text) byId("said").textContent = text;
};

let current = null;
/** Shows work under way over the stage; returns {signal, told, done}. Newer work replaces what is shown. */
export function busy(key) {
  const stop = new AbortController();
  const bar = h("progress", { max: 1, "aria-label": t(key) });
  const text = h("span", {}, t(key));
  const box = h(
    "div",
    {},
    text,
    h("button", { type: "button", className: "button small", onclick: () => stop.abort() }, t("cancel")),
    bar,
  );
  const place = byId("busy");
  place.replaceChildren(box);
  place.hidden = false;
  tell(t(key));
  current = box;
  return {
    signal: stop.signal,
    stop: () => stop.abort(),
    told(job) {
      if (job.status === "queued" && job.position > 1) text.textContent = t("queued", { n: job.position });
      else text.textContent = step(job.step) ?? t(key);
      if (job.progress > 0) bar.value = job.progress;
    },
    done() {
      const lost = box.contains(document.activeElement);
      if (current === box) place.hidden = true;
      if (lost) document.querySelector("[role=tab][aria-selected=true]").focus({ preventScroll: true });
    },
  };
}

// "parsing" and the like have the text of the task; "drawing person 2" names one of several.
function step(name = "") {
  const [, verb, n] = /^(.*?)(?: (\d+))?$/.exec(name);
  return find(`step.${verb}`, { n });
}
