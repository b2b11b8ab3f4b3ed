// The controls of the try-on tab.
import { ask, list } from "./api.js";
import { colorDots } from "./colors.js";
import { byId, choice, h, icon, upload } from "./dom.js";
import { named, t } from "./i18n.js";
import { complain } from "./notice.js";
import { personOf } from "./session.js";
import { download, drape, options, setRepeats } from "./tryon.js";

const DYES = ["wine", "tomato", "mustard", "green", "teal", "navy", "violet", "ivory", "black"];
const CLOTHS = ["fabric", "color", "garment", "print"];
let shelf = null;

/** Loads the fabrics once and builds the panel for the chosen person. */
export async function renderPanel() {
  const person = personOf();
  if (!person) return;
  try {
    shelf ??= await load();
  } catch (error) {
    return complain(error, renderPanel);
  }
  const place = byId("panel-tryon");
  const held = document.activeElement?.name; // the control that is in use is built anew too
  if (!person.regions.length) {
    byId("take-tryon").replaceChildren();
    return place.replaceChildren(h("p", { className: "empty" }, t("no.regions")));
  }
  if (!person.regions.includes(options.region)) options.region = person.regions[0];
  const then = (name) => (value) => {
    options[name] = value;
    drape();
  };
  place.replaceChildren(
    field(
      "region",
      choice(
        "region",
        t("region"),
        person.regions.map((each) => [each, [h("span", {}, t(`region.${each}`))]]),
        options.region,
        (value) => {
          options.region = value;
          if (options.cloth === "print") renderPanel();
          drape();
        },
      ),
    ),
    field(
      "cloth",
      choice(
        "cloth",
        t("cloth"),
        CLOTHS.map((each) => [each, [h("span", {}, t(`cloth.${each}`))]]),
        options.cloth,
        (value) => {
          options.cloth = value;
          renderPanel();
          drape();
        },
      ),
    ),
    h("div", { className: "field cloth" }, { fabric, color, garment, print }[options.cloth]()),
    range("folds", 0, 2, 0.05, options.folds, (value) => `${Math.round(value * 100)} %`),
  );
  if (held) place.querySelector(`[name="${held}"]:is(:checked, select, button)`)?.focus();
  byId("take-tryon").replaceChildren(
    h(
      "button",
      { type: "button", className: "button primary", onclick: () => download("picture") },
      icon("down"),
      t("picture"),
    ),
    h("button", { type: "button", className: "button", onclick: () => download("layer") }, t("layer")),
    h("p", { className: "muted" }, t("layer.why")),
  );
}

async function load() {
  const found = await list("v1/fabrics");
  await Promise.all(
    found.fabrics.map(async (each) => {
      each.url = URL.createObjectURL(await (await ask(each.picture)).blob());
    }),
  );
  setRepeats((name) => found.fabrics.find((each) => each.name === name)?.repeat_cm ?? 10);
  return found;
}

const field = (key, ...content) => h("div", { className: "field" }, h("h3", {}, t(key)), content);

function range(
  name,
  min,
  max,
  step,
  value,
  text,
  key = name,
  set = (number) => {
    options[name] = number;
  },
) {
  const output = h("output", {}, text(value));
  const input = h("input", {
    type: "range",
    min,
    max,
    step,
    value,
    oninput: () => {
      set(Number(input.value));
      output.textContent = text(input.value);
      input.setAttribute("aria-valuetext", output.textContent);
      drape();
    },
  });
  input.setAttribute("aria-valuetext", output.textContent);
  return h("label", { className: "slide" }, h("span", { className: "label" }, t(key)), output, input);
}

const cm = (value) => `${Number(value)} cm`;
const degrees = (value) => `${value}°`;

function fabric() {
  const sized = h("div", {});
  const size = () => {
    const repeat =
      options.repeats[options.fabric] ?? shelf.fabrics.find((each) => each.name === options.fabric)?.repeat_cm ?? 10;
    sized.replaceChildren(
      range("repeat", 1, Math.max(40, repeat), 0.5, repeat, cm, "repeat", (number) => {
        options.repeats[options.fabric] = number;
      }),
    );
  };
  const pick = (value) => {
    options.fabric = value;
    size();
    drape();
  };
  const entries = shelf.fabrics.map(({ name, title, url }) => [
    name,
    [h("span", {}, h("img", { src: url, alt: "" })), h("em", {}, named(name, title))],
  ]);
  if (options.tile)
    entries.unshift(["own", [h("span", {}, h("img", { src: options.tileUrl, alt: "" })), h("em", {}, t("own"))]]);
  size();
  return [
    choice("fabric", t("cloth.fabric"), entries, options.fabric, pick, "tile"),
    h(
      "div",
      { className: "actions" },
      upload(t("own.fabric"), (file) => {
        if (options.tileUrl) URL.revokeObjectURL(options.tileUrl);
        Object.assign(options, { tile: file, tileUrl: URL.createObjectURL(file) });
        options.fabric = "own";
        renderPanel();
        drape();
      }),
    ),
    sized,
    range("angle", 0, 180, 5, options.angle, degrees),
  ];
}

function color() {
  const pick = (value) => {
    options.color = value;
    drape();
  };
  return [colorDots("cloth-color", t("cloth.color"), DYES, options.color, pick)];
}

const given = (name) =>
  options[name] && h("img", { className: "given", src: options[`${name}Url`], alt: t(`given.${name}`) });

function take(name) {
  return upload(t(options[name] ? "other" : `give.${name}`), (file) => {
    if (options[`${name}Url`]) URL.revokeObjectURL(options[`${name}Url`]);
    Object.assign(options, { [name]: file, [`${name}Url`]: URL.createObjectURL(file) });
    renderPanel();
    drape();
  });
}

const choose = (name, values, prefix = name) => {
  const select = h(
    "select",
    {
      name,
      onchange: () => {
        options[name] = select.value;
        if (name === "under") renderPanel();
        drape();
      },
    },
    values.map((each) => h("option", { value: each }, t(`${prefix}.${each || "auto"}`))),
  );
  select.value = options[name];
  return h("label", {}, t(prefix), select);
};

function garment() {
  return [
    h(
      "div",
      { className: "give stitched" },
      given("garment"),
      take("garment"),
      h("p", { className: "muted" }, t("garment.how")),
    ),
    h("div", { className: "duo" }, choose("kind", ["", "upper", "lower", "dress"], "garment")),
  ];
}

const LOW = ["leg_L", "leg_R", "skirt"];
/** Places of the chosen garment; one that it has not gives way to the first. */
function places() {
  const fit = shelf.places.filter(
    (each) => ["dress", "outfit"].includes(options.region) || LOW.includes(each) === (options.region === "lower"),
  );
  if (!fit.includes(options.place)) options.place = fit[0];
  return fit;
}

function print() {
  return [
    h(
      "div",
      { className: "give stitched" },
      given("print"),
      take("print"),
      h("p", { className: "muted" }, t("print.how")),
    ),
    h("div", { className: "duo" }, choose("place", places()), choose("under", ["", "color", "fabric"])),
    options.under === "color" ? color() : "",
    range("width", 4, 60, 1, options.width, cm),
    range("turn", -90, 90, 1, options.turn, degrees, "angle"),
  ].flat();
}
