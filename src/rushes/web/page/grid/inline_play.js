// Plays the clip at the cursor where it stands in the grid, without opening it.

import { el, toast } from "../app/dom.js";
import * as grid from "./grid.js";
import { sourceOf } from "../clip/player.js";
import { state } from "../app/state.js";

/** @type {HTMLVideoElement | null} */
let video = null;
/** @type {() => Promise<import("../app/types.js").Clip>} */
let clipAtCursor = () => Promise.resolve(null);

/** @param {{clipAtCursor: typeof clipAtCursor}} handlers */
export function setUp(handlers) {
  ({ clipAtCursor } = handlers);
}

export function stop() {
  if (!video) return;
  video.removeAttribute("src");
  video.load(); // lets go of the connection
  video.remove();
  video = null;
}

export async function toggle() {
  if (video) stop();
  else await play();
}

export async function follow() {
  // The cursor was moved: the clip that it stands on plays now.
  if (video && video.dataset.at !== String(state.cursor)) await play();
}

async function play() {
  stop();
  const at = state.cursor;
  const clip = await clipAtCursor();
  const card = grid.cardAt(at);
  if (video || !clip || !card || state.cursor !== at) return;
  // A preview begins at its clip's first frame, a source at its own.
  const from = clip.plays ? clip.in_s : 0;
  const last_s = clip.out_s - clip.frame_times_s[clip.frame_out - 1];
  const until = from + clip.duration_s - last_s / 2;
  const mine = el("video", {
    class: "peek",
    muted: true,
    playsInline: true,
    dataset: { at },
    src: sourceOf(clip),
    onloadedmetadata: () => rewind(),
    onended: () => rewind(),
    onerror: () => {
      if (video !== mine) return;
      stop();
      toast("this clip cannot be played here; Enter opens it", true);
    },
  });
  const rewind = () => {
    mine.currentTime = from + last_s / 2;
    mine.play().catch(() => {});
  };
  const watch = () => {
    if (video !== mine) return;
    if (!mine.isConnected) return stop(); // its card was scrolled away or filled anew
    if (mine.currentTime >= until && !mine.seeking) rewind();
    requestAnimationFrame(watch);
  };
  video = mine;
  card.querySelector(".picture").append(mine);
  watch();
}
