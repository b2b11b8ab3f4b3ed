// Two languages: texts by key, names of things the server knows only in English, and the switch between them.
const load = {
  en: async () => ({ texts: (await import("./en.js")).en, names: {}, said: (text) => text }),
  zh: async () => {
    const [{ zh }, { problems }, { names }, { said }] = await Promise.all([
      import("./zh.js"),
      import("./zh-problems.js"),
      import("./zh-names.js"),
      import("./zh-said.js"),
    ]);
    return { texts: { ...zh, ...problems }, names, said };
  },
};
const stored = () => {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
};
export const languages = new EventTarget();
export let language = load[stored()] ? stored() : navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
let table = { texts: {}, names: {} };

/** Text of a key with {name}s filled in; undefined if there is none. */
export const find = (key, values = {}) => table.texts[key]?.replace(/\{(\w+)\}/g, (_, name) => values[name]);
export const t = (key, values) => find(key, values) ?? key;

/** Name of something listed by the server, such as a fabric: translated if we can, else the server's own. */
export const named = (name, title) => table.names[name] ?? title[0].toUpperCase() + title.slice(1);

/** Title of a part from the legend. */
export const partTitle = (part) => (language === "zh" ? part.title_zh : part.title);

/** A sentence of the server in the page's language where it is known, else as it came. */
export const said = (text) => {
  const known = text && table.said(text);
  const full = language === "zh" && known !== text ? "。" : ".";
  return known ? known[0].toUpperCase() + known.slice(1) + (/[.!?。！？]$/.test(known) ? "" : full) : "";
};

export function translate(root = document) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
}

export async function speak(next) {
  table = await load[next]();
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
