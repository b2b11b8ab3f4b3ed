// Try-on: each garment is made ready once (a stage), draped anew with every change, and shown with the others.
import { ask, calledOff, post } from "./api.js";
import { clothOf, swapsField } from "./cloth.js";
import { byId, chase, latest, save } from "./dom.js";
import { chips, framed } from "./frame.js";
import { t } from "./i18n.js";
import { busy, complain, tell } from "./notice.js";
import { add, aim, dressed, edit, outfit, ready, remove, start } from "./outfit.js";
import { pointing } from "./pointing.js";
import { fullWork, personOf, session, work } from "./session.js";
import { slider } from "./slider.js";

const LIVE = 1280; // px of the picture that follows the sliders
const FITTED = ["garment", "worn"]; // cloths with a cut of their own, of which it is told how they fit
/** "drape" when the picture changed, "aim" when a garment was pointed at. */
export const tryon = new EventTarget();
let compare = null;

/** Forgets the outfit of the last photo. */
export function reset() {
  outfit.swaps.forEach(drop);
  outfit.swaps = [];
  outfit.active = null;
}

/** The photo with its slider. */
export function showTryon() {
  if (!outfit.active) start();
  compare = slider(session.url);
  const box = framed(compare.node, chips());
  pointing(box, compare, (person, region) => {
    aim(person, region);
    tryon.dispatchEvent(new Event("aim"));
  });
  byId("view-tryon").replaceChildren(box);
}

/** Drapes what is chosen; makes the stage first where person or garment are new. */
export const drape = chase(async (signal) => {
  const swap = outfit.active;
  const cloth = clothOf(swap);
  swap.notes = [];
  if (!swap.region || !cloth) {
    swap.picture = swap.layer = null;
    return compose();
  }
  const box = byId("view-tryon");
  const waiting = setTimeout(() => box.classList.add("waiting"), 250);
  try {
    const picture = await createImageBitmap(await draped(swap, { format: "jpeg" }, signal));
    if (signal.aborted) return;
    Object.assign(swap, { picture, layer: null });
    compose();
    tell(t("draped"));
    if (FITTED.includes(swap.cloth)) judge();
  } catch (error) {
    if (calledOff(error)) return;
    swap.picture = swap.layer = null;
    compose();
    complain(error, error.status < 500 ? undefined : drape);
  } finally {
    clearTimeout(waiting);
    if (!signal.aborted) box.classList.remove("waiting");
  }
}, 60); // a pause between: a hand on a slider must not spend the allowance of requests

// How a garment fits, asked for when the hand rests.
export const judge = latest(async (signal) => {
  const swap = outfit.active;
  try {
    const { notes } = JSON.parse(await (await draped(swap, { format: "json", max_side: 64 }, signal)).text());
    swap.notes = notes;
    tryon.dispatchEvent(new Event("drape"));
  } catch {
    /* the picture is there, which is what was asked for */
  }
}, 400);

/** All garments over the photo: the active one's picture below, the others' cloth on it. */
function compose() {
  const shown = ready();
  const below = outfit.active.picture ?? session.image;
  compare.show(shown.length ? [below, ...shown.map((swap) => swap.layer).filter(Boolean)] : null, size(shown));
  tryon.dispatchEvent(new Event("drape"));
}
const size = (swaps) => swaps.map((swap) => swap.picture ?? swap.layer).map(({ width, height }) => [width, height])[0];

/** Leaves the active garment as it is, for another one to be chosen. */
export async function keep() {
  if (!(await settle())) return false;
  add();
  compose();
  return true;
}

/** Goes back to a garment of the outfit. */
export async function takeUp(swap) {
  if (swap === outfit.active || !(await settle())) return false;
  edit(swap);
  return true;
}

export function takeOff(swap) {
  drop(swap);
  remove(swap);
  if (!outfit.swaps.length) start();
  compose();
}

// A garment that is no longer the active one is shown by its cloth alone.
async function settle() {
  const swap = outfit.active;
  drape.stop();
  judge.stop();
  byId("view-tryon").classList.remove("waiting");
  if (!dressed(swap)) return true;
  const task = busy("keeping");
  try {
    swap.layer ??= await createImageBitmap(await draped(swap, { format: "png", view: "layer" }, task.signal));
    swap.picture = null;
    return true;
  } catch (error) {
    complain(error);
    return false;
  } finally {
    task.done();
  }
}

async function draped(swap, output, signal, again = true) {
  const { id } = await staged(swap);
  try {
    return await post(`v1/stages/${id}/drape`, { ...clothOf(swap), ...output }, signal);
  } catch (error) {
    if (error.code !== "expired" || !again) throw error;
    swap.stage = null; // it, or the photo that the cloth is taken from, is kept no more
    if (swap.source) swap.source.gone = true;
    return draped(swap, output, signal, false);
  }
}

// A stage goes on being made while sliders move: only its drapes are called off.
function staged(swap) {
  const { person, region, stage } = swap;
  if (stage?.person !== person || stage.region !== region) {
    drop(swap);
    const mine = { person, region };
    swap.stage = mine;
    mine.ready = make(mine, swap);
    wipe(person);
  }
  return swap.stage.ready;
}

function drop({ stage }) {
  if (stage?.id) ask(`v1/stages/${stage.id}`, { method: "DELETE" }).catch(() => {});
}

// The bar starts where some of the person is old and most is new.
function wipe(person) {
  if (outfit.swaps.length > 1) return;
  const [x0, , x1] = personOf(person).box;
  compare.place(Math.min(80, Math.max(12, ((x0 + 0.12 * (x1 - x0)) / session.parse.size[0]) * 100)));
}

async function make(mine, swap) {
  const task = busy("staging");
  const { person, region } = mine;
  try {
    const blob = await work("v1/stages", { person, region, max_side: LIVE }, task.signal, task.told);
    return Object.assign(mine, JSON.parse(await blob.text()));
  } catch (error) {
    if (swap.stage === mine) swap.stage = null;
    throw error;
  } finally {
    task.done();
  }
}

/** The photo in its full size with the new cloth, or the cloth alone, as a file. */
export async function fullSize(output) {
  const swaps = ready();
  if (!swaps.length) return complain({ code: "no-picture" });
  const task = busy("making");
  try {
    const several = (whole) => swapsField(swaps, whole);
    const one = (whole) => ({
      person: whole.same(swaps[0].person),
      region: swaps[0].region,
      ...clothOf(swaps[0], whole),
    });
    const fields = (same) => ({ ...(swaps.length > 1 ? several : one)({ same }), ...output });
    return await fullWork("v1/try-on", fields, task.signal, task.told);
  } catch (error) {
    complain(error, () => download(output));
  } finally {
    task.done();
  }
}

export async function download(output) {
  const blob = await fullSize(output);
  if (blob) save(blob, `${output.view === "layer" ? "cloth" : "try-on"}.${output.format}`);
}
