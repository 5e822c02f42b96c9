// Plays one clip: from the source where the browser can, else from a small preview.

/** @import { Clip } from "../app/types.js" */

import { stillUrl } from "../app/api.js";
import { el } from "../app/dom.js";
import { createMarks, forget, ptsOf } from "./trim_marks.js";

const SLOW = 0.25; // with K held
const FASTEST = 8;

/** @type {Set<string>} */
const refused = new Set(); // videos that this browser could not play, whichever player tried

/** @param {Clip} clip */
const isPlain = (clip) => clip.plays && !refused.has(clip.video_id);

/** @param {Clip} clip */
export const sourceOf = (clip) =>
  isPlain(clip) ? `/source/${clip.video_id}` : `/preview/${clip.clip}.mp4`;

/** @typedef {ReturnType<typeof createPlayer>} Player */

export function createPlayer({ onFrame = () => {}, onTell = (/** @type {string} */ _text) => {} } = {}) {
  // A player of its own: its <video>, its clip, its marks. Any number may play at once.
  // `onFrame` is called at each painted frame, `onTell` with an obstacle in words ("" for none).
  /** @type {Clip | null} */
  let clip = null;
  let isPreview = false;
  let loops = localStorage.getItem("loops") !== "0";
  let speed = 1; // stays from clip to clip, until a person stops
  let isStopped = false; // whether a person has stopped; clips that follow stand still, too
  let isHeld = false; // whether this clip stands still, perhaps before it has come
  /** @type {number | null} */
  let due = null; // the frame that is on its way into the picture
  let reverse = { at_s: 0, since_ms: 0 }; // where playing backwards began
  let ticking = 0; // counts the runs of `tick`, so that only the newest goes on

  const marks = createMarks();
  const video = el("video", {
    playsInline: true,
    preload: "auto",
    tabIndex: -1,
    muted: localStorage.getItem("muted") === "1",
    onclick: toggle,
    onvolumechange: () => localStorage.setItem("muted", video.muted ? "1" : "0"),
    onloadeddata: begin,
    onseeked: () => {
      if (!video.seeking) due = null;
    },
    onerror: refuse,
  });

  async function refuse() {
    if (!clip || !video.getAttribute("src")) return;
    if (!isPreview) {
      refused.add(clip.video_id);
      play(sourceOf(clip), true);
      return;
    }
    const failed = clip;
    const why = await fetch(video.src).then((answer) => (answer.ok ? "" : answer.text())).catch(() => "");
    if (failed === clip) onTell(`This clip cannot be played${why ? `: ${why}` : "; see: rushes ls failures"}`);
  }

  /** @param {Clip} next */
  function show(next) {
    clip = next;
    isHeld = isStopped;
    speed = Math.max(1, speed);
    marks.show(clip);
    due = marks.in;
    video.poster = clip.stills ? stillUrl(clip.clip, 0, 480) : "";
    play(sourceOf(clip), !isPlain(clip));
  }

  /** @param {Clip} same */
  function take(same) {
    // The same clip, asked for again: playing goes on.
    clip = same;
  }

  function stop() {
    clip = null;
    ticking++;
    video.pause();
    video.removeAttribute("src");
    video.load(); // lets go of the connection
  }

  /**
   * @param {string} source
   * @param {boolean} preview
   */
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
    if (!clip) return;
    onTell("");
    video.playbackRate = Math.max(1, speed);
    seek(due ?? marks.in);
    if (!isHeld) video.play().catch(() => {}); // a browser may want a click first
  }

  // ---- frames and times --------------------------------------------------------------------------

  // A preview begins at its clip's first frame, a source at its own.
  const offset = () => (isPreview ? clip.frame_times_s[clip.frame_in] : 0);
  const endOf = (/** @type {number} */ frame) =>
    (frame < clip.frame_times_s.length ? clip.frame_times_s[frame] : clip.end_s) - offset();
  const timeOf = (/** @type {number} */ frame) =>
    endOf(Math.min(frame, clip.frame_times_s.length - 1));

  const frames = () => clip.frame_times_s.length;
  const frameNow = () => due ?? frameAt(video.currentTime);

  /** @param {number} time_s */
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

  /** @param {number} frame */
  function seek(frame) {
    const at = Math.max(0, Math.min(frame, frames() - 1));
    due = at;
    // Into the middle of the frame: its edge may round to the one before.
    video.currentTime = Math.max(0, timeOf(at) + Math.max(0, (endOf(at + 1) - timeOf(at)) / 2));
  }

  /** @param {number} mine */
  function tick(mine) {
    if (!clip || mine !== ticking) return;
    if (!video.seeking && video.readyState > 1) {
      if (speed < 0) showReverse();
      else if (!video.paused || video.ended) endAtOut();
      onFrame();
    }
    requestAnimationFrame(() => tick(mine));
  }

  function showReverse() {
    // Browsers do not play backwards: show the frame that is due, each one where they are quick.
    const due_s = reverse.at_s + (speed * (performance.now() - reverse.since_ms)) / 1000;
    const frame = frameAt(due_s);
    if (due_s < timeOf(marks.in)) {
      rest();
      seek(marks.in);
    } else if (frame < frameNow()) seek(frame);
  }

  function endAtOut() {
    const end = endOf(marks.out);
    const frame_s = Math.max(0.01, end - timeOf(marks.out - 1));
    if (video.currentTime < end - frame_s / 2) return;
    if (loops) {
      seek(marks.in);
      video.play().catch(() => {});
    } else {
      rest();
      seek(marks.out - 1); // at eight times the speed it is some frames further
    }
  }

  // ---- transport ---------------------------------------------------------------------------------

  function toggle() {
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

  /** @param {number} at */
  function back(at) {
    video.pause();
    speed = at;
    reverse = { at_s: video.currentTime, since_ms: performance.now() };
  }

  /** @param {number} direction */
  function shuttle(direction) {
    if (direction < 0) return back(speed < 0 ? Math.max(-FASTEST, speed * 2) : -1);
    speed = speed >= 1 && !video.paused ? Math.min(FASTEST, speed * 2) : 1;
    go();
  }

  /** @param {number} direction */
  function slow(direction) {
    if (direction < 0) return back(-SLOW);
    speed = SLOW;
    go();
  }

  function rest() {
    isHeld = true;
    if (speed < 0) speed = 1;
    video.pause();
  }

  function halt() {
    rest();
    speed = 1;
    video.playbackRate = 1;
  }

  function stopHere() {
    isStopped = true;
    halt();
  }

  /** @param {number} frame */
  function goTo(frame) {
    halt();
    seek(frame);
  }

  function toggleLoop() {
    loops = !loops;
    localStorage.setItem("loops", loops ? "1" : "0");
  }

  function toggleSound() {
    video.muted = !video.muted;
  }

  return {
    video, marks,
    show, take, stop,
    seek, goTo, frameNow, frames,
    stepFrames: (/** @type {number} */ count) => goTo(frameNow() + count),
    reach: () => (isPreview ? [clip.frame_in, clip.frame_out] : [0, frames()]),
    toggle, shuttle, slow, halt, stopHere,
    isPlaying: () => !video.paused || speed < 0,
    isSlow: () => Math.abs(speed) === SLOW,
    pace: () => (speed === 1 ? "" : ` · ${speed}×`),
    ptsOf: (/** @type {number} */ frame) => ptsOf(clip, frame),
    isTrimmed: () => Boolean(clip) && marks.areOpen(clip),
    clearMarks: () => marks.clear(clip),
    keepMarks: () => marks.keep(clip),
    forgetMarks: forget,
    toggleLoop, isLooping: () => loops,
    toggleSound, isMuted: () => video.muted,
  };
}
