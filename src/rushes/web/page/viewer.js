// One clip: played from the source where the browser can, trimmed, divided, described, decided.

import { get, post, stillUrl } from "./api.js";
import { $, el, name, number, seconds, toast } from "./dom.js";
import { state } from "./state.js";

let clip = null; // what the server says of it
let video = null;
let marks = { in: 0, out: 0 }; // places in clip.frame_pts; `out` is the first frame not shown
let loops = true;
let speed = 0;
let isPreview = false;
let handlers = {};
const cache = new Map(); // id → promise, for the next clips

export const isOpen = () => !$("viewer").hidden;
export const current = () => clip;

export function setUp(given) {
  handlers = given;
}

function load(id) {
  if (!cache.has(id)) {
    const found = get(`/api/clip/${id}`);
    found.catch(() => cache.delete(id));
    cache.set(id, found);
    if (cache.size > 20) cache.delete(cache.keys().next().value);
  }
  return cache.get(id);
}

export function forget() {
  cache.clear();
}

export async function prefetch(id) {
  const next = await load(id).catch(() => null);
  if (!next) return;
  new Image().src = stillUrl(id, 0, 480);
  const link = el("link", { rel: "prefetch", as: "video", href: sourceOf(next) });
  if (next.plays) return; // a source is fetched by range when it is played
  document.head.append(link);
}

const sourceOf = (one) => (one.plays ? `/source/${one.video_id}` : `/preview/${one.clip}.mp4`);

export async function open(id) {
  let found;
  try {
    found = await load(id);
  } catch (error) {
    toast(error.message, true);
    close();
    return;
  }
  clip = found;
  $("viewer").hidden = false;
  if (location.hash !== `#${id}`) history.replaceState(null, "", `${location.search || "/"}#${id}`);
  marks = { in: clip.frame_in, out: clip.frame_out };
  build();
  play(sourceOf(clip), !clip.plays);
}

export async function reload() {
  if (!clip) return;
  const at = video?.currentTime;
  cache.delete(clip.clip);
  const before = clip;
  clip = await load(clip.clip).catch(() => null);
  if (!clip) {
    toast("this clip was divided or joined by somebody else", true);
    close();
    return;
  }
  const side = $("viewer").querySelector(".side");
  const focused = side?.contains(document.activeElement) && document.activeElement.matches("input, textarea");
  if (!focused) side?.replaceWith(buildSide());
  if (before.clip === clip.clip && at !== undefined) drawMarks();
}

export function close() {
  if (!isOpen()) return;
  video?.pause();
  video?.removeAttribute("src");
  video?.load();
  video = null;
  clip = null;
  $("viewer").hidden = true;
  $("viewer").replaceChildren();
  history.replaceState(null, "", location.search || "/");
  $("grid").focus();
  handlers.onClose();
}

// ---- the player --------------------------------------------------------------------------------

function build() {
  video = el("video", {
    muted: localStorage.getItem("muted") === "1",
    playsInline: true,
    preload: "auto",
    poster: clip.stills ? stillUrl(clip.clip, 0, 480) : "",
    onclick: toggle,
    onvolumechange: () => localStorage.setItem("muted", video.muted ? "1" : "0"),
    onerror: () => {
      if (video?.getAttribute("src") && !isPreview) play(`/preview/${clip.clip}.mp4`, true);
      else if (video?.getAttribute("src")) tell("this clip cannot be played; see `rushes ls failures`");
    },
  });
  const strip = el("div", { class: "film", "aria-hidden": "true" });
  const step = Math.max(1, clip.stills / 16);
  for (let at = 0; at < clip.stills; at += step) {
    strip.append(el("img", { src: stillUrl(clip.clip, Math.floor(at), 90), alt: "" }));
  }
  const line = el(
    "div",
    { class: "line" },
    strip,
    el("div", { class: "outside left" }),
    el("div", { class: "outside right" }),
    handle("in"),
    handle("out"),
    el("div", { class: "head" }),
  );
  line.addEventListener("pointerdown", (event) => {
    if (event.target.closest(".handle")) return;
    seek(frameAtX(line, event.clientX));
  });
  $("viewer").replaceChildren(
    el(
      "div",
      { class: "stage" },
      el(
        "header",
        {},
        el("button", { class: "quiet", onclick: close, title: "Back to the grid (Esc)" }, "← Grid"),
        el("span", { class: "where" }, `${name(clip.video)} · ${seconds(clip.in_s)}`),
        el("span", { class: "at", role: "timer" }),
        el(
          "span",
          { class: "step" },
          el("button", { class: "quiet", onclick: () => handlers.onStep(-1), title: "Previous (PageUp)" }, "‹"),
          el("button", { class: "quiet", onclick: () => handlers.onStep(1), title: "Next (PageDown)" }, "›"),
        ),
      ),
      el("div", { class: "screen" }, video, el("p", { class: "note", hidden: true })),
      line,
      el(
        "div",
        { class: "controls" },
        control("◀◀", "Backwards (J)", () => shuttle(-1)),
        control("‹ frame", "One frame back (,)", () => stepFrames(-1)),
        control("Play", "Play or pause (Space)", toggle, "play"),
        control("frame ›", "One frame on (.)", () => stepFrames(1)),
        control("▶▶", "Forwards, again for faster (L)", () => shuttle(1)),
        el("button", { class: "loop", title: "Loop (q)", "aria-pressed": loops, onclick: toggleLoop }, "Loop"),
        control("[ In", "In here (i)", () => setMark("in")),
        control("Out ]", "Out here (o)", () => setMark("out")),
        control("Trim", "Trim to in and out (Shift+T)", trim, "trim"),
        control("Split", "Divide here (s)", split),
        control("Join next", "Join with the next clip (m)", join),
      ),
    ),
    buildSide(),
  );
  drawMarks();
}

