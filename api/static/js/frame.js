// A picture on the stage, as large as fits, with chips that choose people.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { choose, session } from "./session.js";

const HEAD = ["hat", "hair", "face"];
const SIDE = 112; // px of a small picture

/** A box of the photo's proportions; never taller than the window allows. */
export function framed(...children) {
  const { naturalWidth: w, naturalHeight: h_ } = session.image;
  const box = h("div", { className: "frame" }, children);
  box.style.aspectRatio = `${w} / ${h_}`;
  box.style.setProperty("--ratio", w / h_);
  return box;
}

/** Where a person's head is, in shares of the photo: {x, y, size}. */
export function headOf(person) {
  const [w, h_] = session.parse.size;
  const boxes = person.parts.filter((part) => HEAD.includes(part.name)).map((part) => part.box);
  const [x0, y0, x1, y1] = boxes.length
    ? [
        Math.min(...boxes.map((b) => b[0])),
        Math.min(...boxes.map((b) => b[1])),
        Math.max(...boxes.map((b) => b[0] + b[2])),
        Math.max(...boxes.map((b) => b[1] + b[3])),
      ]
    : person.box;
  return { x: (x0 + x1) / 2 / w, y: y0 / h_, size: Math.max(x1 - x0, Math.min(y1 - y0, (x1 - x0) * 1.4)) };
}

/** Numbered buttons above heads; the chosen one is marked. */
export function chips() {
  const people = session.parse?.people ?? [];
  if (people.length < 2) return "";
  const box = h(
    "div",
    { className: "chips" },
    people.map((person) => {
      const { x, y } = headOf(person);
      const chip = h(
        "button",
        {
          type: "button",
          className: "chip",
          tabIndex: -1, // the keyboard has the portraits
          onclick: () => choose(person.person),
          "aria-label": t("person", { n: person.person }),
        },
        String(person.person),
      );
      chip.style.left = `${Math.min(96, Math.max(4, x * 100))}%`;
      chip.style.top = `${Math.max(5, y * 100)}%`;
      return chip;
    }),
  );
  const mark = () =>
    [...box.children].forEach((chip, k) => chip.setAttribute("aria-pressed", people[k].person === session.person));
  mark();
  session.addEventListener("person", function again() {
    if (box.isConnected) mark();
    else session.removeEventListener("person", again);
  });
  return box;
}

/** Crops of faces below the stage, one a person. */
export function portraits(place) {
  const people = session.parse?.people ?? [];
  place.hidden = people.length < 2;
  place.replaceChildren(
    ...people.map((person) =>
      h(
        "button",
        {
          type: "button",
          className: "portrait",
          onclick: () => choose(person.person),
        },
        crop(person),
        h("span", {}, t("person", { n: person.person })),
      ),
    ),
  );
  markPortrait(place);
}

/** Marks the chosen person below the stage, and keeps them in sight where there are many. */
export function markPortrait(place) {
  const people = session.parse?.people ?? [];
  for (const [k, button] of [...place.children].entries()) {
    const chosen = people[k].person === session.person;
    button.setAttribute("aria-pressed", chosen);
    if (chosen) place.scrollLeft = button.offsetLeft - (place.clientWidth - button.offsetWidth) / 2;
  }
}

function crop(person) {
  const [w, h_] = session.parse.size;
  const { x, y, size } = headOf(person);
  const span = Math.min(size * 1.5, w, h_);
  return cut(session, [x * w - span / 2, y * h_ - span * 0.15], span);
}

/** A person of a photo {parse, image} from head to hips. */
export function figure({ box }, parse, image) {
  const [x0, y0, x1, y1] = box;
  const span = Math.min(Math.max(x1 - x0, (y1 - y0) * 0.6), ...parse.size);
  return cut({ parse, image }, [(x0 + x1 - span) / 2, y0], span);
}

/** A square of a photo as a small canvas. */
function cut({ parse, image }, corner, span) {
  const canvas = h("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
  const scale = image.naturalWidth / parse.size[0];
  const [left, top] = corner.map((at, k) => Math.min(Math.max(at, 0), parse.size[k] - span) * scale);
  canvas.getContext("2d").drawImage(image, left, top, span * scale, span * scale, 0, 0, SIDE, SIDE);
  return canvas;
}
