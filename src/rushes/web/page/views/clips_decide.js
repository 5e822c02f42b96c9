// Decisions on clips: stored, followed by the rest of the page, undone and redone.

import { post } from "../app/api.js";
import { toast } from "../app/dom.js";
import * as news from "../app/news.js";
import { atWork, state } from "../app/state.js";
import * as viewer from "../clip/viewer.js";
import { carryOn, named } from "../grid/continue_after_edit.js";
import * as grid from "../grid/grid.js";
import * as selection from "../grid/selection.js";
import * as bulk from "../sets/bulk_edit.js";

/** @typedef {{verdict?: string | null, stars?: number | null, reason?: string | null, [kind: string]: any}} Values */

let handlers = {
  step: async (/** @type {number} */ _by) => {},
  openClip: async (/** @type {string} */ _clip) => {},
  refresh: () => {},
};

/** @param {typeof handlers} given */
export function setUp(given) {
  handlers = given;
}

/**
 * Decide about the selected clips, the open one, or the one at the cursor.
 * @param {Values} values
 * @param {boolean} isFinal whether a verdict leads on to the next clip
 */
export async function decide(values, isFinal = true) {
  await selection.settled();
  if (!viewer.isOpen() && state.selected.size) return bulk.decide(values);
  const shown = viewer.isOpen() ? viewer.current() : await grid.row(state.cursor);
  if (!shown) return;
  if (values.verdict === "keep" && viewer.isTrimmed()) return viewer.trim(values);
  if (!(await store(shown.clip, values))) return;
  if (isFinal && values.verdict) await handlers.step(1);
  else if (viewer.isOpen()) await viewer.reload();
  if (viewer.isOpen() && "verdict" in values) viewer.sayDecided(values.verdict, shown);
}

/**
 * @param {string} clip
 * @param {Values} values
 */
async function store(clip, values) {
  // True once it is safely stored; the rest of the page follows by itself.
  try {
    await atWork(async () => news.followed(await post("/api/decide", { clips: [clip], values })));
  } catch (error) {
    toast(error.message, true);
    return false;
  }
  viewer.forget(clip);
  handlers.refresh();
  news.readState().catch((error) => toast(error.message, true));
  return true;
}

/**
 * Store text of a clip that may not be the one in sight any more; true if it is stored.
 * @param {string} clip
 * @param {Values} values
 */
export async function storeText(clip, values) {
  const isStored = await store(clip, values);
  if (isStored && viewer.current()?.clip === clip) await viewer.reload();
  return isStored;
}

export async function afterDeciding(done = {}) {
  news.followed(done);
  viewer.forget();
  handlers.refresh();
  if (viewer.isOpen()) await viewer.reload();
  await news.readState();
}

/**
 * @param {any} done the server's answer
 * @param {string[]} gone clips that the new ones replace
 * @param {Values} values
 */
export async function afterSpans(done, gone, values) {
  const { clips, order } = done;
  const shown = viewer.current();
  news.followed(done);
  gone.forEach((clip) => state.selected.delete(clip));
  await Promise.all([news.readState(), carryOn(order, clips[0])]);
  if (!values.verdict) return handlers.openClip(clips[0]);
  await handlers.step(1);
  viewer.sayDecided(values.verdict, shown);
}

/** @param {boolean} isRedo */
export const takeBack = (isRedo) =>
  atWork(() => takenBack(isRedo).catch((error) => toast(error.message, true)));

/** @param {boolean} isRedo */
async function takenBack(isRedo) {
  const done = await post(`/api/${isRedo ? "redo" : "undo"}?query=${state.query.query}`);
  news.followed(done);
  if (!done.kinds.length) return toast(isRedo ? "nothing to redo" : "nothing to undo");
  const words = `${named(done)} ${isRedo ? "redone" : "undone"}`;
  viewer.forget();
  await Promise.all([
    news.readState(),
    done.spans.length ? carryOn(done.order, done.now[0]) : handlers.refresh(),
  ]);
  if (viewer.isOpen()) {
    await handlers.openClip(done.now[0] || viewer.current().clip);
    return viewer.say(words);
  }
  toast(words);
  if (done.now.length === 1) {
    const at = await grid.find(done.now[0]);
    if (at !== null) state.cursor = at;
    grid.scrollTo(state.cursor);
    grid.markAll();
  }
}
