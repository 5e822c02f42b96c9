// One clip, large: played, trimmed, divided, joined, and beside it what is known and said of it.

import { get, post, stillUrl } from "../app/api.js";
import { $, el, name, seconds, toast } from "../app/dom.js";
import * as line from "./timeline.js";
import * as player from "./player.js";
import * as side from "./details.js";
import { atWork, state } from "../app/state.js";

const KEPT = 24; // clips that are remembered, so that going back and forth asks for nothing
const SAID_MS = 2500;
const BEHIND = [".skip", "#top", "#filters", "main", "#batch"];

let clip = null; // what the server says of it
let opening = 0; // counts what was opened, so that a slow answer does not replace a later one
let handlers = {};
const cache = new Map(); // id → promise

const where = el("span", { class: "where" });
const said = el("span", { class: "said", role: "status" });
const place = el("span", { class: "place" });
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
  line.setUp({ onMarks: drawTrim });
  side.setUp(given);
  build();
}

function drawTrim() {
  const isOpen = player.isTrimmed();
  parts.trim.disabled = parts.clear.disabled = !isOpen;
  parts.trim.classList.toggle("accent", isOpen);
}

function control(text, title, work, kind = "", label = null) {
  return el("button", { class: kind, title, onclick: work, "aria-label": label }, text);
}

function pressed(text, title, work, isOn) {
  const button = control(text, title, work);
  button.setAttribute("aria-pressed", isOn);
  return button;
}

function build() {
  parts.play = control("Play", "Play or pause (Space)", player.toggle, "play");
  parts.trim = control("Trim", "Trim to in and out (Shift+T)", () => handlers.onTurn(trim), "trim");
  parts.clear = control("×", "Clear in and out (x)", line.clearMarks, "clear", "Clear in and out");
  parts.loop = pressed("Loop", "Loop (q)", toggleLoop, player.isLooping());
  parts.loop.classList.add("loop");
  parts.mute = pressed("Mute", "Sound off, on (a)", toggleSound, player.isMuted());
  parts.join = control("Join next", "Join with the next clip (m)", () => handlers.onTurn(join));
  const stage = el(
    "div",
    { class: "stage" },
    el(
      "header",
      {},
      control("← Grid", "Back to the grid (Esc)", close, "quiet"),
      el("span", { class: "lines" }, where, said),
      el("span", { class: "lines" }, line.clock, place),
      el(
        "span",
        { class: "step" },
        control("‹", "Previous (PageUp)", () => handlers.onStep(-1), "quiet", "Previous clip"),
        control("›", "Next (PageDown)", () => handlers.onStep(1), "quiet", "Next clip"),
      ),
    ),
    el("div", { class: "screen" }, player.video, note),
    line.node,
    el(
      "div",
      { class: "controls", role: "toolbar", "aria-label": "Player" },
      control("◀◀", "Backwards (j)", () => player.shuttle(-1), "", "Backwards"),
      control("‹ frame", "One frame back (,)", () => player.stepFrames(-1)),
      parts.play,
      control("frame ›", "One frame on (.)", () => player.stepFrames(1)),
      control("▶▶", "Forwards, again for faster (l)", () => player.shuttle(1), "", "Forwards"),
      parts.loop,
      parts.mute,
      control("[ In", "In here (i)", () => line.setMark("in")),
      control("Out ]", "Out here (o)", () => line.setMark("out")),
      parts.trim,
      parts.clear,
      control("Split", "Divide here (s)", () => handlers.onTurn(split)),
      parts.join,
      control("Full screen", "Full screen (Shift+F)", toggleFull, "full"),
    ),
  );
  parts.stage = stage;
  $("viewer").tabIndex = -1;
  $("viewer").replaceChildren(stage, side.node);
  // Over a full screen nothing is shown that is not in it.
  stage.addEventListener("fullscreenchange", () => (document.fullscreenElement || document.body).append($("toasts")));
}

export function toggleLoop() {
  player.toggleLoop();
  parts.loop.setAttribute("aria-pressed", player.isLooping());
}

export function toggleSound() {
  player.toggleSound();
  parts.mute.setAttribute("aria-pressed", player.isMuted());
}

export function toggleFull() {
  const work = document.fullscreenElement ? document.exitFullscreen() : parts.stage.requestFullscreen();
  work.catch((error) => toast(error.message, true));
}

// ---- what is told, always in the same place ------------------------------------------------------

