// Masks of parts: run lengths to one small map of who and what, and the colours painted over the photo.

/** Counts of COCO's compressed run lengths; they alternate outside and inside, down the columns. */
export function counts(text) {
  const out = [];
  for (let i = 0; i < text.length;) {
    let value = 0,
      shift = 0,
      code;
    do {
      code = text.charCodeAt(i++) - 48;
      value |= (code & 31) << shift;
      shift += 5;
    } while (code & 32);
    if (code & 16) value |= -1 << shift;
    if (out.length > 2) value += out[out.length - 2];
    out.push(value);
  }
  return out;
}

const maps = new WeakMap();
/** {width, height, step, parts, people}: a part's and a person's number per sample, every `step` pixels. */
export function mapOf(parse) {
  if (!maps.has(parse)) maps.set(parse, sampled(parse));
  return maps.get(parse);
}

/** What lies under a pointer: {part, person, x, y}, the place in px of the node; null outside of the photo. */
export function sampleAt(map, node, { clientX, clientY }) {
  const area = node.getBoundingClientRect();
  const x = Math.floor(((clientX - area.left) / area.width) * map.width);
  const y = Math.floor(((clientY - area.top) / area.height) * map.height);
  if (x < 0 || y < 0 || x >= map.width || y >= map.height) return null;
  const i = y * map.width + x;
  return { part: map.parts[i], person: map.people[i], x: clientX - area.left, y: clientY - area.top };
}

function sampled(parse, most = 1280) {
  const [w, height] = parse.size;
  const step = Math.max(1, Math.ceil(Math.max(w, height) / most));
  const map = { step, width: Math.ceil(w / step), height: Math.ceil(height / step) };
  map.parts = new Uint8Array(map.width * map.height);
  map.people = new Uint8Array(map.width * map.height);
  for (const person of parse.people) {
    for (const part of person.parts) fill(map, height, counts(part.mask.counts), part.id, person.person);
  }
  return map;
}

function fill(map, height, runs, part, person) {
  let position = 0;
  runs.forEach((length, k) => {
    let start = position;
    const end = (position += length);
    while (k % 2 && start < end) {
      const x = Math.floor(start / height);
      const stop = Math.min(end, (x + 1) * height);
      if (x % map.step === 0) {
        const last = stop - x * height;
        for (let y = Math.ceil((start - x * height) / map.step); y * map.step < last; y++) {
          const at = y * map.width + x / map.step;
          map.parts[at] = part;
          map.people[at] = person;
        }
      }
      start = stop;
    }
  });
}

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** Paints parts; with a focus {parts, person} all else is dimmed. `strength` is 0..1. */
export function paint(canvas, map, legend, focus, strength) {
  const { width, height, parts, people } = map;
  canvas.width = width;
  canvas.height = height;
  const picture = new ImageData(width, height);
  const data = new Uint32Array(picture.data.buffer);
  // Little-endian, as all machines with browsers are.
  const word = ([r, g, b], a) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
  const fills = new Uint32Array(256);
  const rims = new Uint32Array(256);
  for (const { id, color } of legend) {
    fills[id] = word(rgb(color), Math.round(255 * strength));
    rims[id] = word([255, 255, 255], Math.round(220 * Math.min(1, strength * 1.3)));
  }
  const dim = word([10, 12, 22], 150);
  const lit = word([255, 255, 255], 255);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const part = parts[i];
      const shown =
        part && (!focus || ((!focus.parts || focus.parts.has(part)) && (!focus.person || focus.person === people[i])));
      if (!shown) {
        if (focus) data[i] = dim;
        continue;
      }
      const rim =
        (x + 1 < width && (parts[i + 1] !== part || people[i + 1] !== people[i])) ||
        (y + 1 < height && (parts[i + width] !== part || people[i + width] !== people[i])) ||
        (focus && x && parts[i - 1] !== part) ||
        (focus && y && parts[i - width] !== part);
      data[i] = rim ? (focus ? lit : rims[part]) : fills[part];
    }
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

const RIM = 2; // samples
/** Draws the outline of some parts {parts, person}, a veil of light on them; null draws nothing. */
export function outline(canvas, map, wanted) {
  const { width, height, parts, people } = map;
  Object.assign(canvas, { width, height });
  if (!wanted) return;
  const inside = (i) => people[i] === wanted.person && wanted.parts.has(parts[i]);
  const picture = new ImageData(width, height);
  const data = new Uint32Array(picture.data.buffer);
  for (let y = RIM, i; y < height - RIM; y++) {
    for (let x = RIM; x < width - RIM; x++) {
      if (!inside((i = y * width + x))) continue;
      const rim = ![i - RIM, i + RIM, i - RIM * width, i + RIM * width].every(inside);
      data[i] = rim ? 0xffffffff : 0x24ffffff;
    }
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
