// The outfit: swaps of one or several garments in one photo, and the one among them that the controls change.
import { newSwap } from "./cloth.js";
import { session } from "./session.js";

/** Parts of the legend that a garment consists of. */
const PARTS = {
  upper: ["upper-clothes", "coat"],
  lower: ["pants", "skirt"],
  dress: ["dress"],
  coat: ["coat"],
  inner: ["upper-clothes"],
  socks: ["socks"],
  shoes: ["left-shoe", "right-shoe"],
  hat: ["hat"],
  outfit: ["upper-clothes", "dress", "coat", "pants", "skirt"],
};
export const outfit = { swaps: [], active: null };
export const partsOf = (region) => PARTS[region] ?? [];
export const dressed = (swap) => Boolean(swap.picture || swap.layer);

/** The first swap, of the chosen person's first garment. */
export function start() {
  outfit.active = newSwap();
  outfit.swaps = [outfit.active];
  move(session.person);
}

const of = (person) => session.parse.people.find((each) => each.person === person);
const meet = (a, b) => partsOf(a).some((part) => partsOf(b).includes(part));

/** Another swap than the active one that already changes (part of) this garment. */
export const clash = (person, region) =>
  outfit.swaps.find((swap) => swap !== outfit.active && swap.person === person && meet(swap.region, region));

/** A garment of this person that consists of a part and can still be chosen; the active one first. */
export function garmentAt(person, part) {
  const { active, swaps } = outfit;
  const worn = of(person)?.regions.filter((region) => partsOf(region).includes(part)) ?? [];
  const known = [active, ...swaps].find((swap) => swap.person === person && worn.includes(swap.region));
  return known?.region ?? worn[0];
}

/** Makes a garment the active one: a kept one is taken up again, else the active swap moves there. */
export function aim(person, region) {
  const kept = clash(person, region);
  if (kept) return edit(kept);
  Object.assign(outfit.active, { person, region });
}

/** The active swap moves to a person, to the same garment if that can be. */
export function move(person) {
  const free = of(person).regions.filter((region) => !clash(person, region));
  const { region } = outfit.active;
  Object.assign(outfit.active, { person, region: free.includes(region) ? region : (free[0] ?? "") });
}

/** One more swap, of a garment that is still to be chosen. */
export function add() {
  outfit.active = { ...newSwap(outfit.active), person: session.person };
  outfit.swaps.push(outfit.active);
}

/** Takes a kept swap up again; an active one without a garment is dropped. */
export function edit(swap) {
  if (!outfit.active.region) outfit.swaps = outfit.swaps.filter((each) => each !== outfit.active);
  outfit.active = swap;
}

export function remove(swap) {
  outfit.swaps = outfit.swaps.filter((each) => each !== swap);
  if (outfit.active === swap) outfit.active = outfit.swaps.at(-1);
}

/** Those with new cloth on. */
export const ready = () => outfit.swaps.filter((swap) => swap.region && dressed(swap));
