// The controls of the try-on tab that say what a garment is made of, one set for each kind of cloth.
import { repeatOf } from "./cloth.js";
import { colorDots } from "./colors.js";
import { choice, give, labelled, slide } from "./controls.js";
import { h } from "./dom.js";
import { named, t } from "./i18n.js";
import { worn } from "./wornpanel.js";

const DYES = ["wine", "tomato", "mustard", "green", "teal", "navy", "violet", "ivory", "black"];
const LOW = ["leg_L", "leg_R", "skirt"]; // places below the waist
const cm = (value) => t("cm", { n: Number(value) });
const degrees = (value) => `${value}°`;

export const CLOTHS = { fabric, color, garment, print, worn };

/**
 * Controls for a swap. `shelf` is the server's list; `panel.drape()` is called after a change, `panel.anew()` after
 * one that makes other controls.
 */
export const clothPanel = (swap, shelf, panel) =>
  h("div", { className: "field cloth" }, CLOTHS[swap.cloth](swap, shelf, panel));

/** Keeps a picture that was given for a swap; the one before may be in use by another swap of the outfit. */
function keep(swap, name, file) {
  swap[name] = { file, url: URL.createObjectURL(file) };
}

const setter = (swap, panel) => (name) => (value) => {
  swap[name] = value;
  panel.drape();
};

function fabric(swap, shelf, panel) {
  const set = setter(swap, panel);
  const sized = h("div", {});
  const size = () => {
    const repeat = repeatOf(swap);
    sized.replaceChildren(
      slide("repeat", t("repeat"), [1, Math.max(40, repeat), 0.5], repeat, cm, (value) => {
        swap.repeats[swap.fabric] = value;
        panel.drape();
      }),
    );
  };
  const picture = (url, text) => [h("span", {}, h("img", { src: url, alt: "" })), h("em", {}, text)];
  const entries = shelf.fabrics.map(({ name, title, url }) => [name, picture(url, named(name, title))]);
  if (swap.tile) entries.unshift(["own", picture(swap.tile.url, t("own"))]);
  size();
  return [
    choice(
      "fabric",
      t("cloth.fabric"),
      entries,
      swap.fabric,
      (value) => {
        swap.fabric = value;
        size();
        panel.drape();
      },
      "tile",
    ),
    give(t("own.fabric"), t("own.how"), (file) => {
      keep(swap, "tile", file);
      swap.fabric = "own";
      panel.anew();
    }),
    sized,
    slide("angle", t("angle"), [0, 180, 5], swap.angle, degrees, set("angle")),
  ];
}

function color(swap, shelf, panel) {
  return [colorDots("cloth-color", t("cloth.color"), DYES, swap.color, setter(swap, panel)("color"))];
}

function picture(swap, name, panel) {
  const given = swap[name] && h("img", { className: "given", src: swap[name].url, alt: t(`given.${name}`) });
  const take = (file) => {
    keep(swap, name, file);
    panel.anew();
  };
  return give(t(given ? "other" : `give.${name}`), t(`${name}.how`), take, given);
}

const words = (prefix, values) => values.map((each) => [each, t(`${prefix}.${each || "auto"}`)]);

function garment(swap, shelf, panel) {
  const kinds = words("garment", ["", "upper", "lower", "dress"]);
  return [
    picture(swap, "garment", panel),
    h("div", { className: "duo" }, labelled("kind", t("garment"), kinds, swap.kind, setter(swap, panel)("kind"))),
  ];
}

/** Places of the garment; one that it has not gives way to the first. */
function places(swap, shelf) {
  const whole = ["dress", "outfit"].includes(swap.region);
  const fit = shelf.places.filter((each) => whole || LOW.includes(each) === (swap.region === "lower"));
  if (!fit.includes(swap.place)) swap.place = fit[0];
  return words("place", fit);
}

function print(swap, shelf, panel) {
  const set = setter(swap, panel);
  const under = (value) => {
    swap.under = value;
    panel.anew();
  };
  return [
    picture(swap, "print", panel),
    h(
      "div",
      { className: "duo" },
      labelled("place", t("place"), places(swap, shelf), swap.place, set("place")),
      labelled("under", t("under"), words("under", ["", "color", "fabric"]), swap.under, under),
    ),
    swap.under === "color" && color(swap, shelf, panel),
    slide("width", t("width"), [4, 60, 1], swap.width, cm, set("width")),
    slide("turn", t("angle"), [-90, 90, 1], swap.turn, degrees, set("turn")),
  ].flat();
}
