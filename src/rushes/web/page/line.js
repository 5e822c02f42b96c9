// The film strip under the picture: where one is, and the handles of in and out.

import { stillUrl } from "./api.js";
import { el, seconds } from "./dom.js";
import * as player from "./player.js";

const PICTURES = 16;
const film = el("div", { class: "film", "aria-hidden": "true" });
const head = el("div", { class: "head" });
const outside = { left: el("div", { class: "outside left" }), right: el("div", { class: "outside right" }) };
const handles = { in: handle("in"), out: handle("out") };
const { marks } = player;
let clip = null;
let onMarks = () => {};

export const node = el(
  "div",
  { class: "line" },
  film, outside.left, outside.right, handles.in, handles.out, head,
);
export const clock = el("span", { class: "at", role: "timer" });

node.addEventListener("pointerdown", (event) => {
  if (event.target.closest(".handle")) return;
  node.setPointerCapture(event.pointerId);
  player.seek(frameAt(event.clientX));
});
node.addEventListener("pointermove", (event) => {
  if (node.hasPointerCapture(event.pointerId)) player.seek(frameAt(event.clientX));
});

export function setUp(handlers) {
  ({ onMarks } = handlers);
}

export function show(one) {
  clip = one;
  const step = Math.max(1, clip.stills / PICTURES);
  const pictures = [];
  for (let at = 0; at < clip.stills; at += step) {
    pictures.push(el("img", { src: stillUrl(clip.clip, Math.floor(at), 90), alt: "", draggable: false }));
  }
  film.replaceChildren(...pictures);
  draw();
}

const share = (frame) => `${(100 * frame) / player.frames()}%`;

function frameAt(x) {
  const box = node.getBoundingClientRect();
  return Math.round(Math.min(1, Math.max(0, (x - box.left) / box.width)) * player.frames());
}

export function setMark(which, at = player.frameNow()) {
  const [first, last] = player.reach();
  if (which === "in") marks.in = Math.max(first, Math.min(at, marks.out - 1));
  else marks.out = Math.min(last, Math.max(at + 1, marks.in + 1));
  draw();
  player.seek(which === "in" ? marks.in : marks.out - 1);
}

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
    setMark(which, (which === "in" ? marks.in : marks.out - 1) + step);
  });
  return grip;
}

export function draw() {
  film.style.left = share(clip.frame_in);
  film.style.width = share(clip.frame_out - clip.frame_in);
  handles.in.style.left = share(marks.in);
  handles.out.style.left = share(marks.out);
  outside.left.style.width = share(marks.in);
  outside.right.style.left = share(marks.out);
  for (const which of ["in", "out"]) {
    handles[which].setAttribute("aria-valuenow", marks[which]);
    handles[which].setAttribute("aria-valuemin", 0);
    handles[which].setAttribute("aria-valuemax", player.frames());
  }
  onMarks();
  drawHead();
}

export function drawHead() {
  const frame = player.frameNow();
  head.style.left = share(frame + 0.5);
  clock.textContent =
    `${seconds(clip.frame_times_s[frame])} · frame ${frame - marks.in + 1} of ${marks.out - marks.in}` +
    player.pace();
}
