// The controls of the try-on tab: the outfit, whose garment, what it is made of, and the files.
import { ask, list } from "./api.js";
import { setShelf } from "./cloth.js";
import { CLOTHS, clothPanel } from "./clothpanel.js";
import { choice, downloads, field, select, slide } from "./controls.js";
import { byId, h, icon } from "./dom.js";
import { said, t } from "./i18n.js";
import { complain, tell } from "./notice.js";
import { clash, dressed, move, outfit, aim } from "./outfit.js";
import { choose, personOf, session } from "./session.js";
import { download, drape, keep, takeOff, takeUp, tryon } from "./tryon.js";

let shelf = null;

/** Loads the fabrics once and builds the panel for the active garment. */
export async function renderPanel() {
  try {
    shelf ??= await load();
  } catch (error) {
    return complain(error, renderPanel);
  }
  const swap = outfit.active;
  if (!swap) return;
  if (swap.person !== session.person) {
    if (outfit.swaps.length > 1) choose(swap.person);
    else move(session.person);
  }
  const place = byId("panel-tryon");
  const held = document.activeElement?.name; // the control that is in use is built anew too
  const rest = personOf().regions.length ? [regions(swap), ...(swap.region ? cloths(swap) : [])] : [nothing()];
  place.replaceChildren(h("div", { id: "outfit", className: "field" }), ...rest);
  if (held) place.querySelector(`[name="${held}"]:is(:checked, select, button)`)?.focus();
  renderOutfit();
}

/** A new person was chosen: the active garment is theirs. */
export function personChanged() {
  if (outfit.active.person !== session.person) move(session.person);
  panel.anew();
}

const panel = {
  drape,
  async anew() {
    await renderPanel();
    drape();
  },
};

tryon.addEventListener("drape", renderOutfit);
tryon.addEventListener("aim", async () => {
  const { person, region } = outfit.active;
  if (person !== session.person)
    choose(person); // which builds the panel
  else await panel.anew();
  tell(`${t(`region.${region}`)}, ${t("person", { n: person })}`);
});

async function load() {
  const found = await list("v1/fabrics");
  await Promise.all(
    found.fabrics.map(async (each) => {
      each.url = URL.createObjectURL(await (await ask(each.picture)).blob());
    }),
  );
  setShelf(found.fabrics);
  return found;
}

const nothing = () => h("p", { className: "empty" }, t("no.regions"));

/** Garments of the chosen person; one of which a part is taken by another garment of the outfit is out of reach. */
function regions(swap) {
  const entries = personOf().regions.map((region) => {
    const other = clash(swap.person, region);
    const mark = other?.region === region && icon("check");
    return [region, [h("span", {}, mark, t(`region.${region}`))], { out: other && !mark }];
  });
  const row = choice("region", t("region"), entries, swap.region, async (region) => {
    const other = clash(swap.person, region);
    if (other) await takeUp(other);
    else aim(swap.person, region);
    panel.anew();
  });
  for (const [region, , { out }] of entries) row.querySelector(`[value="${region}"]`).disabled = Boolean(out);
  return field("region", row, h("p", { className: "muted" }, t(swap.region ? "region.how" : "region.next")));
}

function cloths(swap) {
  return [
    field(
      "cloth",
      choice(
        "cloth",
        t("cloth"),
        Object.keys(CLOTHS).map((each) => [each, [h("span", {}, t(`cloth.${each}`))]]),
        swap.cloth,
        (value) => {
          swap.cloth = value;
          panel.anew();
        },
      ),
    ),
    clothPanel(swap, shelf, panel),
    h("div", { id: "fit", className: "field" }),
    slide(
      "folds",
      t("folds"),
      [0, 2, 0.05],
      swap.folds,
      (value) => `${Math.round(value * 100)} %`,
      (value) => {
        swap.folds = value;
        drape();
      },
    ),
  ];
}

/** What is on already and the way to one more; how the active garment fits; the files below the photo. */
function renderOutfit() {
  const place = byId("outfit");
  if (!place) return;
  const { swaps, active } = outfit;
  const several = swaps.length > 1;
  place.replaceChildren(
    several ? h("h2", {}, t("outfit")) : "",
    several ? h("ul", { className: "swaps" }, swaps.map(item)) : "",
    h(
      "button",
      { type: "button", name: "keep", className: "button small", disabled: !dressed(active), onclick: another },
      icon("plus"),
      t("keep"),
    ),
  );
  place.hidden = !personOf().regions.length;
  byId("fit")?.replaceChildren(
    ...(active.notes.length
      ? [
          h("h2", {}, t("fit")),
          h(
            "ul",
            { className: "notes" },
            active.notes.map((note) => h("li", {}, said(note))),
          ),
        ]
      : []),
  );
  if (!byId("take-tryon").childElementCount) renderFiles();
}

function item(swap) {
  const title = swap.region ? t(`region.${swap.region}`) : t("region.none");
  const who = session.parse.people.length > 1 ? t("person", { n: swap.person }) : "";
  const name = who && swap.region ? `${title}, ${who}` : title;
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        className: "swap",
        "aria-pressed": swap === outfit.active,
        onclick: async () => {
          if (!(await takeUp(swap))) return;
          choose(swap.person);
          panel.anew();
        },
      },
      thumbnail(swap),
      h("span", {}, title, who && swap.region ? h("small", {}, who) : ""),
    ),
    h(
      "button",
      {
        type: "button",
        className: "back",
        "aria-label": t("take.off", { what: name }),
        title: t("take.off", { what: name }),
        onclick: () => {
          takeOff(swap);
          choose(outfit.active.person);
          panel.anew().then(() => byId("outfit").querySelector("[aria-pressed=true], button")?.focus());
        },
      },
      "✕",
    ),
  );
}

// The garment's window of the photo as it looks now.
function thumbnail({ picture, layer, stage }) {
  const side = 88;
  const canvas = h("canvas", { width: side, height: side, "aria-hidden": "true" });
  const from = picture ?? layer;
  if (!from || !stage?.window) return canvas;
  const [x0, y0, x1, y1] = stage.window;
  const scale = side / Math.max(x1 - x0, y1 - y0);
  const [w, height] = [(x1 - x0) * scale, (y1 - y0) * scale];
  const to = [(side - w) / 2, (side - height) / 2, w, height];
  canvas.getContext("2d").drawImage(from, x0, y0, x1 - x0, y1 - y0, ...to);
  return canvas;
}

async function another() {
  if (!(await keep())) return;
  await renderPanel();
  byId("panel-tryon").querySelector('[name="region"]:enabled')?.focus();
  tell(t("region.next"));
}

const FILES = {
  png: { view: "picture", format: "png" },
  jpeg: { view: "picture", format: "jpeg" },
  layer: { view: "layer", format: "png" },
};
let file = "png";

function renderFiles() {
  const entries = Object.keys(FILES).map((each) => [each, t(`dressed.${each}`)]);
  const pick = select("file-tryon", t("take"), entries, file, (value) => {
    file = value;
  });
  byId("take-tryon").replaceChildren(...downloads([pick], () => download(FILES[file])));
}
