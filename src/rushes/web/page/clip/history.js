// The decisions on a clip: who, when, and from where.

/** @import { Clip, Step } from "../app/types.js" */

import { el } from "../app/dom.js";

const SHOWN = 12;

/**
 * @param {string[] | undefined} words
 * @param {string} sign
 */
const list = (words, sign) => (words || []).map((word) => `${sign}${word}`);

/** @param {Step} step */
function words({ kind, value }) {
  if (kind === "verdict") return value || "undecided";
  if (kind === "tags") return [...list(value.add, "+"), ...list(value.remove, "−")].join(" ");
  return kind === "span" ? "trim, split or merge" : `${kind}: ${value ?? "none"}`;
}

/** @param {Clip} clip */
export function historyOf(clip) {
  if (!clip.history.length) return el("p", { class: "quiet" }, "No decisions yet.");
  const rows = clip.history.slice(-SHOWN).reverse().map((one) =>
    el(
      "li",
      { class: one.is_undone ? "undone" : "" },
      el("b", {}, words(one)),
      ` ${one.who}, ${new Date(one.at).toLocaleString()}${one.source === "page" ? "" : ` (${one.source})`}`,
      one.is_undone ? " – undone" : "",
    ),
  );
  return el("ol", { class: "story" }, ...rows);
}
