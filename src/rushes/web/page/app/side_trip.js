// A side view: a temporary filter, such as one source's clips, a cluster, or clips like another. Esc
// returns to the view before: to the same clips in the same place, with its filters and its order.

/** @import { Clip, Query } from "./types.js" */

import { $, name, seconds, toast } from "./dom.js";
import * as grid from "../grid/grid.js";
import { written } from "../filters/rules.js";
import { state } from "./state.js";

export const MOST = 60; // of the clips that are like another, these: all are, somewhat
const SHOWN = /** @type {const} */ (["only", "verdict", "sort", "group", "text", "like"]);

/**
 * A place to return to.
 * @typedef {object} Place
 * @property {any} shown
 * @property {Query} query
 * @property {number} cursor
 * @property {number} scroll
 * @property {string | null} clip
 * @property {Place | null} searched
 */

/** @type {Place[]} */
const before = []; // where side views began, the last one last
/** @type {Place | null} */
let searched = null; // where a search began
let handlers = {
  onUncover: async () => {},
  onEnter: () => {},
  onGo: async (/** @type {string | null} */ _clip) => {},
  onBack: async (/** @type {Place} */ _place) => {},
};

/** @param {typeof handlers} given */
export function setUp(given) {
  handlers = given;
  // From a bookmark.
  if (state.like && !state.only) {
    const label = new URLSearchParams(location.search).get("label") || `like ${state.like.slice(0, 8)}`;
    state.only = { rules: [], label, most: MOST };
  }
}

export const depth = () => before.length;

/** @param {string | null} clip */
async function here(clip = null) {
  const standing = clip || (state.query?.count ? (await grid.row(state.cursor))?.clip : null);
  return {
    shown: Object.fromEntries(SHOWN.map((key) => [key, state[key]])),
    query: state.query,
    cursor: state.cursor,
    scroll: $("grid").scrollTop,
    clip: standing,
    searched,
  };
}

/**
 * Show only the clips that rules let pass.
 * @param {string[]} rules
 * @param {string} label
 * @param {{clip?: string | null, like?: string, group?: string, only?: typeof state.only}} more
 */
export async function look(rules, label, { clip = null, ...more } = {}) {
  await handlers.onUncover();
  handlers.onEnter();
  before.push(await here(clip));
  searched = null;
  Object.assign(state, { only: { rules, label }, cursor: 0, verdict: "", sort: "", group: "", text: "", like: "" }, more);
  return handlers.onGo(clip);
}

export function leave() {
  const was = before.pop();
  if (was) return goBack(was);
  Object.assign(state, { only: null, like: "" });
  return handlers.onGo(null);
}

/** @param {Place} was */
function goBack(was) {
  searched = was.searched;
  Object.assign(state, was.shown);
  return handlers.onBack(was);
}

// ---- searching, also inside a side view ----------------------------------------------------------

/** @param {string} text */
export async function search(text) {
  if (!text) return endSearch();
  await handlers.onUncover();
  if (!state.text) searched = await here();
  Object.assign(state, { text, sort: "", cursor: 0 });
  return handlers.onGo(null);
}

export async function endSearch() {
  if (!state.text) return;
  await handlers.onUncover();
  const was = searched;
  searched = null;
  state.text = "";
  if (!was) return handlers.onGo(null);
  state.sort ||= was.shown.sort;
  return handlers.onBack(was);
}

export const escape = () => (state.text ? endSearch() : state.only ? leave() : null);

// ---- side views of one clip ----------------------------------------------------------------------

/** @param {Clip} clip */
export function alike(clip) {
  const { clip: id, video, in_s: from } = clip;
  const label = `like ${name(video).replace(/\.\w+$/, "")} ${seconds(from).replace(/\.\d+$/, "")}`;
  return look([], label, { clip: id, like: id, only: { rules: [], label, most: MOST } });
}

/** @param {Clip} clip */
export function sameSource(clip) {
  return look([`video = ${written(clip.video)}`], `source: ${name(clip.video)}`, { clip: clip.clip });
}

/** @param {Clip} clip */
export function duplicates(clip) {
  const group = clip.scores["dedup.group"];
  if (!group) return toast("no duplicates of this clip are known; Jobs → Find duplicates looks for them");
  return look([`dedup.group = ${group}`], `duplicates, group ${group}`, { clip: clip.clip, group: "dedup.group" });
}
