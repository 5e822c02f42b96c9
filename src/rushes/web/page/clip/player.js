// Plays one clip: from the source where the browser can, else from a small preview.

import { stillUrl } from "../app/api.js";
import { el } from "../app/dom.js";
import * as ends from "./trim_marks.js";

const SLOW = 0.25; // with K held
export const { marks } = ends;

let clip = null;
let isPreview = false;
let loops = localStorage.getItem("loops") !== "0";
let speed = 1; // stays from clip to clip, until a person stops
let isStopped = false; // whether a person has stopped; clips that follow stand still, too
let isHeld = false; // whether this clip stands still, perhaps before it has come
let due = null; // the frame that is on its way into the picture
let behind = null; // {at_s, since_ms}: where playing backwards began
const refused = new Set(); // sources that this browser could not play
let ticking = 0; // counts the runs of `tick`, so that only the newest goes on
let onFrame = () => {};
let onTell = () => {};

export const video = el("video", {
  playsInline: true,
  preload: "auto",
  tabIndex: -1,
  muted: localStorage.getItem("muted") === "1",
  onclick: () => toggle(),
  onvolumechange: () => localStorage.setItem("muted", video.muted ? "1" : "0"),
  onloadeddata: () => begin(),
  onseeked: () => {
    if (!video.seeking) due = null;
  },
  onerror: async () => {
    if (!clip || !video.getAttribute("src")) return;
    if (!isPreview) {
      refused.add(clip.video_id);
      return play(sourceOf(clip), true);
    }
    const failed = clip;
    const why = await fetch(video.src).then((answer) => (answer.ok ? "" : answer.text())).catch(() => "");
    if (failed === clip) onTell(`This clip cannot be played${why ? `: ${why}` : "; see: rushes ls failures"}`);
  },
});

export function setUp(handlers) {
  ({ onFrame, onTell } = handlers);
}

const isPlain = (one) => one.plays && !refused.has(one.video_id);
export const sourceOf = (one) => (isPlain(one) ? `/source/${one.video_id}` : `/preview/${one.clip}.mp4`);

export function show(one) {
  clip = one;
  isHeld = isStopped;
  speed = Math.max(1, speed);
  ends.show(clip);
  due = marks.in;
  video.poster = clip.stills ? stillUrl(clip.clip, 0, 480) : "";
  play(sourceOf(clip), !isPlain(clip));
}

export function take(one) {
  // The same clip, asked for again: what is being played goes on.
  clip = one;
}

export function stop() {
  clip = null;
  ticking++;
  video.pause();
  video.removeAttribute("src");
  video.load();
}

function play(source, preview) {
  isPreview = preview;
  if (video.getAttribute("src") !== source || video.error) {
    onTell(preview ? "Making a preview …" : "");
    video.src = source;
  } else if (video.readyState > 1) begin(); // another clip of the same source: nothing to load
  const mine = ++ticking;
  requestAnimationFrame(() => tick(mine));
}

function begin() {
  onTell("");
  video.playbackRate = Math.max(1, speed);
  seek(due ?? marks.in);
  if (!isHeld) video.play().catch(() => {}); // a browser may want a click first
}

// ---- frames and times --------------------------------------------------------------------------

// A preview begins at its clip's first frame, a source at its own.
const offset = () => (isPreview ? clip.frame_times_s[clip.frame_in] : 0);
const endOf = (frame) =>
  (frame < clip.frame_times_s.length ? clip.frame_times_s[frame] : clip.end_s) - offset();
const timeOf = (frame) => endOf(Math.min(frame, clip.frame_times_s.length - 1));

export const frames = () => clip.frame_times_s.length;
export const reach = () => (isPreview ? [clip.frame_in, clip.frame_out] : [0, frames()]);
export const ptsOf = (frame) => ends.ptsOf(clip, frame);
export const isTrimmed = () => Boolean(clip) && ends.areOpen(clip);
export const pace = () => (speed === 1 ? "" : ` · ${speed}×`);

export const frameNow = () => due ?? frameAt(video.currentTime);

function frameAt(time_s) {
  const now = time_s + offset() + 1e-4;
  let low = 0;
  let high = frames() - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (clip.frame_times_s[middle] <= now) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function seek(frame) {
  const at = Math.max(0, Math.min(frame, frames() - 1));
  due = at;
  // Into the middle of the frame: its edge may round to the one before.
  video.currentTime = Math.max(0, timeOf(at) + Math.max(0, (endOf(at + 1) - timeOf(at)) / 2));
}

function tick(mine) {
  if (!clip || mine !== ticking) return;
  if (!video.seeking && video.readyState > 1) {
    const end = endOf(marks.out);
    const frame_s = Math.max(0.01, end - timeOf(marks.out - 1));
    if (speed < 0) {
      // Browsers do not play backwards: show the frame that is due, each one where they are quick.
      const due_s = behind.at_s + (speed * (performance.now() - behind.since_ms)) / 1000;
      const back = frameAt(due_s);
      if (due_s < timeOf(marks.in)) {
        rest();
        seek(marks.in);
      } else if (back < frameNow()) seek(back);
    } else if ((!video.paused || video.ended) && video.currentTime >= end - frame_s / 2) {
      if (loops) {
        seek(marks.in);
        video.play().catch(() => {});
      } else {
        rest();
        seek(marks.out - 1); // at eight times the speed it is some frames further
      }
    }
    onFrame();
  }
  requestAnimationFrame(() => tick(mine));
}

// ---- transport ---------------------------------------------------------------------------------

export const isPlaying = () => !video.paused || speed < 0;

export function toggle() {
  if (speed < 0) speed = 1; // backwards it is the picture that moves, and not the video
  else if (video.paused) {
    if (frameNow() >= marks.out - 1) seek(marks.in);
    go();
  } else video.pause();
}

function go() {
  isStopped = isHeld = false;
  video.playbackRate = Math.max(SLOW, speed);
  video.play().catch(() => {});
}

function back(at) {
  video.pause();
  speed = at;
  behind = { at_s: video.currentTime, since_ms: performance.now() };
}

export function shuttle(direction) {
  if (direction < 0) return back(speed < 0 ? Math.max(-8, speed * 2) : -1);
  speed = speed >= 1 && !video.paused ? Math.min(8, speed * 2) : 1;
  go();
}

export function slow(direction) {
  if (direction < 0) return back(-SLOW);
  speed = SLOW;
  go();
}

export const isSlow = () => Math.abs(speed) === SLOW;

function rest() {
  isHeld = true;
  if (speed < 0) speed = 1;
  video.pause();
}

export function halt() {
  rest();
  speed = 1;
  video.playbackRate = 1;
}

export function stopHere() {
  isStopped = true;
  halt();
}

export function goTo(frame) {
  halt();
  seek(frame);
}

export const stepFrames = (count) => goTo(frameNow() + count);

export function clearMarks() {
  ends.clear(clip);
}

export const keepMarks = () => ends.keep(clip);
export const forgetMarks = ends.forget;

export const isLooping = () => loops;

export function toggleLoop() {
  loops = !loops;
  localStorage.setItem("loops", loops ? "1" : "0");
}

export const isMuted = () => video.muted;

export function toggleSound() {
  video.muted = !video.muted;
}