function control(text, title, work, kind = "") {
  return el("button", { class: kind, title, onclick: work }, text);
}

function tell(text) {
  const note = $("viewer").querySelector(".note");
  if (note) {
    note.textContent = text;
    note.hidden = !text;
  }
}

function play(source, preview) {
  isPreview = preview;
  tell(preview ? "making a preview …" : "");
  video.src = source;
  video.onloadeddata = () => {
    tell("");
    speed = 1;
    video.playbackRate = 1;
    seek(marks.in);
    video.play().catch(() => {});
  };
  requestAnimationFrame(tick);
}

// A preview begins at its clip's first frame, a source at its own.
const offset = () => (isPreview ? clip.frame_times_s[clip.frame_in] : 0);
const timeOf = (frame) => clip.frame_times_s[Math.min(frame, clip.frame_times_s.length - 1)] - offset();
const endOf = (frame) =>
  frame < clip.frame_times_s.length ? clip.frame_times_s[frame] - offset() : clip.end_s - offset();

function frameNow() {
  const now = video.currentTime + offset() + 1e-4;
  let low = 0;
  let high = clip.frame_times_s.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (clip.frame_times_s[middle] <= now) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function seek(frame) {
  const last = clip.frame_times_s.length - 1;
  const at = Math.max(0, Math.min(frame, last));
  // Into the middle of the frame: its edge may round to the one before.
  video.currentTime = timeOf(at) + Math.max(0, (endOf(at + 1) - timeOf(at)) / 2);
}

function tick() {
  if (!video || !isOpen()) return;
  if (!video.seeking && video.readyState > 1) {
    const now = video.currentTime;
    const end = endOf(marks.out) - 0.5 * Math.max(0.01, endOf(marks.out) - timeOf(marks.out - 1));
    if (speed < 0) {
      // Browsers do not play backwards: step.
      const back = frameNow() - Math.max(1, Math.round(-speed / 2));
      if (back < marks.in) speed = 0;
      else seek(back);
    } else if (!video.paused && now >= end) {
      if (loops) seek(marks.in);
      else video.pause();
    }
    drawHead();
  }
  const button = $("viewer").querySelector(".play");
  if (button) button.textContent = video.paused && speed >= 0 ? "Play" : "Pause";
  setTimeout(() => requestAnimationFrame(tick), speed < 0 ? 40 : 0);
}

export function toggle() {
  speed = 1;
  video.playbackRate = 1;
  if (video.paused) {
    if (video.currentTime >= endOf(marks.out) - 0.02) seek(marks.in);
    video.play().catch(() => {});
  } else video.pause();
}

export function shuttle(direction) {
  if (direction > 0) {
    speed = speed > 0 && !video.paused ? Math.min(8, speed * 2) : 1;
    video.playbackRate = speed;
    video.play().catch(() => {});
  } else {
    video.pause();
    speed = speed < 0 ? Math.max(-16, speed * 2) : -1;
  }
}

export function halt() {
  speed = 0;
  video.pause();
}

export function stepFrames(count) {
  halt();
  seek(frameNow() + count);
}

export function toggleLoop() {
  loops = !loops;
  $("viewer").querySelector(".loop")?.setAttribute("aria-pressed", loops);
}

// ---- in, out, split, join ----------------------------------------------------------------------

function handle(which) {
  const node = el("div", {
    class: `handle ${which}`,
    role: "slider",
    tabIndex: 0,
    "aria-label": which === "in" ? "In" : "Out",
  });
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    halt();
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const at = frameAtX(node.parentElement, event.clientX);
    if (which === "in") setMark("in", at);
    else setMark("out", at - 1);
  });
  node.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    setMark(which, (which === "in" ? marks.in : marks.out - 1) + step);
  });
  return node;
}

