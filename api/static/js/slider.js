// Before and after: the photo, and over it what became of it, cut off at a bar that keys, a drag or a finger move.
import { h } from "./dom.js";
import { t } from "./i18n.js";

const NEAR = 22; // px around the bar that take hold of it
const STILL = 5; // px that a click may wander

/** {node, place(at), show(pictures, size), held(event)}; `show(null)` takes the bar away. */
export function slider(before) {
  const after = h("canvas", { className: "after", role: "img", "aria-label": t("after.alt"), hidden: true });
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
  const photo = h("img", { src: before, alt: t("photo"), draggable: false });
  const node = h("div", { className: "compare" }, photo, after, bar, tags, input);
  const move = () => {
    node.style.setProperty("--at", `${input.value}%`);
    input.setAttribute("aria-valuetext", t("slider.at", { n: 100 - input.value }));
    node.classList.toggle("low", input.value < 14);
    node.classList.toggle("high", input.value > 86);
  };
  const place = (at) => {
    input.value = at;
    move();
  };
  input.addEventListener("input", move);
  move();
  const held = dragging(node, bar, place);
  return {
    node,
    place,
    held,
    /** Draws pictures over one another; all fill the canvas. */
    show(pictures, [width, height] = [1, 1]) {
      for (const each of [after, input, bar, tags]) each.hidden = !pictures;
      if (!pictures) return;
      Object.assign(after, { width, height });
      const pen = after.getContext("2d");
      for (const each of pictures) pen.drawImage(each, 0, 0, width, height);
    },
  };
}

/** Lets the bar follow a pointer that drags; tells of an event whether it is the bar's. */
function dragging(node, bar, place) {
  let from = null;
  let moved = false;
  const near = (event) => {
    if (bar.hidden) return false;
    const { left, width } = bar.getBoundingClientRect();
    return Math.abs(event.clientX - left - width / 2) <= NEAR;
  };
  node.addEventListener("pointerdown", (event) => {
    from = bar.hidden || event.button ? null : event;
    moved = from !== null && near(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (!from || (!moved && Math.abs(event.clientX - from.clientX) <= STILL)) return;
    moved = true;
    if (!node.hasPointerCapture(event.pointerId)) node.setPointerCapture(event.pointerId);
    const { left, width } = node.getBoundingClientRect();
    place(((event.clientX - left) / width) * 100);
  });
  const end = () => {
    from = null;
  };
  node.addEventListener("pointerup", end);
  node.addEventListener("pointercancel", end);
  return (event) => near(event) || (event.type === "click" ? moved : from !== null && moved);
}
