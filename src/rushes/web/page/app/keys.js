// Keys: each view has a keymap of its own; here it is found out which key was pressed, and where.

/** @import { Keymap } from "./types.js" */

import { $, targetOf, toast } from "./dom.js";

// Actions run one after another: the second `y` is meant for the clip that the first one brings.
/** @type {Promise<any>} */
let turn = Promise.resolve();
let waiting = 0;
const MAX_WAITING = 50; // a key that is held down stops with the finger

/** @param {() => any} work */
export function inTurn(work) {
  if (waiting >= MAX_WAITING) return turn;
  waiting++;
  turn = turn.then(work).catch((error) => toast(error.message, true)).finally(() => waiting--);
  return turn;
}

/** @type {Set<string>} */
const down = new Set(); // keys that are held

/** @param {string} key */
export const isDown = (key) => down.has(key);

/** @param {KeyboardEvent} event */
const isPlain = (event) =>
  !(event.ctrlKey || event.metaKey || event.altKey) ||
  event.getModifierState("AltGraph") || // many keyboards have [ and ] there
  (event.altKey && !event.metaKey && "[]".includes(event.key));

/** @param {KeyboardEvent} event */
function nameOf({ key, shiftKey }) {
  // Caps Lock turns z into Z; a key means what it means with Shift as it is held.
  if (key.length > 1) return shiftKey ? `Shift+${key}` : key;
  return /[a-z]/i.test(key) ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
}

/**
 * @param {() => Keymap} keymap the keys of the view in sight
 */
export function listen(keymap) {
  addEventListener("keyup", ({ key }) => {
    down.delete(key.toLowerCase());
    keymap().onUp?.(key.toLowerCase());
  });
  addEventListener("blur", () => down.clear());
  addEventListener("keydown", (event) => {
    if ($("dialog").open) return;
    const target = targetOf(event);
    const name = nameOf(event);
    const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
    const isField =
      target.matches("textarea, input:not([type=range])") || (!control && target.matches("select"));
    /** @type {(() => any) | undefined} */
    let work;
    if (isField) {
      const inField = keymap().inField?.(control + name);
      if (inField) work = () => inField(target);
      else if (name === "Escape") target.blur();
    } else if (control && !event.altKey) work = keymap().find(control + name, event);
    else if (isPlain(event)) {
      // A handle of a slider, and a button, have uses for some keys themselves.
      if (target.matches("input") && /^(Arrow|Page|Home|End)/.test(event.key)) return;
      if (target.matches("button, a") && (event.key === " " || event.key === "Enter")) return;
      work = keymap().find(name, event);
      if (work) down.add(name);
    }
    if (!work) return;
    event.preventDefault();
    work();
  });
}