const frames = () => clip.frame_times_s.length;

function frameAtX(line, x) {
  const box = line.getBoundingClientRect();
  return Math.round(Math.min(1, Math.max(0, (x - box.left) / box.width)) * frames());
}

export function setMark(which, at = frameNow()) {
  const first = isPreview ? clip.frame_in : 0;
  const last = isPreview ? clip.frame_out : frames();
  if (which === "in") marks.in = Math.max(first, Math.min(at, marks.out - 1));
  else marks.out = Math.min(last, Math.max(at + 1, marks.in + 1));
  drawMarks();
  seek(which === "in" ? marks.in : marks.out - 1);
}

function drawMarks() {
  const line = $("viewer").querySelector(".line");
  const share = (frame) => `${(100 * frame) / frames()}%`;
  line.querySelector(".film").style.left = share(clip.frame_in);
  line.querySelector(".film").style.width = share(clip.frame_out - clip.frame_in);
  line.querySelector(".handle.in").style.left = share(marks.in);
  line.querySelector(".handle.out").style.left = share(marks.out);
  line.querySelector(".outside.left").style.width = share(marks.in);
  line.querySelector(".outside.right").style.left = share(marks.out);
  for (const which of ["in", "out"]) {
    const node = line.querySelector(`.handle.${which}`);
    node.setAttribute("aria-valuenow", marks[which]);
    node.setAttribute("aria-valuemin", 0);
    node.setAttribute("aria-valuemax", frames());
  }
  $("viewer").querySelector(".trim").disabled = !isTrimmed();
  drawHead();
}

function drawHead() {
  const head = $("viewer").querySelector(".head");
  if (!head || !video) return;
  const frame = frameNow();
  head.style.left = `${(100 * (frame + 0.5)) / frames()}%`;
  $("viewer").querySelector(".at").textContent =
    `${seconds(clip.frame_times_s[frame])} · frame ${frame - marks.in + 1} of ${marks.out - marks.in}` +
    (speed > 1 || speed < 0 ? ` · ${speed}×` : "");
}

const isTrimmed = () => marks.in !== clip.frame_in || marks.out !== clip.frame_out;
const ptsOf = (frame) => (frame < frames() ? clip.frame_pts[frame] : clip.end_pts);

async function respan(clips, spans, told) {
  try {
    const done = await post("/api/respan", { clips, spans });
    cache.clear();
    toast(told);
    await handlers.onRespan(done.clips, clips);
  } catch (error) {
    toast(error.message, true);
  }
}

export function trim() {
  if (!isTrimmed()) return toast("set in (i) or out (o) first");
  return respan([clip.clip], [[ptsOf(marks.in), ptsOf(marks.out)]], "trimmed; z takes it back");
}

export function split() {
  const at = ptsOf(frameNow());
  if (at <= clip.in_pts || at >= clip.out_pts) return toast("go to a frame inside the clip first");
  return respan([clip.clip], [[clip.in_pts, at], [at, clip.out_pts]], "divided; z takes it back");
}

export async function join() {
  if (!clip.after) return toast("there is no clip after this one in its video");
  const next = await load(clip.after);
  return respan([clip.clip, next.clip], [[clip.in_pts, next.out_pts]], "joined; z takes it back");
}

// ---- what is known and said --------------------------------------------------------------------

