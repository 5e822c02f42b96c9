// The query: the question to the server, and its answer in the grid.

/** @import { Query } from "./types.js" */

import { post } from "./api.js";
import * as side from "./side_trip.js";
import * as bar from "./toolbar.js";
import * as duplicates from "../sets/duplicates.js";
import { $, el, toast } from "./dom.js";
import * as filters from "../filters/filters.js";
import * as grid from "../grid/grid.js";
import { remember, rules, state } from "./state.js";

const question = () => ({
  rules: rules(), sort: state.sort, group: state.group, text: state.text, like: state.like,
  ...(state.only?.most ? { limit: state.only.most } : {}),
});

let asking = 0;

/** @param {Query | null} had an answer that was had already */
export async function ask(had = null) {
  // It is still the answer to the same question: going back to it, nothing moves that was decided
  // meanwhile.
  const mine = ++asking;
  remember();
  const asked = JSON.stringify(question());
  let found = had;
  if (had?.asked !== asked) {
    try {
      found = await post("/api/query", question());
    } catch (error) {
      toast(error.message, true);
      return;
    }
    if (mine !== asking) return; // a later question is on its way
    found.asked = asked;
  }
  state.query = found;
  grid.show();
  showEmpty();
  showMore();
  filters.showCounts(found);
  duplicates.look();
}

/** @param {string | null} clip */
export async function goTo(clip) {
  bar.show();
  await ask();
  grid.goTo((clip && (await grid.find(clip))) ?? 0, "start");
}

/** @param {import("./side_trip.js").Place} place */
export async function goBack({ query, clip, cursor, scroll }) {
  bar.show();
  await ask(query);
  const at = clip ? await grid.find(clip) : null;
  $("grid").scrollTop = scroll;
  grid.goTo(Math.min(at ?? cursor, Math.max(0, state.query.count - 1)));
}

function showEmpty() {
  const empty = $("empty");
  empty.hidden = state.query.count > 0;
  if (!empty.hidden) empty.replaceChildren(...emptyWords());
}

function emptyWords() {
  const button = (/** @type {string} */ text, /** @type {() => any} */ onclick) => el("button", { onclick }, text);
  if (!state.total) return ["There are no clips yet. Scan and cut first: rushes run PATH…, or press Jobs."];
  if (state.text) {
    return [
      `No match for “${state.text}”. Try other words, or widen a filter. Esc ends the search. `,
      button("End the search", side.endSearch),
    ];
  }
  if (state.only) return ["No such clip, or none any more. Esc goes back. ", button("Go back", side.leave)];
  return ["No match. Widen a filter, or remove one."];
}

function showMore() {
  // Below the best of those that are like a clip.
  const most = state.only?.most;
  const more = $("more");
  more.hidden = !most || state.query.count < most;
  if (more.hidden) return;
  const next = () => {
    state.only = { ...state.only, most: most + side.MOST };
    ask();
  };
  more.replaceChildren(
    `These ${most} are most like it. `,
    el("button", { onclick: next }, `Show ${side.MOST} more`),
  );
}
