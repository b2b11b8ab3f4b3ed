// Round colour choices: some to click on, and the browser's own colour dialog for any other.
import { choice } from "./controls.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

export const COLORS = {
  apricot: "#ffd9a0",
  coral: "#ffb3a7",
  pink: "#f7c6de",
  lilac: "#cfc4ff",
  sky: "#a9d3ff",
  mint: "#a8e6cf",
  night: "#2a2e3d",
  wine: "#7a1f2b",
  tomato: "#d94f30",
  mustard: "#e8a317",
  green: "#2f7d4f",
  teal: "#1f6f8b",
  navy: "#2b3f8c",
  violet: "#6b3fa0",
  ivory: "#f2ede4",
  black: "#1d1f26",
};

/** Dots for named colours; `others` are choices of another kind, [value, title, content]. */
export function colorDots(name, label, names, chosen, pick, others = []) {
  const rows = [...others, ...names.map((each) => [COLORS[each], t(`color.${each}`), spot(COLORS[each])])];
  const entries = rows.map(([value, title, content]) => [value, [content], { title }]);
  const dots = choice(name, label, entries, chosen, pick, "dot");
  const radios = [...dots.querySelectorAll("input")];
  radios.forEach((radio, k) => radio.setAttribute("aria-label", rows[k][1]));
  const any = h("input", { type: "color", value: chosen.startsWith("#") ? chosen : "#88aaff", "aria-label": t("any") });
  any.addEventListener("input", () => {
    for (const radio of radios) radio.checked = false;
    pick(any.value);
  });
  dots.append(h("label", { className: "dot any", title: t("any") }, any, h("span", { "aria-hidden": "true" })));
  return dots;
}

function spot(color) {
  const node = h("span", {});
  node.style.setProperty("--c", color);
  return node;
}
