// One clip, large: played, trimmed, split, merged; beside it its verdict, caption and measurements.

/** @import { Clip } from "../app/types.js" */

import { get, post, stillUrl } from "../app/api.js";
import { $, el, many, name, seconds, toast, wide } from "../app/dom.js";
import * as details from "./details.js";
import { createPlayer, sourceOf } from "./player.js";
import { createTimeline } from "./timeline.js";
import { atWork, state } from "../app/state.js";

const KEPT = 24; // clips that are remembered, so that going back and forth asks for nothing
const SAID_MS = 2500;
const BEHIND = ".skip, #top, #filters, main, #batch";

/** @type {Clip | null} */
let clip = null;
let opening = 0; // counts the openings, so that a slow answer does not replace a later one
let handlers = {
  onClose: () => {},
  onTurn: (/** @type {() => any} */ _work) => {},
  onStep: (/** @type {number} */ _by) => {},
  onDecide: (/** @type {object} */ _values, _isFinal = true) => {},
  onText: async (/** @type {string} */ _clip, /** @type {object} */ _values) => false,
  onUndo: () => {},
  onSpans: async (/** @type {any} */ _done, /** @type {string[]} */ _gone, /** @type {object} */ _values) => {},
  onLike: () => {},
  onSource: (/** @type {Clip} */ _clip) => {},
  onDuplicates: (/** @type {Clip} */ _clip) => {},
};
/** @type {Map<string, Promise<Clip>>} */
const cache = new Map(); // by id

const where = el("span", { class: "where" });
const said = el("span", { class: "said", role: "status" });
const place = el("span", { class: "place" });
const note = el("p", { class: "note", hidden: true });
/** @type {Object<string, HTMLButtonElement>} */
const buttons = {};
/** @type {HTMLElement} */
let stage;

export const player = createPlayer({
  onFrame: () => {
    line.drawHead();
    const word = player.isPlaying() ? "Pause" : "Play";
    if (buttons.play.textContent !== word) buttons.play.textContent = word;
  },
  onTell: (text) => {
    note.textContent = text;
    note.hidden = !text;
  },
});
export const line = createTimeline(player, { onMarks: drawTrim });

export const isOpen = () => !$("viewer").hidden;
export const current = () => clip;

/** @param {typeof handlers} given */
export function setUp(given) {
  handlers = given;
  details.setUp(given);
  build();
}

function drawTrim() {
  const isOpen = player.isTrimmed();
  buttons.trim.disabled = buttons.clear.disabled = !isOpen;
  buttons.trim.classList.toggle("accent", isOpen);
}

/**
 * @param {string} text
 * @param {string} title
 * @param {() => any} work
 * @param {string | null} label
 */
function control(text, title, work, kind = "", label = null) {
  return el("button", { class: kind, title, onclick: work, "aria-label": label }, text);
}

/**
 * @param {string} text
 * @param {string} title
 * @param {() => any} work
 * @param {boolean} isOn
 */
function pressed(text, title, work, isOn) {
  const button = control(text, title, work);
  button.setAttribute("aria-pressed", String(isOn));
  return button;
}

function build() {
  buttons.play = control("Play", "Play or pause (Space)", player.toggle, "play");
  buttons.trim = control("Trim", "Trim to in and out (Shift+T)", () => handlers.onTurn(trim), "trim");
  buttons.clear = control("×", "Clear in and out (x)", line.clearMarks, "clear", "Clear in and out");
  buttons.loop = pressed("Loop", "Loop (q)", toggleLoop, player.isLooping());
  buttons.loop.classList.add("loop");
  buttons.mute = pressed("Mute", "Sound off, on (a)", toggleSound, player.isMuted());
  buttons.merge = control("Merge next", "Merge with the next clip (m)", () => handlers.onTurn(merge));
  stage = el(
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
      buttons.play,
      control("frame ›", "One frame on (.)", () => player.stepFrames(1)),
      control("▶▶", "Forwards, again for faster (l)", () => player.shuttle(1), "", "Forwards"),
      buttons.loop,
      buttons.mute,
      control("[ In", "In here (i)", () => line.setMark("in")),
      control("Out ]", "Out here (o)", () => line.setMark("out")),
      buttons.trim,
      buttons.clear,
      control("Split", "Split here (s)", () => handlers.onTurn(split)),
      buttons.merge,
      control("Full screen", "Full screen (Shift+F)", toggleFull, "full"),
    ),
  );
    $("viewer").tabIndex = -1;
  $("viewer").replaceChildren(stage, details.node);
  // Over a full screen nothing is shown that is not in it.
  stage.addEventListener("fullscreenchange", () => (document.fullscreenElement || document.body).append($("toasts")));
}

export function toggleLoop() {
  player.toggleLoop();
  buttons.loop.setAttribute("aria-pressed", String(player.isLooping()));
}

export function toggleSound() {
  player.toggleSound();
  buttons.mute.setAttribute("aria-pressed", String(player.isMuted()));
}

export function toggleFull() {
  const work = document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen();
  work.catch((error) => toast(error.message, true));
}

// ---- messages, always in the same place ----------------------------------------------------------

let silence = 0;

