// The view of the clips: the grid, its filters, and the clip that is open.

/** @import { View } from "../app/types.js" */

import * as back from "../app/history_stack.js";
import { $, toast } from "../app/dom.js";
import { inTurn } from "../app/keys.js";
import * as jobs from "../app/jobs.js";
import * as news from "../app/news.js";
import { ask, goBack, goTo } from "../app/query.js";
import * as side from "../app/side_trip.js";
import { recall, remember, state } from "../app/state.js";
import * as bar from "../app/toolbar.js";
import * as charts from "../charts/charts.js";
import { setUpSwipe } from "../clip/swipe.js";
import * as viewer from "../clip/viewer.js";
import * as filters from "../filters/filters.js";
import { askAgain } from "../grid/continue_after_edit.js";
import * as grid from "../grid/grid.js";
import * as heads from "../grid/group_header.js";
import * as peek from "../grid/inline_play.js";
import * as selection from "../grid/selection.js";
import * as bulk from "../sets/bulk_edit.js";
import * as duplicates from "../sets/duplicates.js";
import * as decisions from "./clips_decide.js";
import { keymap } from "./clips_keys.js";

let isSetUp = false;
/** @type {{revision: number, clipsRevision: number, scroll: number} | null} */
let left = null; // the place and the revisions when the view was left

/** @type {View} */
export const view = {
  name: "clips",
  title: "Clips",
  keys: keymap({ ...decisions, step, openClip }),
  mount,
  unmount,
  follow,
  layers: () => side.depth() + Number(viewer.isOpen()),
  closeTop: () => inTurn(() => (viewer.isOpen() ? viewer.close() : side.leave())),
};

/** @param {string} clip */
export const open = (clip) => inTurn(() => openClip(clip));

export const shownClip = () => viewer.current()?.clip;

async function mount() {
  if (isSetUp) return comeBack();
  isSetUp = true;
  recall();
  setUp();
  bar.show();
  const first = ask();
  await filters.setUp({ onChange: () => ask(), onOpen: open });
  await first;
  filters.recount();
}

function setUp() {
  news.onState(() => {
    viewer.drawPlace();
    bar.showVerdicts();
    if (state.view === "clips") filters.follow();
  });
  grid.setUp({ onOpen: open, onPick: selection.pick, onStale: () => askAgain(viewer.current()?.clip) });
  heads.setUp({ onPick: selection.pickGroup });
  selection.setUp({ onSelect: bulk.show });
  bulk.setUp({ onDone: decisions.afterDeciding });
  decisions.setUp({ step, openClip, refresh });
  viewer.setUp({
    onClose: () => {
      state.isOff = false;
      grid.uncover();
    },
    onTurn: inTurn,
    onStep: (by) => inTurn(() => step(by)),
    onDecide: (values, isFinal = true) => inTurn(() => decisions.decide(values, isFinal)),
    onText: decisions.storeText,
    onUndo: () => dispatchEvent(new Event("takeback")),
    onSpans: decisions.afterSpans,
    onLike: () => side.alike(viewer.current()),
    onSource: side.sameSource,
    onDuplicates: side.duplicates,
  });
  const undo = () => inTurn(() => decisions.takeBack(false));
  addEventListener("takeback", undo);
  $("undo").onclick = undo;
  duplicates.setUp({ onDone: decisions.afterDeciding, onKnown: showDuplicates });
  side.setUp({ onUncover: viewer.close, onEnter: back.enter, onGo: goTo, onBack: goBack });
  bar.setUp({ onAsk: () => ask(), onSearch: side.search, onLeave: side.leave });
  charts.setUp({ look: side.look, search: side.search, open, work: jobs.start });
  setUpSwipe(document.querySelector(".screen"), (by) => inTurn(() => step(by)));
  $("show-charts").onclick = () => charts.show().catch((error) => toast(error.message, true));
  addEventListener("hashchange", () => {
    const id = location.hash.slice(1);
    if (id && id !== viewer.current()?.clip && state.view === "clips") open(id);
  });
}

async function unmount() {
  peek.stop();
  await viewer.close();
  left = { ...news.known(), scroll: $("grid").scrollTop };
}

async function comeBack() {
  remember();
  $("grid").scrollTop = left.scroll;
  $("grid").focus({ preventScroll: true });
  grid.draw();
  if (news.known().revision !== left.revision) await catchUp(left.clipsRevision);
}

function follow() {
  return catchUp(news.known().clipsRevision);
}

/** @param {number} had the clips' revision that is shown */
async function catchUp(had) {
  viewer.forget();
  await news.readState();
  if (news.known().clipsRevision === had) refresh();
  else {
    bar.show();
    await filters.show();
    await askAgain(viewer.current()?.clip);
  }
  if (viewer.isOpen()) await viewer.reload();
}

function refresh() {
  grid.refresh();
  duplicates.look();
}

function showDuplicates() {
  heads.refreshHeads();
  grid.draw(true);
}

// ---- the clip that is open -----------------------------------------------------------------------

/** @param {string} id */
async function openClip(id) {
  peek.stop();
  const at = await grid.find(id);
  if (at !== null) state.cursor = at;
  state.isOff = at === null;
  if (!viewer.isOpen()) back.enter();
  await viewer.open(id);
  for (const ahead of [1, 2, 3]) {
    const next = state.cursor + ahead;
    if (next < state.query.count) {
      grid.row(next).then((one) => one && viewer.prefetch(one.clip)).catch(() => {});
    }
  }
}

/** @param {number} by */
async function step(by) {
  const to = state.cursor + by - (state.isOff && by > 0 ? 1 : 0);
  if (to < 0 || to >= state.query.count) {
    toast(to < 0 ? "this is the first clip" : "this was the last clip");
    if (viewer.isOpen()) await viewer.reload();
    return;
  }
  grid.goTo(to);
  if (viewer.isOpen()) await openClip((await grid.row(to)).clip);
  else await peek.follow();
}
