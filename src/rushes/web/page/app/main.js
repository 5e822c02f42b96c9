// Ties the parts together: what is asked for, decided, and changed by others.

import { follow, get, post } from "./api.js";
import * as aside from "./side_trip.js";
import { ask, goBack, goTo } from "./query.js";
import * as back from "./history_stack.js";
import * as bar from "./toolbar.js";
import * as batch from "../sets/bulk_edit.js";
import { bind } from "./bindings.js";
import { askAgain, carryOn, named } from "../grid/continue_after_edit.js";
import * as charts from "../charts/charts.js";
import * as copies from "../sets/duplicates.js";
import * as dialogs from "./dialogs.js";
import { $, toast } from "./dom.js";
import * as filters from "../filters/filters.js";
import * as focus from "./focus.js";
import * as grid from "../grid/grid.js";
import { refreshHeads } from "../grid/group_header.js";
import { inTurn, KEYS } from "./keys.js";
import * as peek from "../grid/inline_play.js";
import * as people from "./activity.js";
import * as picking from "../grid/selection.js";
import { atWork, begin, recall, state } from "./state.js";
import { setUpSwipe } from "../clip/swipe.js";
import * as viewer from "../clip/viewer.js";
import * as work from "./jobs.js";

let revision = 0; // what the page has followed
let clipsRevision = 0; // counts what changes which clips there are
let verdictNo = 0; // of the last verdict that the page knows of

async function start() {
  recall();
  ({ revision } = await readState());
  if (!location.search) begin();
  const open = (clip) => inTurn(() => openClip(clip));
  grid.setUp({ onOpen: open, onPick: picking.pick, onStale: () => askAgain(viewer.current()?.clip) });
  picking.setUp({ onSelect: batch.show });
  batch.setUp({ onDone: afterDeciding });
  viewer.setUp({
    onClose: () => {
      state.isOff = false;
      grid.uncover();
    },
    onTurn: inTurn,
    onStep: (by) => inTurn(() => step(by)),
    onDecide: (values, isFinal = true) => inTurn(() => decide(values, isFinal)),
    onText: keep,
    onUndo: () => dispatchEvent(new Event("takeback")),
    onRespan,
    onLike: () => aside.alike(viewer.current()),
    onSource: aside.sameSource,
    onDuplicates: aside.duplicates,
  });
  const hash = location.hash.slice(1);
  back.setUp({ layers, closeTop: () => inTurn(closeTop) });
  dialogs.setUp();
  focus.setUp();
  copies.setUp({ onDone: afterDeciding, onKnown: showCopies });
  people.setUp({ onOpen: open, known: verdictNo });
  aside.setUp({ onUncover: viewer.close, onEnter: back.enter, onGo: goTo, onBack: goBack });
  bar.setUp({ onAsk: () => ask(), onSearch: aside.search, onLeave: aside.leave });
  bar.show();
  charts.setUp({
    look: aside.look,
    search: aside.search,
    open,
    work: work.start,
  });
  work.setUp();
  bind({ decide, takeBack, openClip, step });
  setUpSwipe(document.querySelector(".screen"), (by) => inTurn(() => step(by)));
  $("show-keys").onclick = () => dialogs.showKeys(KEYS);
  $("show-pictures").onclick = () => charts.show().catch((error) => toast(error.message, true));
  const first = ask();
  await filters.setUp({ onChange: () => ask(), onOpen: open });
  await first;
  filters.recount();
  if (hash) await open(hash);
  follow(changed);
}

async function readState() {
  const found = await get("/api/state");
  const { columns, tags, reasons, selections, notes, verbs } = found;
  Object.assign(state, { columns, tags, reasons, selections, notes, verbs, total: found.clips });
  clipsRevision = found.clips_revision;
  verdictNo = found.verdict_no;
  state.verdicts = found.verdicts;
  viewer.drawPlace();
  $("project").textContent = found.project;
  document.title = `${found.project} · Rushes`;
  bar.showVerdicts(found.verdicts);
  work.showWork(found.job);
  $("show-work").classList.toggle("noted", notes.length > 0);
  filters.follow();
  return found;
}

function refresh() {
  grid.refresh();
  copies.look();
}

// ---- what is looked at -------------------------------------------------------------------------

function showCopies() {
  refreshHeads();
  grid.draw(true);
}