function buildSide() {
  const verdict = (value, text, title) =>
    el(
      "button",
      {
        class: value || "undecided",
        title,
        "aria-pressed": clip.verdict === value,
        onclick: () => handlers.onDecide({ verdict: value }),
      },
      text,
    );
  const stars = el("div", { class: "stars", role: "group", "aria-label": "Stars" });
  for (let count = 1; count <= 5; count++) {
    stars.append(
      el(
        "button",
        {
          class: "quiet",
          "aria-label": `${count} stars`,
          "aria-pressed": (clip.stars || 0) >= count,
          onclick: () => handlers.onDecide({ stars: clip.stars === count ? null : count }),
        },
        (clip.stars || 0) >= count ? "★" : "☆",
      ),
    );
  }
  const reason = el("input", {
    id: "reason",
    value: clip.reason || "",
    placeholder: "Reason (r)",
    "aria-label": "Reason",
    list: "reasons",
    onchange: (event) => handlers.onDecide({ reason: event.target.value.trim() || null }, false),
  });
  const caption = el("textarea", {
    id: "caption",
    rows: 4,
    value: clip.caption ?? clip.captions[0]?.text ?? "",
    placeholder: "What is to be seen (c)",
    "aria-label": "Caption",
    onchange: (event) => handlers.onDecide({ caption: event.target.value.trim() || null }, false),
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.blur();
    },
  });
  const tags = el("ul", { class: "tags" });
  for (const tag of clip.tags) {
    tags.append(
      el(
        "li",
        {},
        tag,
        el(
          "button",
          {
            class: "quiet",
            "aria-label": `Remove ${tag}`,
            onclick: () => handlers.onDecide({ tags: { remove: [tag] } }, false),
          },
          "×",
        ),
      ),
    );
  }
  const tag = el("input", {
    id: "tag",
    placeholder: "Add a tag (t)",
    "aria-label": "Add a tag",
    list: "tags",
    onkeydown: (event) => {
      const text = event.target.value.trim();
      if (event.key === "Enter" && text) {
        event.target.value = "";
        handlers.onDecide({ tags: { add: [text] } }, false);
      }
    },
  });
  const variants = clip.captions.filter((one) => one.text !== caption.value);
  return el(
    "aside",
    { class: "side", "aria-label": "About this clip" },
    el(
      "div",
      { class: "verdict", role: "group", "aria-label": "Verdict" },
      verdict("keep", "Keep", "Keep (y)"),
      verdict("drop", "Drop", "Drop (n)"),
      verdict(null, "Undecided", "Undecided (u)"),
    ),
    stars,
    reason,
    datalist("reasons", ["blurred", "shaky", "text", "watermark", "duplicate", "boring", "bad cut", "off topic"]),
    el("h3", {}, "Caption"),
    caption,
    ...variants.map((one) =>
      el(
        "button",
        { class: "variant", title: "Use this one", onclick: () => handlers.onDecide({ caption: one.text }, false) },
        el("small", {}, one.source),
        one.text,
      ),
    ),
    el("h3", {}, "Tags"),
    tags,
    tag,
    datalist("tags", state.tags),
    el(
      "div",
      { class: "alike" },
      el("button", { onclick: () => handlers.onLike(clip.clip), title: "More like this (w)" }, "More like this"),
      el("button", { onclick: () => handlers.onSource(clip.video), title: "Same source (v)" }, "Same source"),
    ),
    el("h3", {}, "Measured"),
    measured(),
    el("h3", {}, "Decided"),
    story(),
  );
}

const datalist = (id, values) =>
  el("datalist", { id }, ...values.map((value) => el("option", { value })));

function measured() {
  const rows = [
    ["length", `${clip.duration_s.toFixed(3)} s, ${clip.frames} frames`],
    ["picture", `${clip.width_px} × ${clip.height_px}`],
    ...(clip.frames_damaged ? [["damaged", `${clip.frames_damaged} frames`]] : []),
    ...Object.entries(clip.scores)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => {
        const meta = state.columns.find((one) => one.name === key);
        return [key, `${number(value)} ${meta?.unit || ""}`, meta?.about];
      }),
  ];
  return el(
    "dl",
    {},
    ...rows.flatMap(([key, value, about]) => [el("dt", { title: about }, key), el("dd", {}, value)]),
  );
}

function story() {
  if (!clip.history.length) return el("p", { class: "quiet" }, "nobody has decided yet");
  const said = (one) =>
    one.kind === "verdict" ? one.value || "undecided" : `${one.kind}: ${JSON.stringify(one.value)}`;
  return el(
    "ol",
    { class: "story" },
    ...clip.history
      .slice(-12)
      .reverse()
      .map((one) =>
        el("li", {}, `${new Date(one.at).toLocaleString()} ${one.who} (${one.source}): ${said(one)}`),
      ),
  );
}
