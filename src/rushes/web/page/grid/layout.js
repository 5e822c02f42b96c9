// Places of the cards and of the heads of groups in a grid, in pixels of the whole of it, which may
// be taller than browsers scroll.

/** @typedef {{index: number, label: string, count: number, first: number, y: number, end: number, header: number}} Part */
/** @typedef {{columns: number, card: number, height: number, parts: Part[], total: number, scale: number}} Layout */

export const GAP = 10;
export const HEADER = 40;
export const MEDIUM = 1;
const TALLEST = 12e6; // browsers scroll through no more pixels: beyond, one pixel is several
const FOOTER = 46;
const LEAST = { wide: [140, 210, 330], narrow: [108, 150, 300] }; // a card's width: small, medium, large
export const SIZES = LEAST.wide.length;

/**
 * @param {{groups?: [string, number][], count: number, width: number, size: number, isNarrow: boolean}} given
 * @returns {Layout}
 */
export function plan({ groups, count, width, size, isNarrow }) {
  const inner = width - 2 * GAP;
  const least = LEAST[isNarrow ? "narrow" : "wide"][size];
  const columns = Math.max(size > MEDIUM ? 1 : 2, Math.floor((inner + GAP) / least));
  const card = (inner + GAP) / columns - GAP;
  const height = Math.round((card * 9) / 16) + FOOTER;
  let y = GAP;
  let first = 0;
  /** @type {[string, number][]} */
  const all = groups?.length ? groups : [["", count]];
  const parts = all.map(([label, many], index) => {
    const part = { index, label, count: many, first, y, end: 0, header: label ? HEADER : 0 };
    y += part.header + Math.ceil(many / columns) * (height + GAP);
    first += many;
    part.end = y;
    return part;
  });
  return { columns, card, height, parts, total: y, scale: Math.min(1, TALLEST / y) };
}

/**
 * @param {Part[]} parts
 * @param {(part: Part) => boolean} holds
 */
function lastWith(parts, holds) {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(parts[middle])) low = middle;
    else high = middle - 1;
  }
  return parts[low];
}

const partOf = (/** @type {Layout} */ { parts }, /** @type {number} */ at) => lastWith(parts, ({ first }) => first <= at);

export const columnOf = (/** @type {Layout} */ layout, /** @type {number} */ at) => (at - partOf(layout, at).first) % layout.columns;

/**
 * Return {x, y, header}: its upper left corner, and the height of the head that may stick above it.
 * @param {Layout} layout
 * @param {number} at
 */
export function place(layout, at) {
  const part = partOf(layout, at);
  const inside = at - part.first;
  return {
    x: GAP + (inside % layout.columns) * (layout.card + GAP),
    y: part.y + part.header + Math.floor(inside / layout.columns) * (layout.height + GAP),
    header: part.header,
  };
}

/**
 * Return {places, parts} between two heights.
 * @param {Layout} layout
 * @param {number} from
 * @param {number} to
 */
export function within(layout, from, to) {
  const { columns, height, parts } = layout;
  const places = [];
  const seen = [];
  for (let { index } = lastWith(parts, ({ y }) => y <= from); index < parts.length; index++) {
    const part = parts[index];
    if (part.y >= to) break;
    seen.push(part);
    const step = height + GAP;
    const begin = part.y + part.header;
    const firstRow = Math.max(0, Math.floor((from - begin) / step));
    const lastRow = Math.min(Math.ceil(part.count / columns), Math.ceil((to - begin) / step));
    for (let i = firstRow * columns; i < Math.min(part.count, lastRow * columns); i++) {
      places.push(part.first + i);
    }
  }
  return { places, parts: seen };
}

/**
 * @param {Layout} layout
 * @param {number} at
 * @param {number} by
 * @param {number} column
 */
export function rowsOn(layout, at, by, column) {
  // The place `by` rows further down, or up, in a column: across the heads of groups, and at the end
  // of a row that is shorter.
  const { columns, parts } = layout;
  const rowsOf = (/** @type {Part} */ { count }) => Math.ceil(count / columns);
  let part = partOf(layout, at);
  let row = Math.floor((at - part.first) / columns) + by;
  while (row < 0 && part.index > 0) {
    part = parts[part.index - 1];
    row += rowsOf(part);
  }
  while (row >= rowsOf(part) && part.index < parts.length - 1) {
    row -= rowsOf(part);
    part = parts[part.index + 1];
  }
  const inside = Math.min(Math.max(row, 0), rowsOf(part) - 1) * columns + column;
  return part.first + Math.min(inside, part.count - 1);
}
