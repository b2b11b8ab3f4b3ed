// The studio: a photo's three tabs, each built when it is first looked at.
import * as avatar from "./avatar.js";
import * as avatarPanel from "./avatarpanel.js";
import { byId } from "./dom.js";
import { markPortrait, portraits } from "./frame.js";
import { languages, t } from "./i18n.js";
import { tell } from "./notice.js";
import * as parts from "./parts.js";
import { session } from "./session.js";
import * as tryon from "./tryon.js";
import * as tryonPanel from "./tryonpanel.js";

const TABS = ["parts", "avatar", "tryon"];
const PLACES = ["panel", "view", "take"];
let tab = "parts";

const empty = () => TABS.forEach((each) => PLACES.forEach((place) => byId(`${place}-${each}`).replaceChildren()));

/** Nothing of the last photo is left to see, and nothing goes on with it. */
export function clear() {
  for (const each of [avatar.draw, avatarPanel.colors, tryon.drape, tryon.judge]) each.stop();
  portraits(byId("people"));
  empty();
  select("parts");
}

function select(name) {
  tab = name;
  const found = session.parse?.people.length;
  for (const each of TABS) {
    const chosen = each === name;
    const button = byId(`tab-${each}`);
    button.setAttribute("aria-selected", chosen);
    button.tabIndex = chosen ? 0 : -1;
    button.disabled = !found && each !== "parts";
    for (const place of PLACES) byId(`${place}-${each}`).hidden = !chosen;
  }
  if (found) fill();
}

/** Builds the chosen tab where it is empty. */
async function fill() {
  if (byId(`panel-${tab}`).childElementCount) return;
  if (tab === "avatar") {
    avatar.showAvatar();
    await avatarPanel.renderPanel();
    avatar.draw();
  }
  if (tab === "tryon") {
    tryon.showTryon();
    await tryonPanel.renderPanel();
    tryon.drape();
  }
}

/** All views of the photo anew. */
function rebuild() {
  empty();
  portraits(byId("people"));
  parts.showParts();
  parts.renderPanel();
  select(session.parse.people.length ? tab : "parts");
}

session.addEventListener("photo", () => {
  empty();
  parts.showPhoto();
});
session.addEventListener("parse", () => {
  const { people, legend } = session.parse;
  avatar.reset();
  tryon.reset();
  rebuild();
  tell(
    t(people.length === 1 ? "found.one" : people.length ? "found" : "nobody", { n: people.length, m: legend.length }),
  );
});
session.addEventListener("restore", rebuild);
session.addEventListener("person", () => {
  markPortrait(byId("people"));
  if (tab !== "avatar") byId("panel-avatar").replaceChildren();
  else avatarPanel.personChanged();
  if (tab !== "tryon") byId("panel-tryon").replaceChildren();
  else tryonPanel.personChanged();
});
languages.addEventListener("change", () => session.parse && rebuild());

for (const [k, each] of TABS.entries()) {
  const button = byId(`tab-${each}`);
  button.onclick = () => select(each);
  button.onkeydown = (event) => {
    const ends = { Home: TABS[0], End: TABS.at(-1) };
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
    const next = byId(`tab-${ends[event.key] ?? TABS[(k + step + TABS.length) % TABS.length]}`);
    if (!next.disabled && next !== button) {
      event.preventDefault();
      next.focus();
      next.click();
    }
  };
}
