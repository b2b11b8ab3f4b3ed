// Before and after: two pictures, one cut off at a bar that a range input moves, by pointer and keys alike.
import { h } from "./dom.js";
import { t } from "./i18n.js";

/** {node, show(url)}: `before` always lies below; `show(null)` takes the bar away. */
export function slider(before) {
  const after = h("img", { className: "after", alt: t("after.alt"), hidden: true });
  const input = h("input", {
    type: "range",
    className: "wipe",
    min: 0,
    max: 100,
    step: 1,
    value: 50,
    "aria-label": t("slider"),
    hidden: true,
  });
  const bar = h("div", { className: "wipe-bar", hidden: true, "aria-hidden": "true" }, h("i", {}, "‹ ›"));
  const tags = h(
    "div",
    { className: "wipe-tags", hidden: true, "aria-hidden": "true" },
    h("span", {}, t("before")),
    h("span", {}, t("after")),
  );
  const node = h("div", { className: "compare" }, h("img", { src: before, alt: t("photo") }), after, bar, tags, input);
  const move = () => {
    node.style.setProperty("--at", `${input.value}%`);
    input.setAttribute("aria-valuetext", t("slider.at", { n: 100 - input.value }));
    node.classList.toggle("low", input.value < 14);
    node.classList.toggle("high", input.value > 86);
  };
  input.addEventListener("input", move);
  move();
  return {
    node,
    /** Puts the bar somewhere, in per cent. */
    place(at) {
      input.value = at;
      move();
    },
    show(url) {
      for (const each of [after, input, bar, tags]) each.hidden = !url;
      if (!url) return;
      after.src = url;
    },
  };
}
