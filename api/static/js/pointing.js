// Garments chosen on the photo itself: outlined and named under the pointer, taken by a click.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { mapOf, outline, sampleAt } from "./masks.js";
import { garmentAt, partsOf } from "./outfit.js";
import { session } from "./session.js";

/** Listens on the photo's box; `take(person, region)` is called with what is clicked on. */
export function pointing(box, compare, take) {
  const map = mapOf(session.parse);
  const canvas = h("canvas", { className: "overlay", "aria-hidden": "true" });
  const tip = h("div", { className: "tip", hidden: true, "aria-hidden": "true" });
  compare.node.append(canvas);
  box.append(tip);
  let shown = "";

  const garment = (event) => {
    const found = compare.held(event) ? null : sampleAt(map, compare.node, event);
    const part = session.parse.legend.find((each) => each.id === found?.part);
    const region = part && garmentAt(found.person, part.name);
    return region ? { person: found.person, region, x: found.x, y: found.y } : null;
  };
  const show = (found) => {
    const name = found ? `${found.person} ${found.region}` : "";
    tip.hidden = !found;
    compare.node.classList.toggle("over", Boolean(found));
    if (found) {
      tip.style.left = `${found.x}px`;
      tip.style.top = `${found.y}px`;
    }
    if (name === shown) return;
    shown = name;
    if (!found) return outline(canvas, map, null);
    const who = session.parse.people.length > 1 ? ` ${t("person", { n: found.person })}` : "";
    tip.replaceChildren(h("b", {}, t(`region.${found.region}`)), who);
    const parts = session.parse.legend.filter((part) => partsOf(found.region).includes(part.name));
    outline(canvas, map, { person: found.person, parts: new Set(parts.map((part) => part.id)) });
  };
  compare.node.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") show(garment(event));
  });
  compare.node.addEventListener("pointerleave", () => show(null));
  compare.node.addEventListener("click", (event) => {
    const found = garment(event);
    if (found) take(found.person, found.region);
  });
}
