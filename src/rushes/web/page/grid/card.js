// A card of the grid: the still, the words and the badges of its clip.

/** @import { Row } from "../app/types.js" */

import { stillUrl } from "../app/api.js";
import { isBest } from "../sets/duplicates.js";
import { counted, el, name, number, seconds } from "../app/dom.js";
import { aboutOf, sortedBy, unitOf, valueOf } from "../app/state.js";

/**
 * @param {HTMLElement} card
 * @param {Row} found
 */
export function fillCard(card, found) {
  const old = card.querySelector("img");
  const isSame = card.dataset.clip === found.clip && +card.dataset.stills === found.stills && old;
  card.dataset.clip = found.clip;
  card.dataset.stills = String(found.stills);
  const middle = Math.floor(found.stills / 2);
  const picture = isSame
    ? old
    : el("img", {
        alt: "", // the card has a label
        src: found.stills ? stillUrl(found.clip, middle, 180) : "data:,",
        draggable: false,
        decoding: "async",
      });
  card.replaceChildren(
    el("div", { class: "picture" }, picture, el("i", { class: "needle" }), badge(found), best(found)),
    el("button", { class: "tick", title: "Select (x)", "aria-hidden": "true", tabIndex: -1 }),
    el(
      "footer",
      {},
      el("span", { class: "title" }, found.caption || name(found.video)),
      el(
        "span",
        { class: "time" },
        el("span", {}, `${seconds(found.in_s)} · ${found.duration_s.toFixed(1)} s`),
        shown(found),
      ),
    ),
  );
}

/**
 * Return the words of a screen reader for it.
 * @param {Row} found
 */
export function cardLabel(found) {
  return [
    found.caption,
    `${name(found.video)} at ${seconds(found.in_s)}`,
    `${found.duration_s.toFixed(1)} s`,
    found.verdict || "undecided",
    found.stars ? counted(found.stars, "star") : "",
    isBest(found.clip) ? "the best of its duplicates" : "",
  ].filter(Boolean).join(", ");
}

/** @param {Row} found */
function best(found) {
  return isBest(found.clip)
    ? el("span", { class: "best", title: "The best of its duplicates" }, "best")
    : null;
}

/** @param {Row} found */
function badge(found) {
  const stars = found.stars ? "★".repeat(found.stars) : "";
  const word = found.verdict === "keep" ? "✓ keep" : found.verdict === "drop" ? "✕ drop" : "";
  const news = found.is_measured === false ? "not measured yet" : ""; // a filter does not know it
  return el("span", { class: `badge ${found.verdict || ""}` }, [word, stars, news].filter(Boolean).join(" · "));
}

/** @param {Row} found */
function shown({ shown: value }) {
  // The value that the grid is sorted by: an order whose reason one cannot see is none.
  const by = sortedBy();
  if (!by || by === "duration_s" || value === null || value === undefined) return null;
  // Where there is no room, the unit is cut off first.
  return el("span", { class: "shown", title: `${aboutOf(by)}\n${valueOf(by, value)}` }, el("b", {}, number(value)), ` ${unitOf(by)}`);
}
