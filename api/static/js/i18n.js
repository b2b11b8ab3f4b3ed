// Two languages: texts by key, names of things the server knows only in English, and the switch between them.
import { en } from "./en.js";
import { names } from "./zh-names.js";
import { zh } from "./zh.js";

const tables = { en, zh };
const stored = () => {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
};
export const languages = new EventTarget();
export let language = tables[stored()] ? stored() : navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

/** Text of a key with {name}s filled in; undefined if there is none. */
export function find(key, values = {}) {
  const text = tables[language][key] ?? en[key];
  return text?.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
/** Whether we have words of our own for a problem, in English and so in all languages. */
export const own = (code) => `r.${code}` in en;
export const t = (key, values) => find(key, values) ?? key;

/** Name of something listed by the server, such as a fabric: translated if we can, else the server's own. */
export const named = (name, title) => (language === "zh" && names[name]) || title[0].toUpperCase() + title.slice(1);

/** Title of a part from the legend. */
export const partTitle = (part) => (language === "zh" ? part.title_zh : part.title);

export function translate(root = document) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
}

export function speak(next) {
  language = next;
  try {
    localStorage.setItem("language", next);
  } catch {
    /* private windows may refuse */
  }
  document.documentElement.lang = next === "zh" ? "zh-Hans" : "en";
  document.title = t("title");
  document.getElementById("language").textContent = next === "zh" ? "English" : "中文";
  document.getElementById("language").lang = next === "zh" ? "en" : "zh-Hans";
  translate();
  languages.dispatchEvent(new Event("change"));
}
