// A picture on the stage, as large as fits, with chips that choose people.
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { choose, session } from "./session.js";

const HEAD = ["hat", "hair", "face"];

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
          "aria-pressed": person.person === session.person,
          onclick: () => choose(person.person),
        },
        crop(person),
        h("span", {}, t("person", { n: person.person })),
      ),
    ),
  );
}

function crop(person) {
  const side = 112;
  const canvas = h("canvas", { width: side, height: side, "aria-hidden": "true" });
  const [w, h_] = session.parse.size;
  const scale = session.image.naturalWidth / w;
  const { x, y, size } = headOf(person);
  const span = Math.min(size * 1.5, w, h_);
  const left = Math.min(Math.max(x * w - span / 2, 0), w - span);
  const top = Math.min(Math.max(y * h_ - span * 0.15, 0), h_ - span);
  canvas
    .getContext("2d")
    .drawImage(session.image, left * scale, top * scale, span * scale, span * scale, 0, 0, side, side);
  return canvas;
}
