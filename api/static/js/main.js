// The page as a whole: the welcome, the studio with its three tabs, and what happens when a photo comes in.
import * as avatar from "./avatar.js";
import * as avatarPanel from "./avatarpanel.js";
import { byId } from "./dom.js";
import { portraits } from "./frame.js";
import { language, languages, speak, t } from "./i18n.js";
import { intake, samples } from "./intake.js";
import { busy, complain, hush, tell } from "./notice.js";
import * as parts from "./parts.js";
import { close, open, session } from "./session.js";
import * as tryon from "./tryon.js";
import * as tryonPanel from "./tryonpanel.js";

const TABS = ["parts", "avatar", "tryon"];
let tab = "parts";
let task = null;

async function take(file) {
  task?.stop();
  hush();
  avatar.reset();
  tryon.reset();
  welcome(false);
  portraits(byId("people"));
  select("parts");
  empty();
  const mine = (task = busy("finding"));
  try {
    await open(file, mine.signal, mine.told);
  } catch (error) {
    if (task === mine) {
      close();
      welcome(true);
      complain(error, error.code === "offline" || error.status >= 500 ? () => take(file) : undefined);
    }
  } finally {
    mine.done();
  }
}

function welcome(shown) {
  byId("welcome").hidden = !shown;
  byId("studio").hidden = shown;
  byId("another").hidden = shown;
  document.body.classList.toggle("working", !shown);
  if (!shown) {
    scrollTo(0, 0);
    byId("studio-title").focus({ preventScroll: true });
  }
}

function select(name) {
  tab = name;
  for (const each of TABS) {
    const chosen = each === name;
    byId(`tab-${each}`).setAttribute("aria-selected", chosen);
    byId(`tab-${each}`).tabIndex = chosen ? 0 : -1;
    for (const part of ["panel", "view", "take"]) byId(`${part}-${each}`).hidden = !chosen;
  }
  fill();
}

/** Builds the chosen tab where it is empty. */
async function fill() {
  const found = session.parse?.people.length;
  for (const each of TABS) byId(`tab-${each}`).disabled = !found && each !== "parts";
  if (!found) return;
  if (tab === "avatar" && !byId("panel-avatar").childElementCount) {
    avatar.showAvatar();
    await avatarPanel.renderPanel();
    avatar.draw();
  }
  if (tab === "tryon" && !byId("panel-tryon").childElementCount) {
    tryon.showTryon();
    await tryonPanel.renderPanel();
    tryon.drape();
  }
}

const empty = () =>
  TABS.forEach((each) => ["panel", "view", "take"].forEach((part) => byId(`${part}-${each}`).replaceChildren()));

session.addEventListener("photo", () => {
  empty();
  parts.showPhoto();
});
session.addEventListener("parse", () => {
  empty();
  portraits(byId("people"));
  parts.showParts();
  parts.renderPanel();
  tell(t("found", { n: session.parse.people.length, m: session.parse.legend.length }));
  select(tab);
});
session.addEventListener("person", () => {
  byId("people")
    .querySelectorAll("button")
    .forEach((each, k) => each.setAttribute("aria-pressed", session.parse.people[k].person === session.person));
  if (tab !== "avatar") byId("panel-avatar").replaceChildren();
  else avatarPanel.personChanged();
  if (tab !== "tryon") byId("panel-tryon").replaceChildren();
  else tryonPanel.renderPanel().then(() => tryon.drape());
});

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

byId("language").onclick = () => speak(language === "zh" ? "en" : "zh");
languages.addEventListener("change", () => {
  samples(take);
  if (!session.parse?.people.length) return;
  empty();
  portraits(byId("people"));
  parts.showParts();
  parts.renderPanel();
  fill();
});

intake(take);
speak(language);
