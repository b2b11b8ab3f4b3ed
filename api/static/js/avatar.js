// Avatars: what is chosen, the live pictures, and the files.
import { byId, h, latest, save } from "./dom.js";
import { named, t } from "./i18n.js";
import { busy, complain, tell } from "./notice.js";
import { personOf, session, work } from "./session.js";
import { calledOff } from "./api.js";

const SHOWN = 768;
const THUMB = 168;
const KEPT = 120; // pictures
const START = { style: "flat", framing: "auto", frame: "circle", background: "", pattern: "" };
export const options = { ...START, size: "1024", add: {}, remove: new Set(), colors: {} };
const pictures = new Map(); // request -> blob URL
let palettes = {}; // measured colours by person

/** Fields of a request for the chosen avatar. */
export function fields(more = {}) {
  const set = Object.entries(options.colors[session.person] ?? {}).map(([slug, color]) => `${slug}.color=${color}`);
  if (options.pattern && options.background !== "none") set.push(`background.shape=${options.pattern}`);
  return {
    person: session.person,
    style: options.style,
    framing: options.framing,
    frame: options.frame,
    background: options.background,
    add: Object.values(options.add),
    remove: [...options.remove],
    set,
    ...more,
  };
}

/** All choices as they were at first. */
export function startOver() {
  Object.assign(options, START, { add: {}, remove: new Set() });
  delete options.colors[session.person];
}

/** Forgets the last photo's pictures and colours. */
export function reset() {
  pictures.forEach((url) => URL.revokeObjectURL(url));
  pictures.clear();
  palettes = {};
  options.colors = {};
}

/** Colours measured on the chosen person: {hair: "#…", …}. */
export async function measured(signal) {
  const person = session.person;
  if (!palettes[person]) {
    const blob = await work("v1/avatar", { person, format: "json" }, signal);
    const { spec } = JSON.parse(await blob.text()).avatars[0];
    palettes[person] = Object.fromEntries(Object.entries(spec.palettes).map(([slug, palette]) => [slug, palette.base]));
  }
  return palettes[person];
}

async function picture(wanted, signal) {
  const name = JSON.stringify(wanted);
  const url = pictures.get(name) ?? URL.createObjectURL(await work("v1/avatar", { ...wanted, format: "png" }, signal));
  pictures.delete(name);
  pictures.set(name, url); // the latest used last
  if (pictures.size > KEPT) {
    const [oldest] = pictures;
    pictures.delete(oldest[0]);
    URL.revokeObjectURL(oldest[1]);
  }
  return url;
}

let shown = null;
/** The stage: one large avatar. */
export function showAvatar() {
  shown = h("img", {
    alt: t("avatar.alt", { n: session.person, style: named(options.style, options.style) }),
    hidden: true,
  });
  byId("view-avatar").replaceChildren(h("div", { className: "easel loading" }, shown));
}

/** Draws the large picture, then the thumbnails of all styles with the same choices. */
export const draw = latest(async (signal) => {
  if (!personOf()) return;
  const easel = shown.parentElement;
  const waiting = setTimeout(() => easel.classList.add("waiting"), 150);
  try {
    shown.src = await picture(fields({ size: SHOWN }), signal);
    shown.alt = t("avatar.alt", { n: session.person, style: named(options.style, options.style) });
    shown.hidden = false;
    clearTimeout(waiting);
    easel.classList.remove("loading", "waiting");
    tell(t("drawn"));
    await thumbnails(signal);
  } catch (error) {
    if (calledOff(error)) return;
    easel.classList.remove("loading", "waiting");
    complain(error, draw);
  } finally {
    clearTimeout(waiting);
  }
}, 120);

async function thumbnails(signal) {
  for (const place of document.querySelectorAll("#panel-avatar [data-style]")) {
    const url = await picture(fields({ style: place.dataset.style, size: THUMB }), signal);
    place.classList.remove("loading");
    place.replaceChildren(h("img", { src: url, alt: "" }));
  }
}

/** A file of the chosen avatar; "zip" and "all" are of everybody, in the chosen style or in all of them. */
export async function download(file) {
  const everybody = file === "zip" || file === "all";
  const task = busy(everybody ? "packing" : "making");
  const format = everybody ? "zip" : file;
  const wanted = fields({ size: file === "svg" ? undefined : options.size, format });
  if (everybody)
    Object.assign(wanted, {
      set: wanted.set.filter((text) => text.startsWith("background")), // colours are one person's
      person: "all",
      style: file === "all" ? "all" : options.style,
      formats: "png,svg,psd",
      sheet: true,
    });
  try {
    const blob = await work("v1/avatar", wanted, task.signal, task.told);
    save(blob, everybody ? "avatars.zip" : `person-${session.person}-${options.style}.${format}`);
  } catch (error) {
    complain(error, () => download(file));
  } finally {
    task.done();
  }
}
