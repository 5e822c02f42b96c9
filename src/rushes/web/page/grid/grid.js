// A grid of any number of clips: only those in sight exist. Rows are fetched by the hundred.

/** @import { Row } from "../app/types.js" */

import { get } from "../app/api.js";
import { cardLabel, fillCard } from "./card.js";
import { $, el, targetOf } from "../app/dom.js";
import { drawHeads } from "./group_header.js";
import * as places from "./layout.js";
import { setUpScrub } from "./still_scrub.js";
import { sortedBy, state } from "../app/state.js";

const PAGE = 100;
const { GAP } = places;

/** @type {Map<number, Promise<Row[]>>} */
let pages = new Map(); // by page number
let isStale = false; // whether the cards are out of date, because nobody sees them
/** @type {Map<number, HTMLElement>} */
const cards = new Map(); // by place in the order
/** @type {places.Layout | null} */
let layout = null;
let size = Math.min(+(localStorage.getItem("size") ?? places.MEDIUM), places.SIZES - 1) || 0;
const box = { width: 0, height: 0 }; // of the grid, as it was laid out last
const upright = { at: -1, column: 0 }; // the column that ↑ and ↓ keep to, as long as they are pressed
let onOpen = (/** @type {string} */ _clip) => {};
let onPick = (/** @type {number} */ _at, _isRange = false) => {};
let onStale = () => {};

/** @param {{onOpen: typeof onOpen, onPick: (at: number, isRange?: boolean) => any, onStale: () => any}} handlers */
export function setUp(handlers) {
  ({ onOpen, onPick, onStale } = handlers);
  /** @type {HTMLElement} */
  const grid = $("grid");
  grid.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = grid;
    if (!width || (width === box.width && height === box.height)) return; // hidden, or back again
    Object.assign(box, { width, height });
    lie(firstInSight());
  }).observe(grid);
  setUpScrub(grid);
  grid.addEventListener("click", (event) => {
    const card = targetOf(event).closest(".card");
    if (!card) return;
    const at = +card.dataset.at;
    if (targetOf(event).closest(".tick") || event.shiftKey || event.ctrlKey || event.metaKey) {
      onPick(at, event.shiftKey);
    } else {
      state.cursor = at;
      onOpen(card.dataset.clip);
    }
  });
}

export function show() {
  // Cards stay where they are and are filled anew, so that nothing blinks.
  pages = new Map();
  isStale = false;
  state.cursor = Math.min(state.cursor, Math.max(0, state.query.count - 1));
  measure();
  draw(true);
}

export function refresh() {
  // The order stays; the rows are asked for again, once the cards are seen: beneath an open clip,
  // the way to the next one would wait for them.
  isStale = document.body.classList.contains("viewing");
  if (isStale) return;
  pages = new Map();
  draw(true);
}

export function uncover() {
  scrollTo(state.cursor);
  draw();
  markAll();
  if (isStale) refresh();
}

function measure() {
  layout = places.plan({
    groups: state.query?.groups,
    count: state.query?.count ?? 0,
    width: $("grid").clientWidth,
    size,
    isNarrow: innerWidth < 600,
  });
  $("space").style.height = `${Math.ceil(layout.total * layout.scale)}px`;
}

/** @param {number} at */
function lie(at) {
  measure();
  scrollTo(at, "start");
  draw();
}

/** @param {number} by */
export function resize(by) {
  const had = size;
  size = Math.max(0, Math.min(places.SIZES - 1, size + by));
  localStorage.setItem("size", String(size));
  if (size !== had && state.query) lie(isCursorSeen() ? state.cursor : firstInSight());
}

// ---- the clips in sight --------------------------------------------------------------------------

const top = () => $("grid").scrollTop / layout.scale;

// The bar of the selected clips lies over the grid.
const tall = () => $("grid").clientHeight - ($("batch").hidden ? 0 : $("batch").offsetHeight + GAP);

/** @param {number} at */
function isSeen(at) {
  const { y, header } = places.place(layout, at);
  const middle = y + layout.height / 2;
  return middle > top() + header && middle < top() + tall();
}

export const isCursorSeen = () => Boolean(layout && state.query?.count) && isSeen(state.cursor);

export function firstInSight() {
  if (!layout || !state.query?.count) return 0;
  const seen = places.within(layout, top(), top() + tall()).places;
  return seen.find(isSeen) ?? seen[0] ?? 0;
}

/** @param {number} at */
export function scrollTo(at, where = "near") {
  if (!layout || !state.query?.count) return;
  const grid = $("grid");
  const { y, header } = places.place(layout, Math.min(at, state.query.count - 1));
  const above = y - GAP - header;
  if (where === "start" || above < top()) grid.scrollTop = above * layout.scale;
  else if (y + layout.height + GAP > top() + tall()) {
    grid.scrollTop = (y + layout.height + GAP - tall()) * layout.scale;
  }
}

// ---- rows and cards ------------------------------------------------------------------------------

