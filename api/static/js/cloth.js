// A swap: one garment of one person and the cloth chosen for it, as the page keeps it and as a request names it.

const START = {
  person: 0,
  region: "",
  cloth: "fabric",
  fabric: "tartan",
  repeats: {}, // cm by fabric, where changed
  angle: 0,
  folds: 1,
  color: "#7a1f2b",
  tile: null, // pictures: {file, url}
  garment: null,
  kind: "",
  print: null,
  under: "",
  place: "chest",
  width: 28,
  turn: 0,
  source: null, // another photo in which somebody wears the cloth: {file, parse, image, gone}
  worn: false, // whether it is taken from there, else from this photo
  from: 0, // person there
  fromRegion: "",
};
// What draping made of it, which a new swap begins without.
const MADE = { stage: null, picture: null, layer: null, notes: [] };

/** A new swap with the choices of an earlier one, but of no garment yet. */
export const newSwap = (like = START) => ({
  ...START,
  ...like,
  ...MADE,
  repeats: { ...like.repeats },
  person: 0,
  region: "",
});

let shelf = [];
/** Tells how wide the fabrics' own repeats are: the panel knows the shelf. */
export const setShelf = (fabrics) => {
  shelf = fabrics;
};
export const repeatOf = (swap) =>
  swap.repeats[swap.fabric] ?? shelf.find((each) => each.name === swap.fabric)?.repeat_cm ?? 10;

/**
 * Fields of a request for the cloth; null where a picture or a person is still to be chosen.
 * `whole` is for files to keep: pictures go along, and people are those of the original photo by `whole.same(number)`.
 */
export function clothOf(swap, whole) {
  const made = { fabric, color, garment, print, worn }[swap.cloth](swap, whole);
  return made && { ...made, folds: swap.folds };
}

const tiled = (swap) => ({ repeat_cm: repeatOf(swap), angle: swap.angle });
const color = ({ color: dye }) => ({ color: dye });
const garment = (swap) => swap.garment && { garment: swap.garment.file, garment_kind: swap.kind };

function fabric(swap) {
  if (swap.fabric === "own") return swap.tile && { tile: swap.tile.file, ...tiled(swap) };
  return { fabric: swap.fabric, ...tiled(swap) };
}

function print(swap) {
  const under = { "": () => ({}), color, fabric }[swap.under](swap);
  if (!swap.print || !under) return null;
  return {
    ...under,
    print: swap.print.file,
    place: swap.place,
    print_width_cm: swap.width,
    print_angle: swap.turn,
  };
}

/** Whether there is somebody to take the cloth from: anybody but the person who is to wear it. */
export const giving = ({ from, worn: there, person }) => from > 0 && (there || from !== person);

function worn(swap, whole) {
  const { source, worn: there, from, fromRegion } = swap;
  if (!giving(swap)) return null;
  if (!there) return { from_person: whole ? whole.same(from) : from, from_region: fromRegion };
  const photo = whole || source.gone ? { from_photo: source.file } : { from_key: source.parse.key };
  return { from_person: from, from_region: fromRegion, ...photo };
}

/** The `swaps` field of a request for several garments, and the files it names. */
export function swapsField(swaps, whole) {
  const files = {};
  const rows = swaps.map((swap, k) => {
    const row = { person: whole.same(swap.person), region: swap.region };
    for (const [name, value] of Object.entries(clothOf(swap, whole))) {
      if (value === "" || value === undefined) continue;
      if (value instanceof Blob) files[`${name}-${k + 1}`] = value;
      row[name] = value instanceof Blob ? `${name}-${k + 1}` : value;
    }
    return row;
  });
  return { swaps: JSON.stringify(rows), ...files };
}
