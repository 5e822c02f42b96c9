// In and out of a clip until they are applied: kept for each clip, like text that is being typed.

/** @import { Clip } from "../app/types.js" */

/** @param {Clip} clip */
const key = (clip) => `draft:${clip.clip}:marks`;

/**
 * @param {Clip} clip
 * @param {number} frame
 */
export const ptsOf = (clip, frame) =>
  frame < clip.frame_pts.length ? clip.frame_pts[frame] : clip.end_pts;

/** @param {Clip} clip */
export const forget = (clip) => localStorage.removeItem(key(clip));

export function createMarks() {
  // Places in clip.frame_pts; `out` is the first frame that is not shown.
  const marks = {
    in: 0,
    out: 0,

    /** @param {Clip} clip */
    areOpen: (clip) => marks.in !== clip.frame_in || marks.out !== clip.frame_out,

    /** @param {Clip} clip */
    show(clip) {
      // Those that were set before, if their frames are still there.
      marks.in = clip.frame_in;
      marks.out = clip.frame_out;
      const kept = localStorage.getItem(key(clip));
      if (!kept) return;
      const places = kept.split(" ").map((pts) => [...clip.frame_pts, clip.end_pts].indexOf(+pts));
      if (places.includes(-1) || places[0] >= places[1]) forget(clip);
      else [marks.in, marks.out] = places;
    },

    /** @param {Clip} clip */
    keep(clip) {
      if (!marks.areOpen(clip)) return forget(clip);
      localStorage.setItem(key(clip), `${ptsOf(clip, marks.in)} ${ptsOf(clip, marks.out)}`);
    },

    /** @param {Clip} clip */
    clear(clip) {
      marks.in = clip.frame_in;
      marks.out = clip.frame_out;
      forget(clip);
    },
  };
  return marks;
}
