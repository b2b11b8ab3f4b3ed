// Parts: the photo with coloured parts, names under the pointer, a legend that points them out, files to take away.
import { byId, choice, h, icon, save } from "./dom.js";
import { chips, framed } from "./frame.js";
import { partTitle, t } from "./i18n.js";
import { mapOf, paint } from "./masks.js";
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
    const who = at(event, box);
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
  const range = h("input", {
    type: "range",
    min: 0,
    max: 100,
    value: strength * 100,
    oninput: () => {
      strength = range.value / 100;
      redraw();
    },
  });
  byId("panel-parts").replaceChildren(
    h(
      "div",
      { className: "field" },
      h("h2", {}, t(people.length === 1 ? "found.one" : "found", { n: people.length, m: legend.length })),
      h("p", { className: "muted" }, t("parts.how")),
    ),
    h("ul", { className: "legend" }, items),
    h("label", { className: "slide" }, h("span", { className: "label" }, t("strength")), range),
  );
  byId("take-parts").replaceChildren(...downloads());
}

let file = "cutout";
function downloads() {
  return [
    choice(
      "file",
      t("take"),
      Object.keys(FILES).map((name) => [name, [h("span", {}, t(`file.${name}`))]]),
      file,
      (name) => {
        file = name;
      },
    ),
    h("button", { type: "button", className: "button primary", onclick: fetchFile }, icon("down"), t("download")),
  ];
}

async function fetchFile() {
  const task = busy("making");
  try {
    const blob = await fullWork(
      "v1/parse",
      { ...FILES[file], person: file === "cutout" ? session.person : undefined },
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

function at(event, box) {
  const area = box.getBoundingClientRect();
  const x = Math.floor(((event.clientX - area.left) / area.width) * map.width);
  const y = Math.floor(((event.clientY - area.top) / area.height) * map.height);
  if (x < 0 || y < 0 || x >= map.width || y >= map.height) return null;
  const i = y * map.width + x;
  return { part: map.parts[i], person: map.people[i], x: event.clientX - area.left, y: event.clientY - area.top };
}

function point(event, box, tip) {
  if (!map || event.pointerType === "touch") return;
  const found = event.target.closest(".chip") ? null : at(event, box);
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
