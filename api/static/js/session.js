// The photo at hand: the file, its people, who is chosen. Views listen to "photo", "parse" and "person".
import { Problem, post, run } from "./api.js";
import { h } from "./dom.js";

const MOST = 2048; // px of the longer side that live work is done with; files to keep are made from the original
const SAME = 0.5; // overlap of two boxes that are one person
const FRESH = { file: null, original: null, url: "", image: null, parse: null, person: 0 };
export const session = Object.assign(new EventTarget(), FRESH);
const tell = (name) => session.dispatchEvent(new Event(name));

let last = FRESH; // the last photo whose people were found: where the next one fails, it comes back

/** Shows a photo and finds its people. */
export async function open(file, signal, told) {
  const url = URL.createObjectURL(file);
  Object.assign(session, FRESH, { original: file, url });
  try {
    const image = new Image();
    image.src = url;
    const shown = await image.decode().then(
      () => true,
      () => false,
    );
    if (session.url !== url) return;
    if (shown) {
      session.image = image;
      tell("photo");
    }
    session.file = shown ? await shrunk(image, file) : file;
    const found = JSON.parse(await (await run("v1/parse", { photo: session.file }, signal, told)).text());
    if (session.url !== url) return;
    if (!shown) throw new Problem({ code: "cannot-show" });
    session.parse = found;
    session.person = found.people.length ? mostSeen(found) : 0;
    URL.revokeObjectURL(last.url);
    last = Object.fromEntries(Object.keys(FRESH).map((name) => [name, session[name]]));
    tell("parse");
  } finally {
    if (last.url !== url) URL.revokeObjectURL(url);
    if (session.url === url) Object.assign(session, last);
  }
}

export function choose(person) {
  if (!session.parse || person === session.person) return;
  session.person = person;
  tell("person");
}

export const personOf = (number = session.person) => session.parse?.people.find((each) => each.person === number);

/** Work on the photo by its key; where the server keeps it no more, the file goes along. */
export async function work(href, fields, signal, told) {
  signal?.throwIfAborted(); // the photo may have gone meanwhile
  const go = (photo) => (told ? run : post)(href, { ...photo, ...fields }, signal, told);
  try {
    return await go({ photo_key: session.parse.key });
  } catch (error) {
    if (error.code !== "expired") throw error;
    return go({ photo: session.file });
  }
}

/** The same on the photo in its full size; `fields(same)` gets what finds a person's number there. */
export async function fullWork(href, fields, signal, told) {
  if (session.file === session.original) return work(href, fields(Number), signal, told);
  return run(href, { photo: session.original, ...fields(await inFull(signal)) }, signal, told);
}

// In the larger photo somebody more may be found, and people are numbered from the left: the boxes tell who is who.
async function inFull(signal) {
  const full = JSON.parse(await (await post("v1/parse", { photo: session.original, masks: "none" }, signal)).text());
  const scale = full.size[0] / session.parse.size[0];
  return (number) => {
    const box = personOf(number).box.map((each) => each * scale);
    const [best] = full.people.map((each) => [overlap(each.box, box), each.person]).sort((a, b) => b[0] - a[0]);
    if (!best || best[0] < SAME) throw new Problem({ code: "no-such-person" });
    return best[1];
  };
}

function overlap(a, b) {
  const cut =
    Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const size = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return cut / (size(a) + size(b) - cut);
}

async function shrunk(image, file) {
  const scale = MOST / Math.max(image.naturalWidth, image.naturalHeight);
  if (scale >= 1) return file;
  const canvas = h("canvas", {
    width: Math.round(image.naturalWidth * scale),
    height: Math.round(image.naturalHeight * scale),
  });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "#fff"; // as the server does with what is transparent
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.93))) ?? file;
}

const area = (person) => person.parts.reduce((sum, part) => sum + part.area, 0);
const mostSeen = (parse) => parse.people.reduce((best, each) => (area(each) > area(best) ? each : best)).person;
