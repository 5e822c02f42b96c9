// The way on through the clips after a trim, split or merge: the new clips have no scores yet, and
// would be in no answer to the same question.

import { counted } from "../app/dom.js";
import { ask } from "../app/query.js";
import * as filters from "../filters/filters.js";
import * as grid from "./grid.js";
import { state } from "../app/state.js";

/**
 * @param {any} order as it was, with the new clips in it; null where the server knows it no more
 * @param {string} shown
 */
export function carryOn(order, shown) {
  if (!order) return askAgain(shown);
  const { shifts, ...query } = order;
  state.query = { ...query, groups: regrouped(state.query.groups, shifts), asked: state.query.asked };
  grid.show();
  filters.show();
}

/**
 * @param {[string, number][]} groups
 * @param {[number, number][]} shifts place in the order before, and how many clips more
 * @returns {[string, number][]}
 */
function regrouped(groups, shifts) {
  const counts = groups.map(([, count]) => count);
  for (const [place, more] of shifts) {
    let from = place;
    const at = groups.findIndex(([, count]) => (from -= count) < 0);
    if (at >= 0) counts[at] += more;
  }
  return groups.map(([label], at) => [label, counts[at]]);
}

/** @param {string | null} shown the clip that is open */
export async function askAgain(shown = null) {
  // Where it is in the list no more, the way goes on with the first of those that followed it.
  const followed = await grid.known();
  await ask();
  state.isOff = false;
  for (const clip of shown ? [shown, ...followed] : followed) {
    const at = await grid.find(clip);
    if (at === null) continue;
    state.cursor = at;
    state.isOff = Boolean(shown) && clip !== shown;
    break;
  }
  grid.markAll();
}

// ---- in words ------------------------------------------------------------------------------------

const spanned = (/** @type {[string[], string[]]} */ [from, to]) =>
  to.length > 1 ? "split" : from.length > 1 ? "merge" : "trim";

/** @param {any} action */
export function named({ kinds, spans, clips }) {
  // The verdict that a span brought along is no news.
  if (spans.length) return spanned(spans[0]);
  const words = kinds.join(" and ");
  return clips.length > 1 ? `${words} of ${counted(clips.length, "clip")}` : words;
}
