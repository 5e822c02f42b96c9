// In and out of a clip until they are applied: kept for each clip, like text that is being typed.

export const marks = { in: 0, out: 0 }; // places in clip.frame_pts; `out` is the first not shown

const key = (clip) => `draft:${clip.clip}:marks`;

export const areOpen = (clip) => marks.in !== clip.frame_in || marks.out !== clip.frame_out;

export const ptsOf = (clip, frame) =>
  frame < clip.frame_pts.length ? clip.frame_pts[frame] : clip.end_pts;

export function show(clip) {
  // Those that were set before, as far as the frames are still there.
  marks.in = clip.frame_in;
  marks.out = clip.frame_out;
  const kept = localStorage.getItem(key(clip));
  if (!kept) return;
  const places = kept.split(" ").map((pts) => [...clip.frame_pts, clip.end_pts].indexOf(+pts));
  if (places.includes(-1) || places[0] >= places[1]) localStorage.removeItem(key(clip));
  else [marks.in, marks.out] = places;
}

export function keep(clip) {
  if (areOpen(clip)) {
    localStorage.setItem(key(clip), `${ptsOf(clip, marks.in)} ${ptsOf(clip, marks.out)}`);
  } else localStorage.removeItem(key(clip));
}

export const forget = (clip) => localStorage.removeItem(key(clip));

export function clear(clip) {
  marks.in = clip.frame_in;
  marks.out = clip.frame_out;
  forget(clip);
}
