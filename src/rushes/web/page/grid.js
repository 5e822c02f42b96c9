// A grid of any number of clips: only what is in sight exists. Rows are fetched by the hundred.

import { get, stillUrl } from "./api.js";
import { fillCard } from "./card.js";
import { $, el } from "./dom.js";
import { sortedBy, state } from "./state.js";

const PAGE = 100;
const GAP = 10;
const HEADER = 36;
const TALLEST = 12e6; // browsers cannot scroll through more pixels: beyond, one pixel is several

let pages = new Map(); // page number → promise of rows
let isStale = false; // whether the cards show what was, because nobody sees them
let cards = new Map(); // place in the order → element
let layout = null;
let onOpen = () => {};
let onPick = () => {};
let onStale = () => {};

export function setUp(handlers) {
  ({ onOpen, onPick, onStale } = handlers);
  const grid = $("grid");
  grid.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(() => {
    const top = firstInSight();
    measure();
    scrollTo(top, "start");
    draw();
  }).observe(grid);
  grid.addEventListener("pointermove", scrub);
  grid.addEventListener("pointerleave", () => unscrub(null));
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
  const grid = $("grid");
  const width = grid.clientWidth - 2 * GAP;
  const columns = Math.max(2, Math.floor((width + GAP) / (innerWidth < 600 ? 150 : 210)));
  const card = (width + GAP) / columns - GAP;
  const height = Math.round((card * 9) / 16) + 46;
  const groups = state.query?.groups?.length
    ? state.query.groups
    : [["", state.query ? state.query.count : 0]];
  let y = GAP;
  let first = 0;
  const parts = groups.map(([label, count]) => {
    const part = { label, count, first, y, header: label ? HEADER : 0 };
    y += part.header + Math.ceil(count / columns) * (height + GAP);
    first += count;
    return part;
  });
  layout = { columns, card, height, parts, total: y, scale: Math.min(1, TALLEST / y) };
  $("space").style.height = `${Math.ceil(y * layout.scale)}px`;
}

const top = () => $("grid").scrollTop / layout.scale;

function partAt(y) {
  let low = 0;
  let high = layout.parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (layout.parts[middle].y <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

function place(at) {
  const parts = layout.parts;
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (parts[middle].first <= at) low = middle;
    else high = middle - 1;
  }
  const part = parts[low];
  const inside = at - part.first;
  const row = Math.floor(inside / layout.columns);
  return {
    x: GAP + (inside % layout.columns) * (layout.card + GAP),
    y: part.y + part.header + row * (layout.height + GAP),
  };
}

function inSight(margin) {
  const from = top() - margin;
  const to = top() + $("grid").clientHeight + margin;
  const places = [];
  const headers = [];
  for (let at = partAt(from); at < layout.parts.length && layout.parts[at].y < to; at++) {
    const part = layout.parts[at];
    if (part.header) headers.push(part);
    const step = layout.height + GAP;
    const begin = part.y + part.header;
    const firstRow = Math.max(0, Math.floor((from - begin) / step));
    const lastRow = Math.min(Math.ceil(part.count / layout.columns), Math.ceil((to - begin) / step));
    for (let i = firstRow * layout.columns; i < Math.min(part.count, lastRow * layout.columns); i++) {
      places.push(part.first + i);
    }
  }
  return { places, headers };
}

const firstInSight = () => (layout && state.query ? (inSight(0).places[0] ?? 0) : 0);

export function scrollTo(at, where = "near") {
  if (!layout || !state.query?.count) return;
  const grid = $("grid");
  const { y } = place(Math.min(at, state.query.count - 1));
  const above = y - GAP < top();
  const below = y + layout.height + GAP > top() + grid.clientHeight;
  if (where === "start" || above) grid.scrollTop = (y - GAP) * layout.scale;
  else if (below) grid.scrollTop = (y + layout.height + GAP - grid.clientHeight) * layout.scale;
}

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
  const { places, headers } = inSight(layout.height * 2);
  const wanted = new Set(places);
  for (const [at, card] of cards) {
    if (!wanted.has(at)) {
      card.remove();
      cards.delete(at);
    }
  }
  const space = $("space");
  const shift = $("grid").scrollTop - top(); // where a pixel stands for several
  space.querySelectorAll(".group").forEach((node) => node.remove());
  for (const part of headers) {
    const head = el("div", { class: "group" }, el("b", {}, part.label), ` ${part.count}`);
    head.style.transform = `translateY(${part.y + shift}px)`;
    space.append(head);
  }
  for (const at of places) {
    let card = cards.get(at);
    const isNew = !card;
    if (isNew) {
      card = el("article", { class: "card", dataset: { at } });
      cards.set(at, card);
      space.append(card);
    }
    const { x, y } = place(at);
    card.style.transform = `translate(${x}px, ${y + shift}px)`;
    card.style.width = `${layout.card}px`;
    card.style.height = `${layout.height}px`;
    if (isNew || isAgain) fill(card, at);
    else mark(card, at);
  }
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
  mark(card, at);
}

function mark(card, at) {
  card.classList.toggle("cursor", at === state.cursor);
  card.classList.toggle("selected", state.selected.has(card.dataset.clip));
}

export function markAll() {
  cards.forEach(mark);
}

function unscrub(but) {
  document.querySelectorAll(".card.scrubbed").forEach((one) => {
    if (one === but) return;
    one.classList.remove("scrubbed");
    const picture = one.querySelector("img");
    if (picture) picture.src = stillUrl(one.dataset.clip, Math.floor(+one.dataset.stills / 2), 180);
  });
}

function scrub(event) {
  if (event.pointerType === "touch") return;
  const card = event.target.closest?.(".card");
  const count = card ? +card.dataset.stills : 0;
  unscrub(card);
  if (!card || count < 2 || event.buttons) return;
  const box = card.getBoundingClientRect();
  const share = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
  const url = stillUrl(card.dataset.clip, Math.floor(share * count), 180);
  const picture = card.querySelector("img");
  if (!picture.src.endsWith(url)) picture.src = url;
  card.classList.add("scrubbed");
  card.querySelector(".needle").style.left = `${share * 100}%`;
}

// ---- the cursor ----------------------------------------------------------------------------------

export function moveCursor(key, isRange) {
  const step = {
    ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.columns, ArrowDown: layout.columns,
    Home: -Infinity, End: Infinity,
  }[key];
  const to = Math.min(Math.max(state.cursor + step, 0), state.query.count - 1);
  if (isRange) onPick(to, true);
  state.cursor = to;
  scrollTo(to);
  draw();
  markAll();
}

export const inView = () => cards.values();
export const cardAt = (at) => cards.get(at);

export async function find(clip) {
  // Where a clip stands in the order, or null.
  for (const [page, rows] of pages) {
    const at = (await rows.catch(() => [])).findIndex((one) => one.clip === clip);
    if (at >= 0) return page * PAGE + at;
  }
  const found = await get(`/api/place?query=${state.query.query}&clip=${clip}`).catch(() => null);
  return found?.place ?? null;
}
