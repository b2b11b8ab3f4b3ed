// Controls that several panels use.
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

export const field = (key, ...content) => h("div", { className: "field" }, h("h2", {}, t(key)), content);

/** One of several, as radios: [[value, content], …]. */
export function choice(name, label, entries, chosen, change, kind = "choice") {
  const wraps = { choice: ["choice", ""], tile: ["tiles", "tile"], dot: ["dots", "dot"] }[kind];
  const options = entries.map(([value, content, props]) =>
    h(
      "label",
      { className: wraps[1], ...props },
      h("input", {
        type: "radio",
        name,
        value,
        checked: value === chosen,
        onchange: () => change(value),
      }),
      ...content,
    ),
  );
  return h("div", { className: wraps[0], role: "radiogroup", "aria-label": label }, options);
}

/** A choice of few words among many: [[value, text], …]. */
export function select(name, label, entries, chosen, change) {
  const node = h(
    "select",
    { name, "aria-label": label, onchange: () => change(node.value) },
    entries.map(([value, text]) => h("option", { value }, text)),
  );
  node.value = chosen;
  return node;
}
export const labelled = (name, label, ...rest) => h("label", {}, label, select(name, label, ...rest));

/** A slider; `text(value)` says the value with its unit. */
export function slide(name, label, [min, max, step], value, text, change) {
  const output = h("output", { "aria-hidden": "true" });
  const told = () => {
    output.textContent = text(input.value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const input = h("input", {
    type: "range",
    name,
    min,
    max,
    step,
    value,
    "aria-label": label,
    oninput: () => {
      told();
      change(Number(input.value));
    },
  });
  told();
  return h("label", { className: "slide" }, h("span", { className: "label" }, label), output, input);
}

/** A place to choose a picture at, or to drop one on: `take(file)`. `more` is shown with it. */
export function give(label, hint, take, ...more) {
  const input = h("input", {
    type: "file",
    accept: "image/*,.heic,.heif",
    hidden: true,
    onchange: () => input.files[0] && take(input.files[0]),
  });
  const node = h(
    "div",
    { className: "give stitched" },
    more,
    h(
      "button",
      { type: "button", name: "upload", className: "button", onclick: () => input.click() },
      icon("photo"),
      label,
    ),
    h("p", { className: "muted" }, hint),
    input,
  );
  // The page listens to drops everywhere; here the picture is cloth and not a new photo.
  node.addEventListener("give", ({ detail }) => take(detail));
  return node;
}

/** What to take away: lists to choose from, and the button that does it. */
export const downloads = (lists, fetch, ...more) => [
  h("span", { "aria-hidden": "true" }, t("take")),
  ...lists,
  h("button", { type: "button", className: "button primary", onclick: fetch }, icon("down"), t("download")),
  ...more,
];
