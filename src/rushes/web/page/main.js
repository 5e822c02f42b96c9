// Ties the parts together: what is asked for, decided, and changed by others.

import { follow, get, me, post } from "./api.js";
import * as bar from "./bar.js";
import * as batch from "./batch.js";
import { charts } from "./charts.js";
import * as dialogs from "./dialogs.js";
import { $, toast } from "./dom.js";
import * as grid from "./grid.js";
import { inTurn, KEYS, listen } from "./keys.js";
import * as line from "./line.js";
import * as picking from "./picking.js";
import * as player from "./player.js";
import * as side from "./side.js";
import * as sliders from "./sliders.js";
import { column, readRule, recall, remember, rules, state } from "./state.js";
import * as viewer from "./viewer.js";

let revision = 0;
let clipsRevision = 0; // counts what changes which clips there are

async function start() {
  recall();
  await readState();
  if (!location.search) {
    // A new page begins with the rules of the recipe, so that one sees what is exported.
    for (const text of state.selections.main || []) {
      const rule = readRule(text);
      if (rule && column(rule[0])?.is_number) state.filters.set(...rule);
    }
  }
  const open = (clip) => inTurn(() => openClip(clip));
  grid.setUp({ onOpen: open, onPick: picking.pick, onStale: ask });
  picking.setUp({ onSelect: batch.show });
  batch.setUp({ onDone: afterDeciding });
  viewer.setUp({
    onClose: () => {
      grid.scrollTo(state.cursor);
      grid.draw();
      grid.markAll();
    },
    onStep: (by) => inTurn(() => step(by)),
    onDecide: (values, isFinal = true) => inTurn(() => decide(values, isFinal)),
    onText: keep,
    onRespan,
    onLike: alike,
    onSource: sameSource,
    onDuplicates: duplicates,
  });
  bar.setUp({ onAsk: ask, onSearch: search, onLeave: leaveAside });
  bar.show();
  dialogs.setUpProgress();
  $("show-keys").onclick = () => dialogs.showKeys(KEYS);
  $("show-work").onclick = dialogs.showWorkDialog;
  $("show-pictures").onclick = showCharts;
  const first = ask();
  await sliders.setUp({ onChange: ask, onOpen: open });
  await first;
  sliders.recount();
  const hash = location.hash.slice(1);
  if (hash) await open(hash);
  follow(changed);
}

async function readState() {
  const found = await get("/api/state");
  const { columns, tags, reasons, selections, notes, verbs } = found;
  Object.assign(state, { columns, tags, reasons, selections, notes, verbs, total: found.clips });
  revision = found.revision;
  clipsRevision = found.clips_revision;
  $("project").textContent = found.project;
  document.title = `${found.project} · Rushes`;
  bar.showVerdicts(found.verdicts);
  dialogs.showWork(found.work);
  $("show-work").classList.toggle("noted", notes.length > 0);
}

// ---- what is looked at -------------------------------------------------------------------------

async function search(what) {
  Object.assign(state, what, { sort: "", cursor: 0 });
  if (viewer.isOpen()) await viewer.close();
  bar.show();
  await ask();
  $("grid").scrollTop = 0;
}

const alike = (clip) => search({ like: clip, text: "", only: null });

let before = null; // what was looked at before a look aside

async function aside(only, clip) {
  const { verdict, sort, group, text, like } = state;
  before ??= { verdict, sort, group, text, like, clip };
  Object.assign(state, { only, verdict: "", sort: "", group: "", text: "", like: "" });
  await goTo(clip);
}

async function leaveAside() {
  Object.assign(state, { only: null }, before || {});
  const back = before?.clip;
  before = null;
  await goTo(back);
}

async function goTo(clip) {
  if (viewer.isOpen()) await viewer.close();
  bar.show();
  await ask();
  state.cursor = (clip && (await grid.find(clip))) ?? 0;
  grid.scrollTo(state.cursor, "start");
  grid.draw();
  await readState();
}