const layers = () => aside.depth() + viewer.isOpen() + $("dialog").open;

function closeTop() {
  if ($("dialog").open) return $("dialog").close();
  return viewer.isOpen() ? viewer.close() : aside.leave();
}

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

// ---- what is decided ---------------------------------------------------------------------------

async function decide(values, isFinal = true) {
  await picking.settled();
  if (!viewer.isOpen() && state.selected.size) return batch.decide(values);
  const shown = viewer.isOpen() ? viewer.current() : await grid.row(state.cursor);
  if (!shown) return;
  if (values.verdict === "keep" && viewer.isTrimmed()) return viewer.trim(values);
  if (!(await store(shown.clip, values))) return;
  if (isFinal && values.verdict) await step(1);
  else if (viewer.isOpen()) await viewer.reload();
  if (viewer.isOpen() && "verdict" in values) viewer.sayDecided(values.verdict, shown);
}

function followed(done) {
  // Our own change needs no news; where others' are among it, the news is still to come.
  if (done.since === revision) revision = done.revision;
}

async function store(clip, values) {
  // True once it is safely stored; the rest of the page follows by itself.
  try {
    await atWork(async () => followed(await post("/api/decide", { clips: [clip], values })));
  } catch (error) {
    toast(error.message, true);
    return false;
  }
  viewer.forget(clip);
  refresh();
  readState().catch((error) => toast(error.message, true));
  return true;
}

async function keep(clip, values) {
  // Stores text of a clip that may not be the one in sight any more; true if it is stored.
  const isStored = await store(clip, values);
  if (isStored && viewer.current()?.clip === clip) await viewer.reload();
  return isStored;
}

async function afterDeciding(done = {}) {
  followed(done);
  viewer.forget();
  refresh();
  if (viewer.isOpen()) await viewer.reload();
  await readState();
}

async function onRespan(done, gone, values) {
  const { clips, order } = done;
  const shown = viewer.current();
  followed(done);
  gone.forEach((clip) => state.selected.delete(clip));
  await Promise.all([readState(), carryOn(order, clips[0])]);
  if (!values.verdict) return openClip(clips[0]);
  await step(1);
  viewer.sayDecided(values.verdict, shown);
}

const takeBack = (again) => atWork(() => taken(again).catch((error) => toast(error.message, true)));

async function taken(again) {
  const done = await post(`/api/${again ? "redo" : "undo"}?query=${state.query.query}`);
  followed(done);
  if (!done.kinds.length) return toast(again ? "nothing to do again" : "nothing to take back");
  const told = `${named(done)} ${again ? "done again" : "taken back"}`;
  viewer.forget();
  await Promise.all([readState(), done.spans.length ? carryOn(done.order, done.now[0]) : refresh()]);
  if (viewer.isOpen()) {
    await openClip(done.now[0] || viewer.current().clip);
    return viewer.say(told);
  }
  toast(told);
  if (done.now.length === 1) {
    const at = await grid.find(done.now[0]);
    if (at !== null) state.cursor = at;
    grid.scrollTo(state.cursor);
    grid.markAll();
  }
}

// ---- what changes elsewhere --------------------------------------------------------------------

let missed = null; // news that came while a change of our own was under way

addEventListener("rested", () => {
  const now = missed;
  missed = null;
  if (now) changed(now, "");
});

async function changed(now, trouble) {
  const lost = $("lost");
  lost.hidden = !trouble;
  lost.textContent = trouble;
  if (!now) {
    revision = clipsRevision = 0; // a server that was started anew counts from the beginning
    return;
  }
  work.showWork(now.job);
  if (now.revision <= revision) return;
  if (state.busy) {
    missed = now;
    return;
  }
  revision = now.revision;
  const had = clipsRevision;
  viewer.forget();
  try {
    await readState();
    if (clipsRevision === had) refresh();
    else {
      bar.show();
      await filters.show();
      await askAgain(viewer.current()?.clip);
    }
    await people.follow(viewer.current()?.clip);
    if (viewer.isOpen()) await viewer.reload();
  } catch (error) {
    toast(error.message, true);
  }
}

addEventListener("hashchange", () => {
  const id = location.hash.slice(1);
  if (id && id !== viewer.current()?.clip) inTurn(() => openClip(id));
});

start().catch((error) => {
  $("lost").hidden = false;
  $("lost").textContent = error.message;
});
