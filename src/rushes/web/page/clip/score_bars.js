// The measurements of a clip, and where it stands among all: a mark on a thin bar.

/** @import { Clip } from "../app/types.js" */

import { counted, el, many } from "../app/dom.js";
import { aboutOf, column, labelOf, valueOf } from "../app/state.js";

const FIRST = ["camera", "motion"]; // asked for most
const LEAST = 0.03; // of the bar: a mark that one can see

/** @param {Clip} clip */
export function scoreBars(clip) {
  const facts = [
    ["Length", `${clip.duration_s.toFixed(3)} s, ${counted(clip.frames, "frame")}`],
    ["Resolution", `${clip.width_px} × ${clip.height_px} px`],
    ...(clip.frames_damaged ? [["Damaged", `${many(clip.frames_damaged)} of its frames`]] : []),
  ];
  /** @type {Map<string, HTMLElement[]>} */
  const scorers = new Map();
  for (const name of FIRST) scorers.set(name, []);
  for (const [name, value] of Object.entries(clip.scores)) {
    if (value === null || value === "") continue;
    const [scorer] = name.split(".");
    if (!scorers.has(scorer)) scorers.set(scorer, []);
    scorers.get(scorer).push(score(name, value, clip.ranks[name]));
  }
  return el(
    "div",
    { class: "measured" },
    el("dl", {}, ...facts.map(([name, value]) => row(name, value))),
    ...(clip.is_measured ? [] : [el("p", { class: "quiet" }, "Not measured yet: Jobs → Score.")]),
    ...[...scorers]
      .filter(([, rows]) => rows.length)
      .map(([name, rows]) => el("section", {}, el("h4", {}, name), el("dl", {}, ...rows))),
  );
}

/**
 * @param {string} name
 * @param {string} value
 * @param {HTMLElement | null} mark
 */
function row(name, value, title = "", mark = null) {
  return el("div", { title }, el("dt", {}, name), el("dd", { class: "value" }, value), mark);
}

/**
 * @param {string} name
 * @param {any} value
 * @param {[number, number] | undefined} rank
 */
function score(name, value, rank) {
  // Without a label the name of its scorer, which stands above, is left out.
  const label = column(name)?.label ? labelOf(name) : name.split(".").slice(1).join(".");
  const words = rank ? rankWords(rank) : "";
  const title = [aboutOf(name), words].filter(Boolean).join("\n");
  return row(label, valueOf(name, value), title, rank ? bar(rank, words) : null);
}

/** @param {number} fraction */
const percent = (fraction) => `${Math.round(100 * fraction)} %`;

/** @param {[number, number]} rank */
function rankWords([below, upto]) {
  // Where many have the same value, the number of those that have less says little.
  if (upto - below > 0.5) return `same as ${percent(upto - below)} of the clips`;
  return `more than ${percent((below + upto) / 2)} of the clips`;
}

/**
 * @param {[number, number]} rank
 * @param {string} words
 */
function bar([below, upto], words) {
  const width = Math.max(LEAST, upto - below);
  const left = Math.min(1 - width, Math.max(0, (below + upto - width) / 2));
  return el(
    "dd",
    { class: "rank", role: "img", "aria-label": words },
    el("i", { class: upto - below > 0.5 ? "common" : "", style: `left: ${100 * left}%; width: ${100 * width}%` }),
  );
}
