// The heads of groups: what they are, and what can be done to all clips of one. They stick to the
// upper edge while their clips scroll by.

import { CALLED } from "../app/toolbar.js";
import * as copies from "../sets/duplicates.js";
import { $, el, name } from "../app/dom.js";
import { pickGroup } from "./selection.js";
import { GAP } from "./layout.js";
import { column, state } from "../app/state.js";

const FAR = 20000; // pixels beyond which nothing need exist
const heads = new Map(); // index of the group → {node, part}
let drawn = null; // the query that they are of

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
    let { node } = heads.get(part.index) || {};
    if (!node) {
      node = el("div", { class: "group", role: "presentation" }, el("div", { class: "head" }));
      fill(node.firstChild, part);
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
  heads.forEach(({ node, part }) => fill(node.firstChild, part));
}

function fill(head, part) {
  const [what, more, title = ""] = told(part);
  head.replaceChildren(
    el(
      "button",
      { class: "quiet", tabIndex: -1, title: `${title}\nSelect these`.trim(), onclick: () => pickGroup(part.first, part.count) },
      el("b", {}, what),
      ` ${more}`,
    ),
    ...copies.actions(part),
  );
}

function told({ label, count }) {
  const clips = `${count.toLocaleString("en")} clip${count === 1 ? "" : "s"}`;
  const by = state.group;
  if (by === "dedup.group" && /^\d/.test(label)) {
    return [`${count.toLocaleString("en")} alike`, `(group ${label})`];
  }
  if (by === "video") return [name(label), clips, label];
  return [column(by)?.is_number && label !== "none" ? `${CALLED[by] || by} ${label}` : label, clips];
}