let silence = 0;
export function say(text, kind = "") {
  said.replaceChildren(...[text].flat());
  said.className = `said ${kind}`;
  clearTimeout(silence);
  silence = setTimeout(() => (said.textContent = ""), SAID_MS);
}

export function sayDecided(verdict, one) {
  const film = name(one.video);
  const short = film.length > 16 ? `${film.slice(0, 15)}…` : film;
  const word = { keep: "kept", drop: "dropped" }[verdict] || "undecided:";
  const wide = (text) => el("span", { class: "wide" }, text); // a narrow screen has a button for it
  say([word, wide(` ${short}`), ` ${seconds(one.in_s).replace(/\.\d+$/, "")}`, wide(" (z)")], verdict || "");
}

export function drawPlace() {
  if (!state.query) return;
  const { count } = state.query;
  const at = state.isOff ? "not in the list" : `${Math.min(state.cursor + 1, count).toLocaleString("en")} of ${count.toLocaleString("en")}`;
  place.textContent = `${at} · ${(state.verdicts.undecided || 0).toLocaleString("en")} undecided`;
}

const isTold = new Set(); // clips whose open marks were told of
let respanned = null; // the clip whose marks have just been applied

function openMarks() {
  // What to say when a clip is left whose marks were not applied; empty if there is nothing to say.
  if (!clip || clip === respanned || !player.isTrimmed() || isTold.has(clip.clip)) return "";
  isTold.add(clip.clip);
  return "in and out are not applied yet: Shift+T trims";
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
  const left = clip && clip.clip !== id ? openMarks() : "";
  if (left) say(left);
  clip = found;
  if (!isOpen()) cover(true);
  if (location.hash !== `#${id}`) history.replaceState(history.state, "", `${location.search || "/"}#${id}`);
  where.textContent = `${name(clip.video)} · ${seconds(clip.in_s)}`;
  where.title = clip.video;
  parts.join.disabled = !clip.after;
  player.show(clip);
  line.show(clip);
  side.show(clip);
  drawPlace();
}

function cover(isOver) {
  // What lies behind is out of reach, also by Tab.
  $("viewer").hidden = !isOver;
  document.body.classList.toggle("viewing", isOver);
  for (const node of BEHIND) for (const one of document.querySelectorAll(node)) one.inert = isOver;
  (isOver ? $("viewer") : $("grid")).focus({ preventScroll: true });
}

let reloads = 0;

export async function reload() {
  if (!clip) return;
  const asked = clip.clip;
  const mine = ++reloads;
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
  if (clip?.clip !== asked || mine !== reloads) return; // another one was opened meanwhile, or asked for anew
  clip = found;
  parts.join.disabled = !clip.after;
  player.take(clip);
  side.update(clip);
  drawPlace();
}

export async function close() {
  if (!isOpen()) return;
  opening++;
  await side.flush();
  if (document.fullscreenElement) await document.exitFullscreen().catch(() => {});
  const left = openMarks();
  player.stop();
  clip = null;
  history.replaceState(history.state, "", location.search || "/");
  cover(false);
  handlers.onClose();
  if (left) toast(left);
}

// ---- other spans -------------------------------------------------------------------------------

async function respan(clips, spans, told, values = {}) {
  await side.flush();
  const asked = clip;
  return atWork(async () => {
    try {
      const done = await post("/api/spans", { clips, spans, values, query: state.query.query });
      cache.clear();
      player.forgetMarks(asked);
      respanned = asked;
      await handlers.onRespan(done, clips, values);
      if (told) say(told);
    } catch (error) {
      toast(error.message, true);
    }
  });
}

export const isTrimmed = () => isOpen() && player.isTrimmed();

export function trim(values = {}) {
  // With a verdict, both are one step for undo.
  if (!player.isTrimmed()) return say("set in (i) or out (o) first");
  const { marks, ptsOf } = player;
  return respan([clip.clip], [[ptsOf(marks.in), ptsOf(marks.out)]], values.verdict ? "" : "trimmed (z)", values);
}

export function split() {
  const at = player.ptsOf(player.frameNow());
  if (at <= clip.in_pts || at >= clip.out_pts) return say("go to a frame inside the clip first");
  return respan([clip.clip], [[clip.in_pts, at], [at, clip.out_pts]], "divided (z)");
}

export async function join() {
  if (!clip.after) return say("there is no clip after this one in its video");
  const next = await load(clip.after);
  return respan([clip.clip, next.clip], [[clip.in_pts, next.out_pts]], "joined (z)");
}
