// The picture on the welcome: a sample photo, its people numbered, and what they became.
import { byId, h } from "./dom.js";

const PLACES = [
  [31, 11],
  [49.5, 43],
  [65, 17],
]; // per cent of the photo: above the three heads

export function poster(url) {
  const marks = PLACES.map(([x, y], k) => {
    const mark = h("span", { className: "chip" }, String(k + 1));
    mark.style.left = `${x}%`;
    mark.style.top = `${y}%`;
    return mark;
  });
  const faces = PLACES.map((_, k) => {
    const face = h("i", {});
    face.style.backgroundPosition = `${k * 50}% 0`;
    return face;
  });
  byId("poster").replaceChildren(
    h("div", { className: "print" }, h("img", { src: url, alt: "" }), marks),
    h("div", { className: "faces" }, faces),
  );
}
