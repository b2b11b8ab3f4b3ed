// Try-on: a garment is made ready once (a stage), then draped anew with every change.
import { calledOff, ask, post } from "./api.js";
import { byId, chase, save } from "./dom.js";
import { chips, framed } from "./frame.js";
import { t } from "./i18n.js";
import { busy, complain, tell } from "./notice.js";
import { fullWork, personOf, session, work } from "./session.js";
import { slider } from "./slider.js";

const LIVE = 1280; // px of the picture that follows the sliders
export const options = {
  region: "upper",
  cloth: "fabric",
  fabric: "tartan",
  repeats: {},
  angle: 0,
  folds: 1,
  color: "#7a1f2b",
  tile: null,
  garment: null,
  kind: "",
  print: null,
  under: "",
  place: "chest",
  width: 28,
  turn: 0,
};
let stage = null; // {person, region, id, ready}
let compare = null;
let url = "";

export function reset() {
  drape.stop();
  drop();
  stage = null;
}

/** The photo with its slider. */
export function showTryon() {
  compare = slider(session.url);
  byId("view-tryon").replaceChildren(framed(compare.node, chips()));
}

/** Fields of the chosen cloth; null where a picture is still missing. */
export function cloth(repeat) {
  const { folds, angle } = options;
  const tile = { repeat_cm: options.repeats[options.fabric] ?? repeat, angle };
  if (options.cloth === "color") return { color: options.color, folds };
  if (options.cloth === "garment")
    return options.garment && { garment: options.garment, garment_kind: options.kind, folds };
  if (options.cloth === "print") {
    const under =
      options.under === "color"
        ? { color: options.color }
        : options.under === "fabric"
          ? { fabric: options.fabric === "own" ? "plain" : options.fabric }
          : {};
    return (
      options.print && {
        print: options.print,
        place: options.place,
        print_width_cm: options.width,
        print_angle: options.turn,
        folds,
        ...under,
      }
    );
  }
  if (options.fabric === "own") return options.tile && { tile: options.tile, ...tile, folds };
  return { fabric: options.fabric, ...tile, folds };
}

let repeatOf = () => undefined;
/** Tells how wide a fabric's own repeat is: the panel knows the shelf. */
export const setRepeats = (look) => {
  repeatOf = look;
};

/** Drapes what is chosen; makes the stage first where person or region are new. */
export const drape = chase(async (signal) => {
  const wanted = cloth(repeatOf(options.fabric));
  const person = personOf();
  if (!person?.regions.includes(options.region) || !wanted) return compare?.show(null);
  const box = byId("view-tryon");
  const waiting = setTimeout(() => box.classList.add("waiting"), 250);
  try {
    const blob = await draped(wanted, signal);
    if (signal.aborted) return;
    const next = URL.createObjectURL(blob);
    compare.show(next);
    if (url) URL.revokeObjectURL(url);
    url = next;
    tell(t("draped"));
  } catch (error) {
    if (calledOff(error)) return;
    complain(error, drape);
  } finally {
    clearTimeout(waiting);
    if (!signal.aborted) box.classList.remove("waiting");
  }
}, 60); // a pause between: a hand on a slider must not spend the allowance of requests

async function draped(wanted, signal, again = true) {
  const { id } = await ready();
  try {
    return await post(`v1/stages/${id}/drape`, { ...wanted, format: "jpeg" }, signal);
  } catch (error) {
    if (error.code !== "expired" || !again) throw error;
    stage = null;
    return draped(wanted, signal, false);
  }
}

// A stage goes on being made while sliders move: only its drapes are called off.
async function ready() {
  const { person } = session;
  const { region } = options;
  if (stage?.person !== person || stage.region !== region || stage.file !== session.file) {
    drop();
    const mine = { person, region, file: session.file };
    wipe();
    mine.ready = make(mine);
    stage = mine;
  }
  return stage.ready;
}

function drop() {
  if (stage?.id) ask(`v1/stages/${stage.id}`, { method: "DELETE" }).catch(() => {});
}

// The bar starts where some of the person is old and most is new.
function wipe() {
  const [x0, , x1] = personOf().box;
  compare.place(Math.min(80, Math.max(12, ((x0 + 0.12 * (x1 - x0)) / session.parse.size[0]) * 100)));
}

async function make(mine) {
  const task = busy("staging");
  try {
    const blob = await work(
      "v1/stages",
      { person: mine.person, region: mine.region, max_side: LIVE },
      task.signal,
      task.told,
    );
    const { id } = JSON.parse(await blob.text());
    mine.id = id;
    return mine;
  } catch (error) {
    if (stage === mine) stage = null;
    throw error;
  } finally {
    task.done();
  }
}

/** The photo in its full size with the new cloth, or the cloth alone. */
export async function download(view) {
  const wanted = cloth(repeatOf(options.fabric));
  if (!wanted) return complain({ code: "no-picture" });
  const task = busy("making");
  try {
    const blob = await fullWork(
      "v1/try-on",
      { person: session.person, region: options.region, ...wanted, view, format: "png" },
      task.signal,
      task.told,
    );
    save(blob, view === "layer" ? "cloth.png" : "try-on.png");
  } catch (error) {
    complain(error, () => download(view));
  } finally {
    task.done();
  }
}
