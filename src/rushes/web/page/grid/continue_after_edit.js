// The way on through the clips after some were trimmed, divided or joined: those have no scores yet,
// and would be in no answer to the same question.

import { ask } from "../app/query.js";
import * as filters from "../filters/filters.js";
import * as grid from "./grid.js";
import { state } from "../app/state.js";

export async function carryOn(order, shown) {
  // The order as it was with the new clips in it, or null where the server knows it no more.
  if (!order) return askAgain(shown);
  const { shifts, ...query } = order;
  state.query = { ...query, groups: regrouped(state.query.groups, shifts), asked: state.query.asked };
  grid.show();
  filters.show();
}

function regrouped(groups, shifts) {
  // `shifts`: place in the order before, and how many there are more.
  const counts = groups.map(([, count]) => count);
  for (const [place, more] of shifts) {
    let from = place;
    const at = groups.findIndex(([, count]) => (from -= count) < 0);
    if (at >= 0) counts[at] += more;
  }
  return groups.map(([label], at) => [label, counts[at]]);
}

export async function askAgain(shown = null) {
  // `shown`: the clip that is open. Where it is in the list no more, the way goes on with the first
  // of those that followed it.
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

const spanned = ([from, to]) => (to.length > 1 ? "split" : from.length > 1 ? "join" : "trim");

export function named({ kinds, spans, clips }) {
  // What an action was: what a span brought along is no news.
  if (spans.length) return spanned(spans[0]);
  const words = kinds.join(" and ");
  return clips.length > 1 ? `${words} of ${clips.length.toLocaleString("en")} clips` : words;
}
