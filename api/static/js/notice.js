// What the page tells: problems in words with their remedy, and work under way with its cancel button.
import { calledOff } from "./api.js";
import { byId, h } from "./dom.js";
import { find, language, own, t } from "./i18n.js";

/** Shows a problem; `again` makes a button that tries once more. */
export function complain(error, again) {
  if (calledOff(error) || error.code === "canceled") return;
  if (!error.code) console.error(error);
  const code = error.code ?? "internal";
  const title = find(`e.${code}`) ?? error.title ?? t("e.internal");
  const remedy = find(`r.${code}`) ?? sentence(error.remedy);
  // The server's own sentence is English; it is shown where it says more than we do.
  const detail = own(code) ? "" : sentence(error.detail);
  const rows = detail && language === "en" ? [detail, sentence(error.remedy)] : [remedy, detail];
  byId("notice").replaceChildren(
    h("strong", {}, title),
    h("button", { type: "button", className: "button quiet small", "aria-label": t("dismiss"), onclick: hush }, "✕"),
    ...rows.map((row, k) => row && h("p", { className: k ? "muted" : "" }, row)).filter(Boolean),
    again
      ? h(
          "div",
          { className: "actions" },
          h(
            "button",
            {
              type: "button",
              className: "button small",
              onclick: () => {
                hush();
                again();
              },
            },
            t("again"),
          ),
        )
      : "",
  );
  byId("notice").hidden = false;
}

export const hush = () => {
  byId("notice").hidden = true;
};
export const tell = (text) => {
  byId("said").textContent = text;
};

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?。]$/.test(text) ? "" : ".") : "");

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
      else text.textContent = find(`step.${job.step}`) ?? t(key); // "parsing" and the like have the text of the task
      if (job.progress > 0) bar.value = job.progress;
    },
    done() {
      if (current === box) place.hidden = true;
    },
  };
}