/** @param {string | (Node | string)[]} text */
export function say(text, kind = "") {
  said.replaceChildren(...[text].flat());
  said.className = `said ${kind}`;
  clearTimeout(silence);
  silence = setTimeout(() => (said.textContent = ""), SAID_MS);
}

/**
 * @param {string | null} verdict
 * @param {import("../app/types.js").Row} one
 */
export function sayDecided(verdict, one) {
  const film = name(one.video);
  const short = film.length > 16 ? `${film.slice(0, 15)}…` : film;
  const word = { keep: "kept", drop: "dropped" }[verdict] || "undecided:";
  say([word, wide(` ${short}`), ` ${seconds(one.in_s).replace(/\.\d+$/, "")}`, wide(" (z)")], verdict || "");
}

export function drawPlace() {
  if (!state.query) return;
  const { count } = state.query;
  const at = state.isOff ? "not in the list" : `${many(Math.min(state.cursor + 1, count))} of ${many(count)}`;
  place.textContent = `${at} · ${many(state.verdicts.undecided || 0)} undecided`;
}

/** @type {Set<string>} */
const isTold = new Set(); // clips whose open marks were told of
/** @type {Clip | null} */
let edited = null; // the clip whose marks have just been applied

function openMarks() {
  // The message when a clip is left whose marks were not applied; "" for none.
  if (!clip || clip === edited || !player.isTrimmed() || isTold.has(clip.clip)) return "";
  isTold.add(clip.clip);
  return "in and out are not applied yet: Shift+T trims";
}

// ---- the clip in sight ---------------------------------------------------------------------------

/** @param {string} id */
function load(id) {
  if (!cache.has(id)) {
    const found = get(`/api/clip/${id}`);
    found.catch(() => cache.delete(id));
    cache.set(id, found);
    if (cache.size > KEPT) cache.delete(cache.keys().next().value);
  }
  return cache.get(id);
}

/** @param {string | null} id all if null */
export function forget(id = null) {
  if (id) cache.delete(id);
  else cache.clear();
}

/** @type {Set<string>} */
const fetched = new Set();

/** @param {string} id */
export async function prefetch(id) {
  /** @type {Clip | void} */
  const next = await load(id).catch(() => {});
  if (!next || fetched.has(id)) return;
  fetched.add(id);
  new Image().src = stillUrl(id, 0, 480);
  // A source is fetched by range when it is played; a preview has to be made first.
  if (!next.plays) fetch(sourceOf(next), { priority: "low" }).catch(() => fetched.delete(id));
}

/** @param {string} id */
export async function open(id) {
  const mine = ++opening;
  await details.flush();
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
  buttons.merge.disabled = !clip.after;
  player.show(clip);
  line.show(clip);
  details.show(clip);
  drawPlace();
}

/** @param {boolean} isOver */
function cover(isOver) {
  // Everything behind it is out of reach, also by Tab.
  $("viewer").hidden = !isOver;
  document.body.classList.toggle("viewing", isOver);
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(BEHIND))) one.inert = isOver;
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
    toast(error.status ? "somebody else split or merged this clip" : error.message, true);
    if (error.status) close();
    return;
  }
  if (clip?.clip !== asked || mine !== reloads) return; // another one was opened meanwhile, or asked for anew
  clip = found;
  buttons.merge.disabled = !clip.after;
  player.take(clip);
  details.update(clip);
  drawPlace();
}

export async function close() {
  if (!isOpen()) return;
  opening++;
  await details.flush();
  if (document.fullscreenElement) await document.exitFullscreen().catch(() => {});
  const left = openMarks();
  player.stop();
  clip = null;
  history.replaceState(history.state, "", location.search || "/");
  cover(false);
  handlers.onClose();
  if (left) toast(left);
}

// ---- trim, split, merge --------------------------------------------------------------------------

/**
 * @param {string[]} clips
 * @param {[number, number][]} spans of the clips that replace them, in pts
 * @param {string} words
 * @param {{verdict?: string}} values
 */
async function edit(clips, spans, words, values = {}) {
  await details.flush();
  const asked = clip;
  return atWork(async () => {
    try {
      const done = await post("/api/spans", { clips, spans, values, query: state.query.query });
      cache.clear();
      player.forgetMarks(asked);
      edited = asked;
      await handlers.onSpans(done, clips, values);
      if (words) say(words);
    } catch (error) {
      toast(error.message, true);
    }
  });
}

export const isTrimmed = () => isOpen() && player.isTrimmed();

/** @param {{verdict?: string}} values one step for undo, together with the trim */
export function trim(values = {}) {
  if (!player.isTrimmed()) return say("set in (i) or out (o) first");
  const { marks, ptsOf } = player;
  return edit([clip.clip], [[ptsOf(marks.in), ptsOf(marks.out)]], values.verdict ? "" : "trimmed (z)", values);
}

export function split() {
  const at = player.ptsOf(player.frameNow());
  if (at <= clip.in_pts || at >= clip.out_pts) return say("go to a frame inside the clip first");
  return edit([clip.clip], [[clip.in_pts, at], [at, clip.out_pts]], "split (z)");
}

export async function merge() {
  if (!clip.after) return say("there is no clip after this one in its video");
  const next = await load(clip.after);
  return edit([clip.clip, next.clip], [[clip.in_pts, next.out_pts]], "merged (z)");
}
