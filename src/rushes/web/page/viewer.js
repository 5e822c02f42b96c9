// One clip, large: played, trimmed, divided, joined, and beside it what is known and said of it.

import { get, post, stillUrl } from "./api.js";
import { $, el, name, seconds, toast } from "./dom.js";
import * as line from "./line.js";
import * as player from "./player.js";
import * as side from "./side.js";
import { state } from "./state.js";

const KEPT = 24; // clips that are remembered, so that going back and forth asks for nothing

let clip = null; // what the server says of it
let opening = 0; // counts what was opened, so that a slow answer does not replace a later one
let handlers = {};
const cache = new Map(); // id → promise

const where = el("span", { class: "where" });
const note = el("p", { class: "note", hidden: true });
const parts = {};

export const isOpen = () => !$("viewer").hidden;
export const current = () => clip;

export function setUp(given) {
  handlers = given;
  player.setUp({
    onFrame: () => {
      line.drawHead();
      const word = player.isPlaying() ? "Pause" : "Play";
      if (parts.play.textContent !== word) parts.play.textContent = word;
    },
    onTell: (text) => {
      note.textContent = text;
      note.hidden = !text;
    },
  });
  line.setUp({ onMarks: () => (parts.trim.disabled = !player.isTrimmed()) });
  side.setUp(given);
  build();
}

function control(text, title, work, kind = "") {
  return el("button", { class: kind, title, onclick: work }, text);
}

function build() {
  parts.play = control("Play", "Play or pause (Space)", player.toggle, "play");
  parts.trim = control("Trim", "Trim to in and out (Shift+T)", trim, "trim");
  parts.loop = control("Loop", "Loop (q)", toggleLoop, "loop");
  parts.loop.setAttribute("aria-pressed", player.isLooping());
  parts.join = control("Join next", "Join with the next clip (m)", join);
  const stage = el(
    "div",
    { class: "stage" },
    el(
      "header",
      {},
      control("← Grid", "Back to the grid (Esc)", close, "quiet"),
      where,
      line.clock,
      el(
        "span",
        { class: "step" },
        control("‹", "Previous (PageUp)", () => handlers.onStep(-1), "quiet"),
        control("›", "Next (PageDown)", () => handlers.onStep(1), "quiet"),
      ),
    ),
    el("div", { class: "screen" }, player.video, note),
    line.node,
    el(
      "div",
      { class: "controls", role: "toolbar", "aria-label": "Player" },
      control("◀◀", "Backwards (J)", () => player.shuttle(-1)),
      control("‹ frame", "One frame back (,)", () => player.stepFrames(-1)),
      parts.play,
      control("frame ›", "One frame on (.)", () => player.stepFrames(1)),
      control("▶▶", "Forwards, again for faster (L)", () => player.shuttle(1)),
      parts.loop,
      control("[ In", "In here (i)", () => line.setMark("in")),
      control("Out ]", "Out here (o)", () => line.setMark("out")),
      parts.trim,
      control("Split", "Divide here (s)", split),
      parts.join,
    ),
  );
  $("viewer").replaceChildren(stage, side.node);
}

export function toggleLoop() {
  player.toggleLoop();
  parts.loop.setAttribute("aria-pressed", player.isLooping());
}

// ---- which clip --------------------------------------------------------------------------------

function load(id) {
  if (!cache.has(id)) {
    const found = get(`/api/clip/${id}`);
    found.catch(() => cache.delete(id));
    cache.set(id, found);
    if (cache.size > KEPT) cache.delete(cache.keys().next().value);
  }
  return cache.get(id);
}

export function forget(id = null) {
  if (id) cache.delete(id);
  else cache.clear();
}

const fetched = new Set();

export async function prefetch(id) {
  const next = await load(id).catch(() => null);
  if (!next || fetched.has(id)) return;
  fetched.add(id);
  new Image().src = stillUrl(id, 0, 480);
  // A source is fetched by range when it is played; a preview has to be made first.
  if (!next.plays) fetch(player.sourceOf(next), { priority: "low" }).catch(() => fetched.delete(id));
}

export async function open(id) {
  const mine = ++opening;
  await side.flush();
  let found;
  try {
    found = await load(id);
  } catch (error) {
    toast(error.message, true);
    close();
    return;
  }
  if (mine !== opening) return;
  clip = found;
  $("viewer").hidden = false;
  document.body.classList.add("viewing");
  if (location.hash !== `#${id}`) history.replaceState(null, "", `${location.search || "/"}#${id}`);
  where.textContent = `${name(clip.video)} · ${seconds(clip.in_s)}`;
  where.title = clip.video;
  parts.join.disabled = !clip.after;
  player.show(clip);
  line.show(clip);
  side.show(clip);
}

export async function reload() {
  if (!clip) return;
  const asked = clip.clip;
  cache.delete(asked);
  let found;
  try {
    found = await load(asked);
  } catch (error) {
    if (clip?.clip !== asked) return;
    toast(error.status ? "this clip was divided or joined by somebody else" : error.message, true);
    if (error.status) close();
    return;
  }
  if (clip?.clip !== asked) return; // another one was opened meanwhile
  clip = found;
  parts.join.disabled = !clip.after;
  player.take(clip);
  side.update(clip);
}

export async function close() {
  if (!isOpen()) return;
  opening++;
  await side.flush();
  player.stop();
  clip = null;
  $("viewer").hidden = true;
  document.body.classList.remove("viewing");
  history.replaceState(null, "", location.search || "/");
  $("grid").focus();
  handlers.onClose();
}

// ---- other spans -------------------------------------------------------------------------------

async function respan(clips, spans, told) {
  await side.flush();
  state.busy++; // or the news of our own change would find this clip gone and close it
  try {
    const done = await post("/api/respan", { clips, spans });
    cache.clear();
    toast(told);
    await handlers.onRespan(done.clips, clips);
  } catch (error) {
    toast(error.message, true);
  } finally {
    state.busy--;
  }
}

export function trim() {
  if (!player.isTrimmed()) return toast("set in (i) or out (o) first");
  const { marks, ptsOf } = player;
  return respan([clip.clip], [[ptsOf(marks.in), ptsOf(marks.out)]], "trimmed; z takes it back");
}

export function split() {
  const at = player.ptsOf(player.frameNow());
  if (at <= clip.in_pts || at >= clip.out_pts) return toast("go to a frame inside the clip first");
  return respan([clip.clip], [[clip.in_pts, at], [at, clip.out_pts]], "divided; z takes it back");
}

export async function join() {
  if (!clip.after) return toast("there is no clip after this one in its video");
  const next = await load(clip.after);
  return respan([clip.clip, next.clip], [[clip.in_pts, next.out_pts]], "joined; z takes it back");
}
