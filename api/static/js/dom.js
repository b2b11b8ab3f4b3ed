// Small helpers for the page: elements, the latest of several calls, saving files.

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** An element with properties, listeners (`onclick`) and attributes; children may be text. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Runs `task(signal)` a moment after the last call, and calls off the one before. */
export function latest(task, wait = 0) {
  let timer = 0;
  let running = null;
  const start = (...values) => {
    start.stop();
    timer = setTimeout(() => {
      running = new AbortController();
      task(running.signal, ...values);
    }, wait);
  };
  start.stop = () => {
    clearTimeout(timer);
    running?.abort();
  };
  return start;
}

/** Runs `task(signal)` one at a time; calls meanwhile make one more run, with what is chosen by then. */
export function chase(task, rest) {
  let running = null;
  let again = false;
  async function go() {
    if (running) {
      again = true;
      return;
    }
    const mine = (running = new AbortController());
    do {
      again = false;
      await task(mine.signal);
      await new Promise((done) => setTimeout(done, rest));
    } while (again && !mine.signal.aborted);
    if (running === mine) running = null;
  }
  go.stop = () => {
    running?.abort();
    running = null;
    again = false;
  };
  return go;
}

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