/**
 * @param {number} at
 * @returns {Promise<Row>}
 */
export function row(at) {
  const page = Math.floor(at / PAGE);
  if (!pages.has(page)) {
    const query = state.query.query;
    const shown = encodeURIComponent(sortedBy());
    const rows = get(`/api/clips?query=${query}&first=${page * PAGE}&count=${PAGE}&show=${shown}`);
    rows.catch((error) => {
      pages.delete(page);
      if (error.status === 410) onStale();
    });
    pages.set(page, rows);
  }
  return pages.get(page).then((rows) => rows[at % PAGE]);
}

export function draw(isAgain = false) {
  if (!layout || !state.query) return;
  const margin = layout.height * 2;
  const found = places.within(layout, top() - margin, top() + $("grid").clientHeight + margin);
  const wanted = new Set(found.places);
  for (const [at, card] of cards) {
    if (!wanted.has(at)) {
      card.remove();
      cards.delete(at);
    }
  }
  const shift = $("grid").scrollTop - top(); // where a pixel stands for several
  drawHeads(found.parts, { shift, top: top(), isScaled: layout.scale < 1 });
  for (const at of found.places) {
    let card = cards.get(at);
    const isNew = !card;
    if (isNew) {
      card = el("div", { class: "card", id: `card-${at}`, role: "option", dataset: { at } });
      cards.set(at, card);
      $("space").append(card);
    }
    const { x, y } = places.place(layout, at);
    card.style.transform = `translate(${x}px, ${y + shift}px)`;
    card.style.width = `${layout.card}px`;
    card.style.height = `${layout.height}px`;
    if (isNew || isAgain) fill(card, at);
    else mark(card, at);
  }
  tellCursor();
}

/**
 * @param {HTMLElement} card
 * @param {number} at
 */
async function fill(card, at) {
  let found;
  try {
    found = await row(at);
  } catch {
    return;
  }
  if (!found || cards.get(at) !== card) return;
  fillCard(card, found);
  card.setAttribute("aria-label", cardLabel(found));
  card.setAttribute("aria-posinset", String(at + 1));
  card.setAttribute("aria-setsize", String(state.query.count));
  mark(card, at);
}

/**
 * @param {HTMLElement} card
 * @param {number} at
 */
function mark(card, at) {
  const isSelected = state.selected.has(card.dataset.clip);
  card.classList.toggle("cursor", at === state.cursor);
  card.classList.toggle("selected", isSelected);
  card.setAttribute("aria-selected", String(isSelected));
}

export function markAll() {
  cards.forEach(mark);
  tellCursor();
}

function tellCursor() {
  // To a screen reader, while the arrow keys move: the focus stays on the grid itself.
  if (cards.has(state.cursor)) $("grid").setAttribute("aria-activedescendant", `card-${state.cursor}`);
  else $("grid").removeAttribute("aria-activedescendant");
}

// ---- the cursor ----------------------------------------------------------------------------------

/** @type {Object<string, number>} */
const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/**
 * @param {string} key
 * @param {boolean} isRange
 */
export function moveCursor(key, isRange) {
  const { cursor } = state;
  let to;
  if (key in SIDEWAYS) to = Math.min(Math.max(cursor + SIDEWAYS[key], 0), state.query.count - 1);
  else {
    if (upright.at !== cursor) upright.column = places.columnOf(layout, cursor);
    const screen = Math.max(1, Math.floor(tall() / (layout.height + GAP)));
    const rows = { ArrowUp: -1, ArrowDown: 1, PageUp: -screen, PageDown: screen }[key];
    to = upright.at = places.rowsOn(layout, cursor, rows, upright.column);
  }
  if (isRange) onPick(to, true);
  goTo(to);
}

/** @param {number} at */
export function goTo(at, where = "near") {
  state.cursor = at;
  scrollTo(at, where);
  draw();
  markAll();
}

export const inView = () => cards.values();
export const cardAt = (/** @type {number} */ at) => cards.get(at);

export async function known() {
  // The clips from the cursor on that are here already: the server may have forgotten the order.
  /** @type {string[]} */
  const found = [];
  for (let page = Math.floor(state.cursor / PAGE); pages.has(page); page++) {
    const rows = await pages.get(page).catch(() => /** @type {Row[]} */ ([]));
    found.push(...rows.map((one) => one.clip));
  }
  return found.slice(state.cursor % PAGE);
}

/**
 * Return the place of a clip in the order, or null.
 * @param {string} clip
 * @returns {Promise<number | null>}
 */
export async function find(clip) {
  for (const [page, rows] of pages) {
    const at = (await rows.catch(() => /** @type {Row[]} */ ([]))).findIndex((one) => one.clip === clip);
    if (at >= 0) return page * PAGE + at;
  }
  const found = await get(`/api/place?query=${state.query.query}&clip=${clip}`).catch(() => {});
  return found?.place ?? null;
}
