// Parts: the photo with coloured parts, names under the pointer, a legend that points them out, files to take away.
import { downloads, select, slide } from "./controls.js";
import { byId, h, icon, save } from "./dom.js";
import { chips, framed } from "./frame.js";
import { partTitle, t } from "./i18n.js";
import { mapOf, paint, sampleAt } from "./masks.js";
import { busy, complain } from "./notice.js";
import { choose, fullWork, session } from "./session.js";

const FILES = {
  cutout: { view: "cutout", format: "png" },
  overlay: { view: "overlay", format: "png" },
  labels: { view: "labels", format: "png" },
  coco: { format: "coco" },
  all: { format: "zip", formats: "labels,instances,overlay,cutouts,coco,svg" },
};
let map = null;
let canvas = null;
let strength = 0.55;
let pinned = 0; // the part that a click on the legend keeps pointed out
let pointed = null;

export function showPhoto() {
  map = canvas = null;
  pinned = 0;
  byId("view-parts").replaceChildren(framed(h("img", { src: session.url, alt: t("photo") })));
  byId("panel-parts").replaceChildren();
}

export function showParts() {
  map = mapOf(session.parse);
  canvas = h("canvas", { className: "overlay", role: "img", "aria-label": described() });
  const tip = h("div", { className: "tip", hidden: true, "aria-hidden": "true" });
  const box = framed(h("img", { src: session.url, alt: t("photo") }), canvas, chips(), tip);
  box.addEventListener("pointermove", (event) => point(event, box, tip));
  box.addEventListener("pointerleave", () => {
    tip.hidden = true;
    focus(null);
  });
  canvas.addEventListener("click", (event) => {
    const who = sampleAt(map, box, event);
    if (who?.person) choose(who.person);
  });
  byId("view-parts").replaceChildren(box);
  redraw();
}

export function renderPanel() {
  if (!session.parse) return;
  const { legend, people } = session.parse;
  if (!people.length)
    return byId("panel-parts").replaceChildren(
      h(
        "div",
        { className: "empty" },
        h("h2", {}, t("nobody")),
        h("p", {}, t("nobody.why")),
        h(
          "button",
          { type: "button", className: "button primary", onclick: () => byId("file").click() },
          icon("photo"),
          t("another"),
        ),
      ),
    );
  const items = legend.map((part) => {
    const swatch = h("i", { className: "swatch" });
    swatch.style.background = part.color;
    const many = people.filter((person) => person.parts.some((each) => each.id === part.id)).length;
    const button = h(
      "button",
      {
        type: "button",
        className: "part",
        "aria-pressed": pinned === part.id,
        onpointerenter: () => focus({ parts: new Set([part.id]) }),
        onpointerleave: () => focus(null),
        onfocus: () => focus({ parts: new Set([part.id]) }),
        onblur: () => focus(null),
        onclick: () => {
          pinned = pinned === part.id ? 0 : part.id;
          button.parentElement.parentElement
            .querySelectorAll("button")
            .forEach((each) => each.setAttribute("aria-pressed", each === button && pinned > 0));
          redraw();
        },
      },
      swatch,
      h("span", {}, partTitle(part)),
      people.length > 1 && h("small", { title: t("wearers", { n: many }) }, `×${many}`),
    );
    return h("li", {}, button);
  });
  const paintStrength = (value) => {
    strength = value / 100;
    redraw();
  };
  byId("panel-parts").replaceChildren(
    h(
      "div",
      {},
      h("h2", {}, t(people.length === 1 ? "found.one" : "found", { n: people.length, m: legend.length })),
      h("p", { className: "muted" }, t("parts.how")),
    ),
    h("ul", { className: "legend" }, items),
    slide("strength", t("strength"), [0, 100, 1], strength * 100, (value) => `${value} %`, paintStrength),
  );
  const pick = select(
    "file-parts",
    t("take"),
    Object.keys(FILES).map((name) => [name, t(`file.${name}`)]),
    file,
    (value) => {
      file = value;
    },
  );
  byId("take-parts").replaceChildren(...downloads([pick], fetchFile));
}

let file = "cutout";
async function fetchFile() {
  const task = busy("making");
  try {
    const blob = await fullWork(
      "v1/parse",
      (same) => ({ ...FILES[file], person: file === "cutout" ? same(session.person) : undefined }),
      task.signal,
      task.told,
    );
    save(
      blob,
      { cutout: `person-${session.person}.png`, coco: "people.json", all: "parts.zip" }[file] ?? `${file}.png`,
    );
  } catch (error) {
    complain(error, fetchFile);
  } finally {
    task.done();
  }
}

function focus(wanted) {
  if (same(wanted, pointed)) return;
  pointed = wanted;
  requestAnimationFrame(redraw);
}
const same = (a, b) => a === b || (a && b && a.person === b.person && String([...a.parts]) === String([...b.parts]));

function redraw() {
  if (map && canvas)
    paint(
      canvas,
      map,
      session.parse.legend,
      pointed ?? (pinned ? { parts: new Set([pinned]) } : null),
      pointed || pinned ? 0.62 : strength,
    );
}

function point(event, box, tip) {
  if (!map || event.pointerType === "touch") return;
  const found = event.target.closest(".chip") ? null : sampleAt(map, box, event);
  tip.hidden = !found?.part;
  if (!found?.part) return focus(null);
  const part = session.parse.legend.find((each) => each.id === found.part);
  tip.replaceChildren(
    h("b", {}, partTitle(part)),
    session.parse.people.length > 1 ? ` ${t("person", { n: found.person })}` : "",
  );
  tip.style.left = `${found.x}px`;
  tip.style.top = `${found.y}px`;
  focus({ parts: new Set([found.part]), person: found.person });
}

const described = () =>
  t("described", { n: session.parse.people.length, parts: session.parse.legend.map(partTitle).join(", ") });
