// What is measured of a clip, and where it stands among all: a mark on a thin bar.

import { el, number } from "../app/dom.js";
import { column } from "../app/state.js";

const FIRST = ["camera", "motion"]; // what is asked for most
const LEAST = 0.03; // of the bar: a mark that one can see

export const node = el("div", { class: "measured" });

export function draw(clip) {
  const facts = [
    ["length", `${clip.duration_s.toFixed(3)} s, ${clip.frames} frames`],
    ["picture", `${clip.width_px} × ${clip.height_px}`],
    ...(clip.frames_damaged ? [["damaged", `${clip.frames_damaged} frames`]] : []),
  ];
  const scorers = new Map(FIRST.map((name) => [name, []]));
  for (const [name, value] of Object.entries(clip.scores)) {
    if (value === null || value === "") continue;
    const [scorer, ...rest] = name.split(".");
    if (!scorers.has(scorer)) scorers.set(scorer, []);
    scorers.get(scorer).push(score(name, rest.join("."), value, clip.ranks[name]));
  }
  node.replaceChildren(
    el("dl", {}, ...facts.map(([name, value]) => row(name, value))),
    ...(clip.is_measured ? [] : [el("p", { class: "quiet" }, "Not measured yet: Work → Score.")]),
    ...[...scorers]
      .filter(([, rows]) => rows.length)
      .map(([name, rows]) => el("section", {}, el("h4", {}, name), el("dl", {}, ...rows))),
  );
}

function row(name, value, title = "", bar = null) {
  return el("div", { title }, el("dt", {}, name), el("dd", { class: "value" }, value), bar);
}

function score(name, short, value, rank) {
  const meta = column(name);
  const unit = meta?.unit ? ` ${meta.unit}` : "";
  const said = rank ? told(rank) : "";
  const title = [name, meta?.about, said].filter(Boolean).join("\n");
  return row(short, `${number(value)}${unit}`, title, rank ? bar(rank, said) : null);
}

const percent = (fraction) => `${Math.round(100 * fraction)} %`;

function told([below, upto]) {
  // Where many have the same value, how many have less says little.
  if (upto - below > 0.5) return `as ${percent(upto - below)} of the clips`;
  return `more than ${percent((below + upto) / 2)} of the clips`;
}

function bar([below, upto], said) {
  const width = Math.max(LEAST, upto - below);
  const left = Math.min(1 - width, Math.max(0, (below + upto - width) / 2));
  return el(
    "dd",
    { class: "rank", role: "img", "aria-label": said },
    el("i", { class: upto - below > 0.5 ? "common" : "", style: `left: ${100 * left}%; width: ${100 * width}%` }),
  );
}
