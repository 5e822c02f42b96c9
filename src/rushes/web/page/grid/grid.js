// A grid of any number of clips: only what is in sight exists. Rows are fetched by the hundred.

import { get } from "../app/api.js";
import { fillCard, labelOf } from "./card.js";
import { $, el } from "../app/dom.js";
import { drawHeads } from "./group_header.js";
import * as places from "./layout.js";
import { setUpScrub } from "./still_scrub.js";
import { sortedBy, state } from "../app/state.js";

const PAGE = 100;
const { GAP } = places;

let pages = new Map(); // page number → promise of rows
let isStale = false; // whether the cards show what was, because nobody sees them
let cards = new Map(); // place in the order → element
let layout = null;
let size = Math.min(+(localStorage.getItem("size") ?? places.MEDIUM), places.SIZES - 1) || 0;
let upright = { at: -1, column: 0 }; // the column that ↑ and ↓ keep to, as long as they are pressed
let onOpen = () => {};
let onPick = () => {};
let onStale = () => {};

export function setUp(handlers) {
  ({ onOpen, onPick, onStale } = handlers);
  const grid = $("grid");
  grid.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  new ResizeObserver(() => lie(firstInSight())).observe(grid);
  setUpScrub(grid);
  grid.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (!card) return;
    const at = +card.dataset.at;
    if (event.target.closest(".tick") || event.shiftKey || event.ctrlKey || event.metaKey) {
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
  // The order stays; what stands on the cards is asked for again, once they are seen: beneath an
  // open clip, the way to the next one would wait for it.
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

function lie(at) {
  measure();
  scrollTo(at, "start");
  draw();
}

export function resize(by) {
  const had = size;
  size = Math.max(0, Math.min(places.SIZES - 1, size + by));
  localStorage.setItem("size", size);
  if (size !== had && state.query) lie(isCursorSeen() ? state.cursor : firstInSight());
}

// ---- what is in sight ----------------------------------------------------------------------------

const top = () => $("grid").scrollTop / layout.scale;

// The bar of what can be done to the selected clips lies over the grid.
const tall = () => $("grid").clientHeight - ($("batch").hidden ? 0 : $("batch").offsetHeight + GAP);

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

async function fill(card, at) {
  let found;
  try {
    found = await row(at);
  } catch {
    return;
  }
  if (!found || cards.get(at) !== card) return;
  fillCard(card, found);
  card.setAttribute("aria-label", labelOf(found));
  card.setAttribute("aria-posinset", at + 1);
  card.setAttribute("aria-setsize", state.query.count);
  mark(card, at);
}

function mark(card, at) {
  const isSelected = state.selected.has(card.dataset.clip);
  card.classList.toggle("cursor", at === state.cursor);
  card.classList.toggle("selected", isSelected);
  card.setAttribute("aria-selected", isSelected);
}

export function markAll() {
  cards.forEach(mark);
  tellCursor();
}

function tellCursor() {
  // What a screen reader says while the arrow keys move: the focus stays on the grid itself.
  if (cards.has(state.cursor)) $("grid").setAttribute("aria-activedescendant", `card-${state.cursor}`);
  else $("grid").removeAttribute("aria-activedescendant");
}

// ---- the cursor ----------------------------------------------------------------------------------

const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

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

export function goTo(at, where = "near") {
  state.cursor = at;
  scrollTo(at, where);
  draw();
  markAll();
}

export const inView = () => cards.values();
export const cardAt = (at) => cards.get(at);

export async function known() {
  // The clips from the cursor on, as far as they are here: an order may be forgotten.
  const found = [];
  for (let page = Math.floor(state.cursor / PAGE); pages.has(page); page++) {
    const rows = await pages.get(page).catch(() => []);
    found.push(...rows.map((one) => one.clip));
  }
  return found.slice(state.cursor % PAGE);
}

export async function find(clip) {
  // Where a clip stands in the order, or null.
  for (const [page, rows] of pages) {
    const at = (await rows.catch(() => [])).findIndex((one) => one.clip === clip);
    if (at >= 0) return page * PAGE + at;
  }
  const found = await get(`/api/place?query=${state.query.query}&clip=${clip}`).catch(() => null);
  return found?.place ?? null;
}
