// The photo at hand: the file, its people, who is chosen. Views listen to "photo", "parse" and "person".
import { Problem, post, run } from "./api.js";

const FRESH = { file: null, url: "", image: null, parse: null, person: 1 };
export const session = Object.assign(new EventTarget(), FRESH);
const tell = (name) => session.dispatchEvent(new Event(name));

/** Shows a photo and finds its people. */
export async function open(file, signal, told) {
  close();
  session.file = file;
  session.url = URL.createObjectURL(file);
  const image = new Image();
  image.src = session.url;
  const shown = image.decode().then(() => { if (session.file === file) { session.image = image; tell("photo"); } return true; }, () => false);
  const found = JSON.parse(await (await run("v1/parse", { photo: file }, signal, told)).text());
  if (session.file !== file) return;
  if (!(await shown)) throw new Problem({ code: "cannot-show" });
  session.parse = found;
  session.person = found.people.length ? mostSeen(found) : 0;
  tell("parse");
}

export function close() {
  if (session.url) URL.revokeObjectURL(session.url);
  Object.assign(session, FRESH);
}

export function choose(person) {
  if (!session.parse || person === session.person) return;
  session.person = person;
  tell("person");
}

export const personOf = (number = session.person) => session.parse?.people.find((each) => each.person === number);

/** Work on the photo by its key; where the server has forgotten it, the file is sent once more. */
export async function work(href, fields, signal, told) {
  const go = () => (told ? run : post)(href, { photo_key: session.parse.key, ...fields }, signal, told);
  try {
    return await go();
  } catch (error) {
    if (error.code !== "expired" || !session.file) throw error;
    await post("v1/parse", { photo: session.file, masks: "none" }, signal);
    return go();
  }
}

const area = (person) => person.parts.reduce((sum, part) => sum + part.area, 0);
const mostSeen = (parse) => parse.people.reduce((best, each) => (area(each) > area(best) ? each : best)).person;
