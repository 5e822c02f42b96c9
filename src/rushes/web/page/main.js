// Ties the parts together: what is asked for, decided, and changed by others.

import { follow, get, me, post } from "./api.js";
import * as aside from "./aside.js";
import * as bar from "./bar.js";
import * as batch from "./batch.js";
import { bind } from "./bindings.js";
import * as charts from "./charts.js";
import * as dialogs from "./dialogs.js";
import { $, toast } from "./dom.js";
import * as filters from "./filters.js";
import * as grid from "./grid.js";
import { inTurn, KEYS } from "./keys.js";
import * as peek from "./peek.js";
import * as picking from "./picking.js";
import { begin, recall, remember, rules, state } from "./state.js";
import * as viewer from "./viewer.js";

let revision = 0;
let clipsRevision = 0; // counts what changes which clips there are

async function start() {
  recall();
  await readState();
  if (!location.search) begin();
  const open = (clip) => inTurn(() => openClip(clip));
  grid.setUp({ onOpen: open, onPick: picking.pick, onStale: ask });
  picking.setUp({ onSelect: batch.show });
  batch.setUp({ onDone: afterDeciding });
  viewer.setUp({
    onClose: grid.uncover,
    onStep: (by) => inTurn(() => step(by)),
    onDecide: (values, isFinal = true) => inTurn(() => decide(values, isFinal)),
    onText: keep,
    onRespan,
    onLike: alike,
    onSource: aside.sameSource,
    onDuplicates: aside.duplicates,
  });
  aside.setUp({ onGo: goTo });
  bar.setUp({ onAsk: ask, onSearch: search, onLeave: aside.leave });
  bar.show();
  charts.setUp({
    look: aside.look,
    search: (text) => search({ text, like: "", only: null }),
    open,
    work: dialogs.startWork,
  });
  dialogs.setUpProgress();
  bind({ decide, takeBack, openClip, step, alike });
  $("show-keys").onclick = () => dialogs.showKeys(KEYS);
  $("show-work").onclick = dialogs.showWorkDialog;
  $("show-pictures").onclick = () => charts.show().catch((error) => toast(error.message, true));
  const first = ask();
  await filters.setUp({ onChange: ask, onOpen: open });
  await first;
  filters.recount();
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
  filters.follow();
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

async function goTo(clip) {
  if (viewer.isOpen()) await viewer.close();
  bar.show();
  await ask();
  state.cursor = (clip && (await grid.find(clip))) ?? 0;
  grid.scrollTo(state.cursor, "start");
  grid.draw();
  await readState();
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
  filters.showCounts(found);
}

async function openClip(id) {
  peek.stop();
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
  else await peek.follow();
}

// ---- what is decided ---------------------------------------------------------------------------

async function decide(values, isFinal = true) {
  await picking.settled();
  if (!viewer.isOpen() && state.selected.size) return batch.decide(values);
  const clip = viewer.isOpen() ? viewer.current()?.clip : (await grid.row(state.cursor))?.clip;
  if (!clip) return;
  if (!(await store(clip, values))) return;
  if (isFinal && values.verdict) await step(1);
  else if (viewer.isOpen()) await viewer.reload();
}

async function store(clip, values) {
  // True once it is safely stored; the rest of the page follows by itself.
  try {
    const done = await post("/api/decide", { clips: [clip], values });
    revision = Math.max(revision, done.revision);
  } catch (error) {
    toast(error.message, true);
    return false;
  }
  viewer.forget(clip);
  grid.refresh();
  readState().catch((error) => toast(error.message, true));
  return true;
}

async function keep(clip, values) {
  // Stores text of a clip that may not be the one in sight any more; true if it is stored.
  const isStored = await store(clip, values);
  if (isStored && viewer.current()?.clip === clip) await viewer.reload();
  return isStored;
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
  state.busy++;
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
  } finally {
    state.busy--;
  }
}

// ---- what changes elsewhere --------------------------------------------------------------------

async function changed(now, trouble) {
  const lost = $("lost");
  lost.hidden = !trouble;
  lost.textContent = trouble;
  if (!now) {
    revision = clipsRevision = 0; // a server that was started anew counts from the beginning
    return;
  }
  dialogs.showWork(now.work);
  if (now.revision <= revision || state.busy) return; // what we are at asks for all that is new
  const others = now.by.filter((one) => one !== me());
  if (others.length) toast(`${others.join(", ")} decided something`);
  const had = clipsRevision;
  viewer.forget();
  try {
    await readState();
    if (clipsRevision === had) grid.refresh();
    else {
      bar.show();
      await filters.show();
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

addEventListener("hashchange", () => {
  const id = location.hash.slice(1);
  if (id && id !== viewer.current()?.clip) inTurn(() => openClip(id));
});

start().catch((error) => {
  $("lost").hidden = false;
  $("lost").textContent = error.message;
});
