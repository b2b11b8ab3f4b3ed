// The page as a whole: the welcome, ways in for a photo, the browser's history. The studio is loaded with a photo.
import { Problem } from "./api.js";
import { byId } from "./dom.js";
import { language, languages, speak } from "./i18n.js";
import { intake, samples } from "./intake.js";
import { busy, complain, hush } from "./notice.js";
import { open, session } from "./session.js";

let task = null;

async function take(file) {
  task?.stop();
  hush();
  enter();
  const mine = (task = busy("finding"));
  try {
    const studio = await import("./studio.js").catch(() => {
      throw new Problem({ code: "offline" });
    });
    if (task !== mine) return;
    const opened = open(file, mine.signal, mine.told);
    studio.clear();
    await opened;
  } catch (error) {
    if (task === mine) {
      if (session.parse) session.dispatchEvent(new Event("restore"));
      else welcome(true);
      complain(error, error.code === "offline" || error.status >= 500 ? () => take(file) : undefined);
    }
  } finally {
    mine.done();
    resumable();
  }
}

function welcome(shown) {
  byId("welcome").hidden = !shown;
  byId("studio").hidden = shown;
  byId("another").hidden = shown;
  resumable();
  document.body.classList.toggle("working", !shown);
  hush();
  scrollTo(0, 0);
  byId(shown ? "main" : "studio-title").focus({ preventScroll: true });
}

/** The way back to a photo that is still there. */
function resumable() {
  byId("resume").hidden = byId("welcome").hidden || !session.parse;
}

// The studio is a page of its own to the browser's buttons "back" and "forward".
function enter() {
  if (!history.state?.studio) history.pushState({ studio: true }, "");
  welcome(false);
}
addEventListener("popstate", ({ state }) => {
  task?.stop();
  welcome(!(state?.studio && session.parse));
});
if (history.state?.studio) history.replaceState(null, ""); // reloaded: the photo is gone
byId("resume").onclick = enter;
byId("home").onclick = (event) => {
  event.preventDefault();
  if (!byId("studio").hidden) history.back();
};

byId("language").onclick = () => speak(language === "zh" ? "en" : "zh").catch(complain);
languages.addEventListener("change", () => samples(take));

intake(take);
speak(language).catch(complain);
