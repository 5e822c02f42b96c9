// The film strip under the picture: where one is, the handles of in and out, and likely cuts.

/** @import { Clip } from "../app/types.js" */
/** @import { Player } from "./player.js" */

import { stillUrl } from "../app/api.js";
import { counted, el, seconds } from "../app/dom.js";

const PICTURES = 16;

/** @param {Player} player */
export function createTimeline(player, { onMarks = () => {} } = {}) {
  // The strip of one player.
  const { marks } = player;
  /** @type {Clip | null} */
  let clip = null;
  const film = el("div", { class: "film", "aria-hidden": "true" });
  const ticks = el("div", { class: "ticks", "aria-hidden": "true" });
  const head = el("div", { class: "playhead" });
  const outside = { left: el("div", { class: "outside left" }), right: el("div", { class: "outside right" }) };
  const handles = { in: handle("in"), out: handle("out") };
  const clock = el("span", { class: "at", role: "timer" });
  const node = el(
    "div",
    {
      class: "line",
      onpointerdown: (/** @type {PointerEvent} */ event) => {
        if (event.target instanceof Element && event.target.closest(".handle")) return;
        node.setPointerCapture(event.pointerId);
        player.seek(frameAt(event.clientX));
      },
      onpointermove: (/** @type {PointerEvent} */ event) => {
        if (node.hasPointerCapture(event.pointerId)) player.seek(frameAt(event.clientX));
      },
    },
    film, outside.left, outside.right, ticks, handles.in, handles.out, head,
  );

  /** @param {Clip} next */
  function show(next) {
    clip = next;
    const step = Math.max(1, clip.stills / PICTURES);
    const pictures = [];
    for (let at = 0; at < clip.stills; at += step) {
      pictures.push(el("img", { src: stillUrl(clip.clip, Math.floor(at), 90), alt: "", draggable: false }));
    }
    film.replaceChildren(...pictures);
    ticks.replaceChildren(
      ...clip.peaks.map((frame) => el("i", { style: `left: ${share(frame)}`, title: "Likely cut ([ and ])" })),
    );
    draw();
  }

  const share = (/** @type {number} */ frame) => `${(100 * frame) / player.frames()}%`;

  /** @param {number} x */
  function frameAt(x) {
    const box = node.getBoundingClientRect();
    return Math.round(Math.min(1, Math.max(0, (x - box.left) / box.width)) * player.frames());
  }

  // ---- in and out --------------------------------------------------------------------------------

  /** @param {"in" | "out"} which */
  function setMark(which, at = player.frameNow()) {
    const [first, last] = player.reach();
    if (which === "in") marks.in = Math.max(first, Math.min(at, marks.out - 1));
    else marks.out = Math.min(last, Math.max(at + 1, marks.in + 1));
    player.keepMarks();
    draw();
    player.seek(shownAt(which));
  }

  const shownAt = (/** @type {"in" | "out"} */ which) => (which === "in" ? marks.in : marks.out - 1);

  function clearMarks() {
    player.clearMarks();
    draw();
  }

  /** @param {"in" | "out"} which */
  function handle(which) {
    const grip = el("div", {
      class: `handle ${which}`,
      role: "slider",
      tabIndex: 0,
      title: which === "in" ? "In (i)" : "Out (o)",
      "aria-label": which === "in" ? "In" : "Out",
    });
    grip.addEventListener("pointerdown", (event) => {
      grip.setPointerCapture(event.pointerId);
      player.halt();
    });
    grip.addEventListener("pointermove", (event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      const at = frameAt(event.clientX);
      setMark(which, which === "in" ? at : at - 1);
    });
    grip.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      setMark(which, shownAt(which) + step * (event.shiftKey ? 10 : 1));
    });
    return grip;
  }

  // ---- likely cuts -------------------------------------------------------------------------------

  /** @param {number} direction */
  function goToPeak(direction) {
    // False if there is none on that side.
    const now = player.frameNow();
    const beyond = clip.peaks.filter((frame) => (direction > 0 ? frame > now : frame < now));
    if (beyond.length) player.goTo(direction > 0 ? beyond[0] : beyond.at(-1));
    return beyond.length > 0;
  }

  // ---- drawing -----------------------------------------------------------------------------------

  const timeAt = (/** @type {number} */ frame) => seconds(clip.frame_times_s[frame] ?? clip.end_s);

  function draw() {
    film.style.left = share(clip.frame_in);
    film.style.width = share(clip.frame_out - clip.frame_in);
    handles.in.style.left = share(marks.in);
    handles.out.style.left = share(marks.out);
    outside.left.style.width = share(marks.in);
    outside.right.style.left = share(marks.out);
    for (const which of /** @type {("in" | "out")[]} */ (["in", "out"])) {
      const frame = shownAt(which) - clip.frame_in + 1;
      const values = {
        now: marks[which],
        min: 0,
        max: player.frames(),
        text: `${timeAt(marks[which])}, frame ${frame} of ${clip.frames}`,
      };
      for (const [name, value] of Object.entries(values)) {
        handles[which].setAttribute(`aria-value${name}`, String(value));
      }
    }
    onMarks();
    drawHead();
  }

  function drawHead() {
    const frame = player.frameNow();
    const where =
      frame < marks.in
        ? `${counted(marks.in - frame, "frame")} before in`
        : frame >= marks.out
          ? `${counted(frame - marks.out + 1, "frame")} after out`
          : `frame ${frame - marks.in + 1} of ${marks.out - marks.in}`;
    head.style.left = share(frame + 0.5);
    clock.textContent = `${timeAt(frame)} · ${where}${player.pace()}`;
  }

  return {
    node, clock, show, drawHead, setMark, clearMarks, goToPeak,
    goToEnd: (/** @type {"first" | "last"} */ which) =>
      player.goTo(which === "first" ? clip.frame_in : clip.frame_out - 1),
    goTo: (/** @type {"in" | "out"} */ which) => player.goTo(shownAt(which)),
  };
}