const sameSource = (clip) => aside({ rule: `video = ${clip.video}`, label: `source: ${clip.video}` }, clip.clip);

function duplicates(clip) {
  const group = clip.scores["dedup.group"];
  if (!group) return toast("no duplicates of this clip are known; Work can look for them");
  return aside({ rule: `dedup.group = ${group}`, label: `duplicates, group ${group}` }, clip.clip);
}

async function showCharts() {
  try {
    dialogs.showDialog("Charts", await charts(rules()));
  } catch (error) {
    toast(error.message, true);
  }
}

let asking = 0;
async function ask() {
  const mine = ++asking;
  remember();
  let found;
  try {
    found = await post("/api/query", {
      rules: rules(), sort: state.sort, group: state.group, text: state.text, like: state.like,
    });
  } catch (error) {
    toast(error.message, true);
    return;
  }
  if (mine !== asking) return; // a later question is on its way
  state.query = found;
  grid.show();
  const empty = $("empty");
  empty.hidden = found.count > 0;
  empty.textContent = !state.total
    ? "There are no clips yet. Scan and cut first: rushes run PATH…, or press Work."
    : state.text || state.like
      ? "Nothing was found that passes the filters. Try other words, or open a handle on the left."
      : state.only
        ? "There is no such clip any more. Press Esc to go back."
        : "No clip passes these filters. Open a handle, or remove a filter on the left.";
  sliders.showCounts(found);
}

async function openClip(id) {
  const at = await grid.find(id);
  if (at !== null) state.cursor = at;
  await viewer.open(id);
  for (const ahead of [1, 2, 3]) {
    const next = state.cursor + ahead;
    if (next < state.query.count) {
      grid.row(next).then((one) => one && viewer.prefetch(one.clip)).catch(() => {});
    }
  }
}

async function step(by) {
  const to = state.cursor + by;
  if (to < 0 || to >= state.query.count) {
    toast(to < 0 ? "this is the first clip" : "this was the last clip");
    if (viewer.isOpen()) await viewer.reload();
    return;
  }
  state.cursor = to;
  grid.scrollTo(to);
  grid.draw();
  grid.markAll();
  if (viewer.isOpen()) await openClip((await grid.row(to)).clip);
}

// ---- what is decided ---------------------------------------------------------------------------

async function decide(values, isFinal = true) {
  if (!viewer.isOpen() && state.selected.size) return batch.decide(values);
  const clip = viewer.isOpen() ? viewer.current()?.clip : (await grid.row(state.cursor))?.clip;
  if (!clip) return;
  try {
    await post("/api/decide", { clips: [clip], values });
  } catch (error) {
    toast(error.message, true);
    return;
  }
  viewer.forget();
  if (isFinal && values.verdict) await step(1);
  else if (viewer.isOpen()) await viewer.reload();
  grid.refresh();
  await readState();
}

async function keep(clip, values) {
  // Stores text of a clip that may not be the one in sight any more; true if it is stored.
  try {
    await post("/api/decide", { clips: [clip], values });
  } catch (error) {
    toast(error.message, true);
    return false;
  }
  viewer.forget();
  grid.refresh();
  if (viewer.current()?.clip === clip) await viewer.reload();
  return true;
}

async function afterDeciding() {
  viewer.forget();
  grid.refresh();
  if (viewer.isOpen()) await viewer.reload();
  await readState();
}

async function onRespan(made, gone) {
  const at = state.cursor;
  gone.forEach((clip) => state.selected.delete(clip));
  await readState();
  await ask();
  state.cursor = Math.min(at, Math.max(0, state.query.count - 1));
  await openClip(made[0]);
}

async function takeBack(again) {
  try {
    const done = await post(again ? "/api/redo" : "/api/undo");
    if (!done.kinds.length) return toast(again ? "nothing to do again" : "nothing to take back");
    toast(`${again ? "done again" : "taken back"}: ${done.kinds.join(", ")}`);
    viewer.forget();
    await readState();
    if (done.kinds.includes("span")) await ask();
    else grid.refresh();
    if (viewer.isOpen()) await openClip(done.now[0] || viewer.current().clip);
    else if (done.now.length === 1) {
      const at = await grid.find(done.now[0]);
      if (at !== null) state.cursor = at;
      grid.scrollTo(state.cursor);
      grid.markAll();
    }
  } catch (error) {
    toast(error.message, true);
  }
}

