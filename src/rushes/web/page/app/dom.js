// Elements, short messages, and numbers in words. Text always goes in as text, so no caption can
// become markup.

/**
 * An element of index.html, or one that a script gave an id.
 * @type {(id: string) => any}
 */
export const $ = (id) => document.getElementById(id);

/**
 * Make an element; attributes that begin with "on" are listeners.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Object<string, any>} attributes
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  /** @type {any} */
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("aria-")) node.setAttribute(name, value);
    else if (value === false) continue;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name in node && name !== "list" && name !== "role") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * @param {string} tag
 * @param {Object<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/**
 * The element that an event is about.
 * @param {Event} event
 * @returns {any}
 */
export const targetOf = (event) => (event.target instanceof Element ? event.target : document.body);

/**
 * Fill a list to choose from. Columns of one stage stand together: "motion.speed" under "motion".
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} pairs
 * @param {string} [chosen]
 */
export function options(select, pairs, chosen) {
  const parts = new Map();
  for (const [value, text] of pairs) {
    const [, stage] = value.match(/^-?(\w+)\./) || ["", ""];
    if (!parts.has(stage)) parts.set(stage, []);
    parts.get(stage).push(el("option", { value, selected: value === chosen }, text));
  }
  const own = parts.get("") || [];
  parts.delete("");
  select.replaceChildren(...own, ...[...parts].map(([label, some]) => el("optgroup", { label }, ...some)));
}

let toastTimer = 0;

/** @param {string} text */
export function toast(text, isError = false, canUndo = false) {
  const box = $("toasts");
  // Not everybody has a key for it at hand.
  const undo = canUndo ? el("button", { onclick: () => dispatchEvent(new Event("takeback")) }, "Undo") : null;
  box.replaceChildren(el("div", { class: isError ? "toast error" : "toast" }, text, undo));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.replaceChildren(), isError ? 8000 : undo ? 5000 : 2500);
}

/**
 * Run the latest call only, one at a time: a slider asks more often than a server answers.
 * @template {any[]} A
 * @param {(...given: A) => any} work
 * @returns {(...given: A) => void}
 */
export function throttled(work, pause_ms = 0) {
  /** @type {A | null} */
  let waiting = null;
  let isBusy = false;
  const next = async () => {
    if (isBusy || !waiting) return;
    const given = waiting;
    waiting = null;
    isBusy = true;
    try {
      await work(...given);
    } finally {
      setTimeout(() => {
        isBusy = false;
        next();
      }, pause_ms);
    }
  };
  return (...given) => {
    waiting = given;
    next();
  };
}

// ---- numbers in words ----------------------------------------------------------------------------

/** @param {number} count */
export const many = (count) => count.toLocaleString("en");

/**
 * "1 clip", "2,000 clips".
 * @param {number} count
 * @param {string} word
 */
export const counted = (count, word) => `${many(count)} ${word}${count === 1 ? "" : "s"}`;

/** @param {number} value */
export function seconds(value) {
  const minutes = Math.floor(value / 60);
  const rest = (value - 60 * minutes).toFixed(2).padStart(5, "0");
  return minutes >= 60
    ? `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`
    : `${minutes}:${rest}`;
}

/** @param {number} value_s */
export function hours(value_s) {
  if (value_s < 60) return `${value_s.toFixed(1)} s`;
  if (value_s < 3600) return `${(value_s / 60).toFixed(1)} min`;
  return `${(value_s / 3600).toFixed(2)} h`;
}

/** @param {number} value_bytes */
export function bytes(value_bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value_bytes)) / 3));
  const value = value_bytes / 1000 ** at;
  return `${value.toFixed(at && value < 100 ? 1 : 0)} ${units[at]}`;
}

/** @param {any} value */
export const number = (value) =>
  value === null || value === undefined
    ? "–"
    : typeof value !== "number" || Number.isInteger(value)
      ? String(value)
      : Math.abs(value) >= 100
        ? value.toFixed(0)
        : Math.abs(value) >= 1
          ? value.toFixed(2)
          : value.toPrecision(2);

/** @param {string} path */
export const name = (path) => path.split("/").pop();

/** @param {string} text */
export const wide = (text) => el("span", { class: "wide" }, text); // a phone has no room for it
