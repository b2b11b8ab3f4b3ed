// The controls of the avatar tab.
import { calledOff, list } from "./api.js";
import { download, draw, measured, options, startOver } from "./avatar.js";
import { COLORS, colorDots } from "./colors.js";
import { choice, downloads, field, labelled, select } from "./controls.js";
import { byId, h, icon, latest } from "./dom.js";
import { named, partTitle, t } from "./i18n.js";
import { complain } from "./notice.js";
import { personOf, session } from "./session.js";

const GROUNDS = ["apricot", "coral", "pink", "lilac", "sky", "mint", "night"];
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
  const change = (name) => (value) => {
    options[name] = value;
    draw();
  };
  const words = (name, values) => values.map((value) => [value, [h("span", {}, t(`${name}.${value}`))]]);
  const again = (act) => () => {
    act();
    renderPanel();
    draw();
  };
  const held = document.activeElement?.name; // the button that is in use is built anew too
  const act = (name, run, look = "") =>
    h("button", { type: "button", name, className: `button small ${look}`, onclick: again(run) });
  const chance = act("surprise", surprise);
  chance.append(icon("dice"), t("surprise"));
  const over = act("over", startOver, "quiet");
  over.append(t("over"));
  byId("panel-avatar").replaceChildren(
    h("div", { className: "actions even" }, chance, over),
    field(
      "style",
      choice(
        "style",
        t("style"),
        shelf.styles.map(({ name, title, description }) => [
          name,
          [h("span", { className: "loading", "data-style": name }), h("em", {}, named(name, title))],
          { title: description },
        ]),
        options.style,
        change("style"),
        "tile",
      ),
    ),
    field(
      "framing",
      choice(
        "framing",
        t("framing"),
        words(
          "framing",
          shelf.framings.filter((each) => each !== "auto"),
        ),
        options.framing === "auto" ? "bust" : options.framing,
        change("framing"),
      ),
    ),
    field(
      "frame",
      choice(
        "frame",
        t("frame"),
        shelf.frames.map((each) => [
          each,
          [h("span", {}, h("i", { className: `shape ${each}` }), h("span", { className: "hush" }, t(`frame.${each}`)))],
          { title: t(`frame.${each}`) },
        ]),
        options.frame,
        change("frame"),
      ),
    ),
    field("ground", grounds()),
    h("div", { className: "field", id: "colors" }),
    accessories(),
  );
  if (held) byId("panel-avatar").querySelector(`button[name="${held}"]`)?.focus();
  renderFiles();
  colors();
}

const any = (values) => values[Math.floor(Math.random() * values.length)];

/** Chance picks a style, a background and something to wear. */
function surprise() {
  startOver();
  options.style = any(shelf.styles).name;
  options.frame = any(shelf.frames.filter((each) => each !== "none"));
  options.background = COLORS[any(GROUNDS)];
  options.pattern = any(shelf.backgrounds);
  for (const kind of ["hat", "glasses", "headphones", "earrings", "other"]) {
    if (Math.random() < 0.35) options.add[kind] = any(shelf.accessories.filter((each) => each.kind === kind)).key;
  }
  if (options.add.hat) delete options.add.headphones;
}

function grounds() {
  const others = [
    ["", t("ground.style"), h("span", {}, "A")],
    ["none", t("ground.none"), h("span", { className: "checks" })],
  ];
  const pick = (value) => {
    options.background = value;
    draw();
  };
  return colorDots("ground", t("ground"), GROUNDS, options.background, pick, others);
}

/** Wells with the colours measured on the person; a changed one can be put back. */
export const colors = latest(async (signal) => {
  const place = byId("colors");
  if (!place) return;
  let found;
  try {
    found = await measured(signal);
  } catch (error) {
    if (!calledOff(error)) complain(error, colors);
    return;
  }
  const settable = Object.keys(found)
    .sort((a, b) => ORDER.indexOf(b) - ORDER.indexOf(a))
    .filter((slug) => shelf.settings.includes(`${slug}.color`));
  const chosen = (options.colors[session.person] ??= {});
  const titles = Object.fromEntries(session.parse.legend.map((part) => [part.name, partTitle(part)]));
  const later = latest(() => draw(), 80);
  place.replaceChildren(
    h("h2", {}, t("colors")),
    h(
      "div",
      { className: "wells" },
      settable.map((slug) => {
        const title = titles[slug] ?? named(slug, slug);
        const back = h(
          "button",
          {
            type: "button",
            className: "back",
            hidden: !chosen[slug],
            "aria-label": t("back", { what: title }),
            title: t("back", { what: title }),
            onclick: () => {
              delete chosen[slug];
              input.value = found[slug];
              back.hidden = true;
              input.focus();
              later();
            },
          },
          "↺",
        );
        const input = h("input", {
          type: "color",
          value: chosen[slug] ?? found[slug],
          oninput: () => {
            chosen[slug] = input.value;
            back.hidden = false;
            later();
          },
        });
        return h("div", { className: "well" }, h("label", {}, input, h("span", {}, title)), back);
      }),
    ),
  );
});

function accessories() {
  const kinds = [...new Set(shelf.accessories.map((each) => each.kind))];
  const order = ["hat", "glasses", "headphones", "earrings", "mask", "beard", "other", "sign", "frame", "background"];
  kinds.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const selects = kinds.map((kind) => {
    const own = shelf.removable.includes(kind) && kind !== "background";
    const entries = [
      ["", t(own ? "as.photo" : "none")],
      ...(own ? [["-", t("none")]] : []),
      ...shelf.accessories.filter((each) => each.kind === kind).map(({ key, title }) => [key, named(key, title)]),
    ];
    const chosen = options.remove.has(kind) ? "-" : (options.add[kind] ?? "");
    return labelled(`kind-${kind}`, t(`kind.${kind}`), entries, chosen, (value) => {
      delete options.add[kind];
      options.remove.delete(kind);
      if (value === "-") options.remove.add(kind);
      else if (value) options.add[kind] = value;
      draw();
    });
  });
  const patterns = [
    ["", t("ground.style")],
    ...shelf.backgrounds.map((each) => [each, named(`pattern:${each}`, each)]),
  ];
  const pattern = labelled("pattern", t("pattern"), patterns, options.pattern, (value) => {
    options.pattern = value;
    draw();
  });
  return field("extras", h("div", { className: "duo" }, selects, pattern));
}

const FILES = ["png", "svg", "psd", "zip", "all"];
let file = "png";

function renderFiles() {
  const words = FILES.map((each) => [each, t(`avatar.${each}`)]);
  const sizes = SIZES.map((each) => [each, t("px", { n: each })]);
  const size = select("size", t("size"), sizes, options.size, (value) => {
    options.size = value;
  });
  const what = select("file-avatar", t("take"), words, file, (value) => {
    file = value;
    size.disabled = file === "svg";
  });
  size.disabled = file === "svg";
  byId("take-avatar").replaceChildren(...downloads([what, size], () => download(file)));
}

/** A new person: their colours, their picture. */
export function personChanged() {
  if (!byId("colors")) return;
  colors();
  draw();
}