// ---- what changes elsewhere --------------------------------------------------------------------

async function changed(now, trouble) {
  const lost = $("lost");
  lost.hidden = !trouble;
  lost.textContent = trouble;
  if (!now) return;
  dialogs.showWork(now.work);
  if (now.revision === revision) return;
  const others = now.by.filter((one) => one !== me());
  if (others.length) toast(`${others.join(", ")} decided something`);
  const had = clipsRevision;
  viewer.forget();
  try {
    await readState();
    if (clipsRevision === had) grid.refresh();
    else {
      bar.show();
      await sliders.show();
      const standing = (await grid.row(state.cursor).catch(() => null))?.clip;
      await ask();
      const at = standing ? await grid.find(standing) : null;
      if (at !== null) state.cursor = at;
      grid.markAll();
    }
    if (viewer.isOpen()) await viewer.reload();
  } catch (error) {
    toast(error.message, true);
  }
}

// ---- keys --------------------------------------------------------------------------------------

const viewed = () => viewer.current();
const atCursor = async () => viewed() || get(`/api/clip/${(await grid.row(state.cursor)).clip}`);
const later = (work) => () => inTurn(work);

listen({
  isViewing: viewer.isOpen,
  onArrow: (key, isRange) => {
    if (!state.query?.count) return false;
    if (!isRange) picking.anchorAt(state.cursor);
    grid.moveCursor(key, isRange);
    if (!isRange) picking.anchorAt(state.cursor);
    return true;
  },
  both: {
    y: later(() => decide({ verdict: "keep" })),
    n: later(() => decide({ verdict: "drop" })),
    u: later(() => decide({ verdict: null })),
    z: later(() => takeBack(false)),
    Z: later(() => takeBack(true)),
    w: later(async () => alike((await atCursor()).clip)),
    v: later(async () => sameSource(await atCursor())),
    d: later(async () => duplicates(await atCursor())),
    "?": () => dialogs.showKeys(KEYS),
    ...Object.fromEntries([1, 2, 3, 4, 5].map((stars) => [stars, later(() => decide({ stars }, false))])),
    0: later(() => decide({ stars: null }, false)),
  },
  grid: {
    Enter: later(async () => state.query.count && openClip((await grid.row(state.cursor)).clip)),
    x: later(() => picking.pick(state.cursor)),
    a: later(picking.all),
    "/": () => $("text").focus(),
    f: bar.toggleFilters,
    Escape: () => (state.selected.size ? picking.clear() : state.only && leaveAside()),
  },
  clip: {
    j: () => player.shuttle(-1),
    k: player.halt,
    l: () => player.shuttle(1),
    " ": player.toggle,
    ",": () => player.stepFrames(-1),
    ".": () => player.stepFrames(1),
    ArrowLeft: () => player.stepFrames(-1),
    ArrowRight: () => player.stepFrames(1),
    i: () => line.setMark("in"),
    o: () => line.setMark("out"),
    T: later(viewer.trim),
    s: later(viewer.split),
    m: later(viewer.join),
    q: viewer.toggleLoop,
    c: () => side.focus("caption"),
    t: () => side.focus("tag"),
    r: () => side.focus("reason"),
    N: side.reasonForDropping,
    PageDown: later(() => step(1)),
    PageUp: later(() => step(-1)),
    ArrowDown: later(() => step(1)),
    ArrowUp: later(() => step(-1)),
    Escape: later(viewer.close),
  },
});

addEventListener("hashchange", () => {
  const id = location.hash.slice(1);
  if (id && id !== viewed()?.clip) inTurn(() => openClip(id));
});

start().catch((error) => {
  $("lost").hidden = false;
  $("lost").textContent = error.message;
});
