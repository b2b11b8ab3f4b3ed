// The controls of the try-on tab.
import { ask, list } from "./api.js";
import { anyColor, spot } from "./avatarpanel.js";
import { byId, choice, h, icon, upload } from "./dom.js";
import { named, t } from "./i18n.js";
import { complain } from "./notice.js";
import { personOf } from "./session.js";
import { download, drape, options, setRepeats } from "./tryon.js";

const COLORS = ["#7a1f2b", "#d94f30", "#e8a317", "#2f7d4f", "#1f6f8b", "#2b3f8c", "#6b3fa0", "#f2ede4", "#1d1f26"];
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
  if (!person.regions.length) {
    byId("take-tryon").replaceChildren();
    return place.replaceChildren(h("p", { className: "empty" }, t("no.regions")));
  }
  if (!person.regions.includes(options.region)) options.region = person.regions[0];
  const then = (name) => (value) => { options[name] = value; drape(); };
  place.replaceChildren(
    field("region", choice("region", t("region"), person.regions.map((each) => [each, [h("span", {}, t(`region.${each}`))]]), options.region, then("region"))),
    field("cloth", choice("cloth", t("cloth"), CLOTHS.map((each) => [each, [h("span", {}, t(`cloth.${each}`))]]), options.cloth, (value) => { options.cloth = value; renderPanel(); drape(); })),
    h("div", { className: "field cloth" }, { fabric, color, garment, print }[options.cloth]()),
    range("folds", 0, 2, 0.05, options.folds, (value) => `${Math.round(value * 100)} %`));
  byId("take-tryon").replaceChildren(
    h("button", { type: "button", className: "button primary", onclick: () => download("picture") }, icon("down"), t("picture")),
    h("button", { type: "button", className: "button", onclick: () => download("layer") }, t("layer")), h("p", { className: "muted" }, t("layer.why")));
}

async function load() {
  const found = await list("v1/fabrics");
  await Promise.all(found.fabrics.map(async (each) => { each.url = URL.createObjectURL(await (await ask(each.picture)).blob()); }));
  setRepeats((name) => found.fabrics.find((each) => each.name === name)?.repeat_cm ?? 10);
  return found;
}

const field = (key, ...content) => h("div", { className: "field" }, h("h3", {}, t(key)), content);

function range(name, min, max, step, value, text, key = name, set = (number) => { options[name] = number; }) {
  const output = h("output", {}, text(value));
  const input = h("input", { type: "range", min, max, step, value, oninput: () => {
    set(Number(input.value));
    output.textContent = text(input.value);
    input.setAttribute("aria-valuetext", output.textContent);
    drape();
  } });
  input.setAttribute("aria-valuetext", output.textContent);
  return h("label", { className: "slide" }, h("span", { className: "label" }, t(key)), output, input);
}

const cm = (value) => `${Number(value)} cm`;
const degrees = (value) => `${value}°`;

function fabric() {
  const pick = (value) => { options.fabric = value; renderPanel(); drape(); };
  const entries = shelf.fabrics.map(({ name, title, url }) => [name, [h("span", {}, h("img", { src: url, alt: "" })), h("em", {}, named(name, title))]]);
  if (options.tile) entries.unshift(["own", [h("span", {}, h("img", { src: options.tileUrl, alt: "" })), h("em", {}, t("own"))]]);
  const current = shelf.fabrics.find((each) => each.name === options.fabric);
  const repeat = options.repeats[options.fabric] ?? current?.repeat_cm ?? 10;
  return [
    choice("fabric", t("cloth.fabric"), entries, options.fabric, pick, "tile"),
    h("div", { className: "actions" }, upload(t("own.fabric"), (file) => {
      if (options.tileUrl) URL.revokeObjectURL(options.tileUrl);
      Object.assign(options, { tile: file, tileUrl: URL.createObjectURL(file) });
      pick("own");
    })),
    range("repeat", 1, Math.max(40, repeat), 0.5, repeat, cm, "repeat", (number) => { options.repeats[options.fabric] = number; }),
    range("angle", 0, 180, 5, options.angle, degrees),
  ];
}

function color() {
  const pick = (value) => { options.color = value; drape(); };
  const dots = choice("cloth-color", t("cloth.color"), COLORS.map((each) => [each, [spot(each)], { title: each }]), options.color, pick, "dot");
  for (const input of dots.querySelectorAll("input")) input.setAttribute("aria-label", input.value);
  dots.append(anyColor(t("any"), options.color, (value) => {
    dots.querySelectorAll("input[type=radio]").forEach((each) => { each.checked = false; });
    pick(value);
  }));
  return [dots];
}

const given = (name) => options[name] && h("img", { className: "given", src: options[`${name}Url`], alt: t(`given.${name}`) });

function take(name) {
  return upload(t(options[name] ? "other" : `give.${name}`), (file) => {
    if (options[`${name}Url`]) URL.revokeObjectURL(options[`${name}Url`]);
    Object.assign(options, { [name]: file, [`${name}Url`]: URL.createObjectURL(file) });
    renderPanel();
    drape();
  });
}

const choose = (name, values, prefix = name) => {
  const select = h("select", { onchange: () => { options[name] = select.value; if (name === "under") renderPanel(); drape(); } }, values.map((each) => h("option", { value: each }, t(`${prefix}.${each || "auto"}`))));
  select.value = options[name];
  return h("label", {}, t(prefix), select);
};

function garment() {
  return [h("div", { className: "give stitched" }, given("garment"), take("garment"), h("p", { className: "muted" }, t("garment.how"))),
    h("div", { className: "duo" }, choose("kind", ["", "upper", "lower", "dress"], "garment"))];
}

function print() {
  return [
    h("div", { className: "give stitched" }, given("print"), take("print"), h("p", { className: "muted" }, t("print.how"))),
    h("div", { className: "duo" }, choose("place", shelf.places), choose("under", ["", "color", "fabric"])),
    options.under === "color" ? color() : "",
    range("width", 4, 60, 1, options.width, cm),
    range("turn", -90, 90, 1, options.turn, degrees, "angle"),
  ].flat();
}
