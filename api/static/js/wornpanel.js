// Cloth that somebody wears: a person of this photo, or of another one that is brought along.
import { run } from "./api.js";
import { giving } from "./cloth.js";
import { choice, give, labelled } from "./controls.js";
import { h } from "./dom.js";
import { figure } from "./frame.js";
import { t } from "./i18n.js";
import { busy, complain } from "./notice.js";
import { session } from "./session.js";

const WORN = ["upper", "lower", "dress", "coat", "inner"]; // garments that can be taken from one person to another

/** The controls; a choice of people as pictures of them. */
export function worn(swap, shelf, panel) {
  const here = wearers(session.parse).filter(({ person }) => person !== swap.person);
  const there = swap.source ? wearers(swap.source.parse) : [];
  const entries = [
    ...there.map((each) => tile(each, swap.source, "there", t("person.there", { n: each.person }))),
    ...here.map((each) => tile(each, session, "here", t("person", { n: each.person }))),
  ];
  const pick = (value) => {
    const [where, number] = value.split(" ");
    swap.from = Number(number);
    swap.worn = where === "there";
    settle(swap);
    panel.anew();
  };
  const giver = wearer(swap);
  const chosen = giver ? `${swap.worn ? "there" : "here"} ${swap.from}` : "";
  const regions = giver?.regions ?? [];
  return [
    entries.length ? choice("from", t("cloth.worn"), entries, chosen, pick, "tile") : "",
    regions.length > 1 &&
      h(
        "div",
        { className: "duo" },
        labelled(
          "fromRegion",
          t("from.region"),
          regions.map((region) => [region, t(`region.${region}`)]),
          swap.fromRegion,
          (value) => {
            swap.fromRegion = value;
            panel.drape();
          },
        ),
      ),
    give(t(swap.source ? "other" : "give.worn"), t("worn.how"), (file) => bring(swap, file, panel)),
  ];
}

const wearers = (parse) =>
  parse.people
    .map((each) => ({ ...each, regions: each.regions.filter((region) => WORN.includes(region)) }))
    .filter((each) => each.regions.length);

const wearer = (swap) =>
  giving(swap) && wearers((swap.worn ? swap.source : session).parse).find((each) => each.person === swap.from);

/** The same kind of garment if it is there, else the first. */
function settle(swap) {
  const { regions } = wearer(swap);
  swap.fromRegion = regions.includes(swap.region) ? swap.region : regions[0];
}

function tile(person, { parse, image }, where, text) {
  return [`${where} ${person.person}`, [h("span", {}, figure(person, parse, image)), h("em", {}, text)]];
}

/** Finds who is in another photo. */
async function bring(swap, file, panel) {
  const task = busy("finding");
  const url = URL.createObjectURL(file);
  try {
    const parse = JSON.parse(
      await (await run("v1/parse", { photo: file, masks: "none" }, task.signal, task.told)).text(),
    );
    const [first] = wearers(parse);
    if (!first) return complain({ code: "nobody-dressed" });
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    Object.assign(swap, { source: { file, parse, image }, worn: true, from: first.person });
    settle(swap);
    panel.anew();
  } catch (error) {
    complain(error.code || error.name === "AbortError" ? error : { code: "cannot-show" });
  } finally {
    task.done();
    URL.revokeObjectURL(url);
  }
}
