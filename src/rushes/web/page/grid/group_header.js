// The heads of groups: label, count, and the actions on all clips of one. They stick to the upper
// edge while their clips scroll by.

/** @import { Part } from "./layout.js" */

import * as duplicates from "../sets/duplicates.js";
import { $, counted, el, many, name } from "../app/dom.js";
import { GAP } from "./layout.js";
import { column, labelOf, state, unitOf } from "../app/state.js";

const FAR = 20000; // pixels beyond which nothing need exist
/** @type {Map<number, {node: HTMLElement, part: Part}>} */
const heads = new Map(); // by index of the group
/** @type {any} */
let drawn = null; // the query that they are of
let onPick = (/** @type {number} */ _first, /** @type {number} */ _count) => {};

/** @param {{onPick: (first: number, count: number) => any}} handlers */
export function setUp(handlers) {
  ({ onPick } = handlers);
}

/**
 * @param {Part[]} parts
 * @param {{shift: number, top: number, isScaled: boolean}} sight
 */
export function drawHeads(parts, { shift, top, isScaled }) {
  const wanted = new Set(parts.filter((part) => part.header).map((part) => part.index));
  for (const [index, { node }] of heads) {
    if (drawn === state.query && wanted.has(index)) continue;
    node.remove();
    heads.delete(index);
  }
  drawn = state.query;
  for (const part of parts) {
    if (!part.header) continue;
    let node = heads.get(part.index)?.node;
    if (!node) {
      node = el("div", { class: "group", role: "presentation" }, el("div", { class: "head" }));
      fill(/** @type {HTMLElement} */ (node.firstChild), part);
      $("space").append(node);
    }
    // A box as tall as the group, in which the head sticks.
    const from = isScaled ? Math.max(part.y, top - FAR) : part.y;
    const to = isScaled ? Math.min(part.end, top + FAR) : part.end;
    node.style.top = `${from + shift}px`;
    node.style.height = `${to - from - GAP}px`;
    heads.set(part.index, { node, part });
  }
}

export function refreshHeads() {
  heads.forEach(({ node, part }) => fill(/** @type {HTMLElement} */ (node.firstChild), part));
}

/**
 * @param {HTMLElement} head
 * @param {Part} part
 */
function fill(head, part) {
  const [title, more, about = ""] = words(part);
  head.replaceChildren(
    el(
      "button",
      { class: "quiet", tabIndex: -1, title: `${about}\nSelect these`.trim(), onclick: () => onPick(part.first, part.count) },
      el("b", {}, title),
      ` ${more}`,
    ),
    ...duplicates.actions(part),
  );
}

/** @param {Part} part */
function words({ label, count }) {
  const clips = counted(count, "clip");
  const by = state.group;
  if (by === "dedup.group" && /^\d/.test(label)) {
    return [`${many(count)} alike`, `(group ${label})`];
  }
  if (by === "video") return [name(label), clips, label];
  const isNumber = column(by)?.is_number && label !== "none";
  return [isNumber ? [labelOf(by), label, unitOf(by)].filter(Boolean).join(" ") : label, clips];
}
