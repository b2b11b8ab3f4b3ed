// The controls of the avatar tab.
import { called_off, list } from "./api.js";
import { download, draw, measured, options } from "./avatar.js";
import { byId, choice, h, icon, latest } from "./dom.js";
import { named, partTitle, t } from "./i18n.js";
import { complain } from "./notice.js";
import { personOf, session } from "./session.js";

const GROUNDS = ["#ffd9a0", "#ffb3a7", "#f7c6de", "#cfc4ff", "#a9d3ff", "#a8e6cf", "#2a2e3d"];
const SIZES = ["256", "512", "1024", "2048"];
const ORDER = ["skin", "hair"]; // colours shown first, the last one foremost
let shelf = null;

/** Loads the lists once and builds the panel. */
export async function renderPanel() {
  if (!personOf()) return;
  try {
    shelf ??= await list("v1/styles");
  } catch (error) {
    return complain(error, renderPanel);
  }
  const change = (name) => (value) => { options[name] = value; draw(); };
  const words = (name, values) => values.map((value) => [value, [h("span", {}, t(`${name}.${value}`))]]);
  byId("panel-avatar").replaceChildren(
    field("style", choice("style", t("style"), shelf.styles.map(({ name, title, description }) => [name, [h("span", { className: "loading", "data-style": name }), h("em", {}, named(name, title))], { title: description }]), options.style, change("style"), "tile")),
    field("framing", choice("framing", t("framing"), words("framing", shelf.framings.filter((each) => each !== "auto")), options.framing === "auto" ? "bust" : options.framing, change("framing"))),
    field("frame", choice("frame", t("frame"), shelf.frames.map((each) => [each, [h("span", {}, h("i", { className: `shape ${each}` }), h("span", { className: "hush" }, t(`frame.${each}`)))], { title: t(`frame.${each}`) }]), options.frame, change("frame"))),
    field("ground", grounds()),
    h("div", { className: "field", id: "colors" }),
    accessories());
  byId("take-avatar").replaceChildren(...downloads());
  colors();
}

const field = (key, ...content) => h("div", { className: "field" }, h("h3", {}, t(key)), content);

function grounds() {
  const entries = [["", [h("span", { title: t("ground.style") }, "A")], { title: t("ground.style") }], ["none", [h("span", { className: "checks", title: t("ground.none") })], { title: t("ground.none") }],
    ...GROUNDS.map((color) => [color, [spot(color)], { title: color }])];
  const pick = (value) => { options.background = value; draw(); };
  const dots = choice("ground", t("ground"), entries, options.background, pick, "dot");
  dots.append(anyColor(t("any"), GROUNDS.includes(options.background) || !options.background.startsWith("#") ? "#88aaff" : options.background, (value) => {
    dots.querySelectorAll("input[type=radio]").forEach((each) => { each.checked = false; });
    pick(value);
  }));
  for (const input of dots.querySelectorAll("input[type=radio]")) input.setAttribute("aria-label", { "": t("ground.style"), none: t("ground.none") }[input.value] ?? input.value);
  return dots;
}

export function spot(color) {
  const node = h("span", {});
  node.style.setProperty("--c", color);
  return node;
}

/** The round rainbow that opens the browser's own colour dialog. */
export function anyColor(label, value, pick) {
  return h("label", { className: "dot any", title: label }, h("input", { type: "color", value, "aria-label": label, oninput: (event) => pick(event.target.value) }), h("span", { "aria-hidden": "true" }));
}

/** Wells with the colours measured on the person; a changed one can be put back. */
export const colors = latest(async (signal) => {
  const place = byId("colors");
  if (!place) return;
  let found;
  try {
    found = await measured(signal);
  } catch (error) {
    if (!called_off(error)) complain(error, colors);
    return;
  }
  const settable = Object.keys(found).sort((a, b) => ORDER.indexOf(b) - ORDER.indexOf(a)).filter((slug) => shelf.settings.includes(`${slug}.color`));
  const chosen = (options.colors[session.person] ??= {});
  const titles = Object.fromEntries(session.parse.legend.map((part) => [part.name, partTitle(part)]));
  const later = latest(() => draw(), 80);
  place.replaceChildren(h("h3", {}, t("colors")), h("div", { className: "wells" }, settable.map((slug) => {
    const title = titles[slug] ?? named(slug, slug);
    const back = h("button", { type: "button", className: "back", hidden: !chosen[slug], "aria-label": t("back", { what: title }), title: t("back", { what: title }), onclick: () => { delete chosen[slug]; input.value = found[slug]; back.hidden = true; input.focus(); later(); } }, "↺");
    const input = h("input", { type: "color", value: chosen[slug] ?? found[slug], oninput: () => { chosen[slug] = input.value; back.hidden = false; later(); } });
    return h("div", { className: "well" }, h("label", {}, input, h("span", {}, title)), back);
  })));
});

function accessories() {
  const kinds = [...new Set(shelf.accessories.map((each) => each.kind))];
  const order = ["hat", "glasses", "headphones", "earrings", "mask", "beard", "other", "sign", "frame", "background"];
  kinds.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const selects = kinds.map((kind) => {
    const own = shelf.removable.includes(kind) && kind !== "background";
    const select = h("select", { onchange: () => {
      delete options.add[kind];
      options.remove.delete(kind);
      if (select.value === "-") options.remove.add(kind);
      else if (select.value) options.add[kind] = select.value;
      draw();
    } }, h("option", { value: "" }, t(own ? "as.photo" : "none")), own && h("option", { value: "-" }, t("none")),
    shelf.accessories.filter((each) => each.kind === kind).map((each) => h("option", { value: each.key }, named(each.key, each.title))));
    select.value = options.remove.has(kind) ? "-" : options.add[kind] ?? "";
    return h("label", {}, t(`kind.${kind}`), select);
  });
  const pattern = h("select", { onchange: () => { options.pattern = pattern.value; draw(); } }, h("option", { value: "" }, t("ground.style")), shelf.backgrounds.map((each) => h("option", { value: each }, named(each, each[0].toUpperCase() + each.slice(1)))));
  pattern.value = options.pattern;
  return field("extras", h("div", { className: "duo" }, selects, h("label", {}, t("pattern"), pattern)));
}

function downloads() {
  const button = (format, label, main) => h("button", { type: "button", className: `button${main ? " primary" : ""}`, "data-format": format, onclick: () => download(format) }, main && icon("down"), label);
  const every = h("input", { type: "checkbox", checked: options.every, onchange: () => { options.every = every.checked; } });
  return [
    h("div", { className: "row" }, h("span", { className: "label" }, t("size")), choice("size", t("size"), SIZES.map((each) => [each, [h("span", {}, each)]]), options.size, (value) => { options.size = value; })),
    h("div", { className: "actions" }, button("png", "PNG", true), button("svg", "SVG"), button("psd", "PSD")),
    h("div", { className: "row last" }, button("zip", t("zip")), h("label", { className: "check" }, every, h("span", {}, t("every")))),
  ];
}

/** A new person: their colours, their picture. */
export function personChanged() {
  if (!byId("colors")) return;
  colors();
  draw();
}
