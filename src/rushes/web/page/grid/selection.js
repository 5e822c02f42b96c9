// The selected clips: one, a range, a group, or all that a lasso touches.

import { $, el, targetOf, toast } from "../app/dom.js";
import * as grid from "./grid.js";
import { get } from "../app/api.js";
import { state } from "../app/state.js";

let anchor = 0;
let onSelect = () => {};

/** @param {{onSelect: () => any}} handlers */
export function setUp(handlers) {
  ({ onSelect } = handlers);
  setUpLasso($("grid"));
}

// The server knows the clips at those places: one pick waits for the one before it.
/** @type {Promise<any>} */
let turn = Promise.resolve();

/** @param {number} at */
export function pick(at, isRange = false) {
  const from = isRange ? anchor : at;
  anchor = from;
  state.cursor = at;
  turn = turn
    .then(() => (isRange ? add(Math.min(from, at), Math.abs(at - from) + 1) : flip(at)))
    .then(changed, (error) => toast(error.message, true));
  return turn;
}

export const settled = () => turn;

/**
 * @param {number} first
 * @param {number} count
 */
export function pickGroup(first, count) {
  // All of a group; none of it if they are selected already.
  turn = turn
    .then(async () => {
      const found = await ids(first, count);
      const areAll = found.every((clip) => state.selected.has(clip));
      found.forEach((clip) => (areAll ? state.selected.delete(clip) : state.selected.add(clip)));
    })
    .then(changed, (error) => toast(error.message, true));
  return turn;
}

const ids = (/** @type {number} */ first, /** @type {number} */ count) =>
  /** @type {Promise<string[]>} */ (get(`/api/ids?query=${state.query.query}&first=${first}&count=${count}`));

/**
 * @param {number} first
 * @param {number} count
 */
async function add(first, count) {
  for (const clip of await ids(first, count)) state.selected.add(clip);
}

/** @param {number} at */
async function flip(at) {
  const { clip } = await grid.row(at);
  if (!state.selected.delete(clip)) state.selected.add(clip);
}

export async function all() {
  for (const clip of await get(`/api/ids?query=${state.query.query}`)) state.selected.add(clip);
  changed();
}

export function clear() {
  state.selected.clear();
  changed();
}

function changed() {
  grid.markAll();
  onSelect();
}

/** @param {number} at */
export function anchorAt(at) {
  anchor = at;
}

/** @param {HTMLElement} area */
function setUpLasso(area) {
  /** @type {{x: number, y: number, adds: boolean, before: Set<string>} | null} */
  let start = null;
  /** @type {HTMLElement | null} */
  let box = null;
  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button || targetOf(event).closest(".card")) return;
    if (event.offsetX > area.clientWidth) return; // the scroll bar
    start = { x: event.clientX, y: event.clientY, adds: event.shiftKey || event.ctrlKey || event.metaKey, before: new Set() };
  });
  // Words under the lasso are not chosen, too: the browser would drag those about the next time.
  area.addEventListener("selectstart", (event) => start && event.preventDefault());
  addEventListener("pointermove", (event) => {
    if (!start) return;
    if (!box) {
      if (Math.hypot(event.clientX - start.x, event.clientY - start.y) < 6) return;
      box = el("div", { class: "lasso" });
      document.body.append(box);
      start.before = start.adds ? new Set(state.selected) : new Set();
    }
    const [left, right] = [start.x, event.clientX].sort((a, b) => a - b);
    const [above, below] = [start.y, event.clientY].sort((a, b) => a - b);
    Object.assign(box.style, {
      left: `${left}px`, top: `${above}px`, width: `${right - left}px`, height: `${below - above}px`,
    });
    state.selected = new Set(start.before);
    for (const card of grid.inView()) {
      const r = card.getBoundingClientRect();
      const touches = r.left < right && r.right > left && r.top < below && r.bottom > above;
      if (touches && card.dataset.clip) state.selected.add(card.dataset.clip);
    }
    grid.markAll();
  });
  const end = () => {
    if (box) {
      box.remove();
      onSelect();
    }
    start = box = null;
  };
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}
