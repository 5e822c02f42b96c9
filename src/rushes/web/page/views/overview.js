// The view of the project as a whole: totals, jobs, selections, exports, failures, notes.

/** @import { View } from "../app/types.js" */

import { get } from "../app/api.js";
import { bytes, counted, el, hours, many, throttled, toast } from "../app/dom.js";
import * as jobs from "../app/jobs.js";
import * as news from "../app/news.js";
import * as router from "../app/router.js";
import { labelOf, state, unitOf } from "../app/state.js";

const AGAIN_MS = 2000; // between two looks while a job goes on

/**
 * @typedef {object} Rule a line of a funnel
 * @property {string} rule
 * @property {string} threshold
 * @property {number} alone
 * @property {number} left
 * @property {number} missing
 * @property {number} unmeasured
 *
 * @typedef {{name: string, revision: number, clips: number, candidates: number, duration_s: number, funnel: Rule[]}} Selection
 * @typedef {{name: string, folder: string, format: string, clips: number, size_bytes: number, at: string}} Export
 * @typedef {{stage: string, item: string, error: string, message: string, retry: string}} Failure
 *
 * @typedef {object} Overview
 * @property {any} totals
 * @property {Object<string, number>} pending
 * @property {string[]} verbs
 * @property {Selection[]} selections
 * @property {Export[]} exports
 * @property {Failure[]} failures
 * @property {number} failed
 * @property {string[]} notes
 */

/** @type {HTMLElement | null} */
let root = null;

/** @type {View} */
export const view = {
  name: "overview",
  title: "Overview",
  keys: {
    listed: () => [["Overview", [["Esc", "to the clips"], ["r", "read again"], ["?", "these keys"]]]],
    find: (key) => keys[key],
  },
  mount,
  unmount,
  async follow() {
    await news.readState();
    refresh();
  },
};

/** @type {Object<string, () => any>} */
const keys = {
  Escape: () => router.go("clips"),
  r: () => refresh(),
  "?": () => document.getElementById("show-keys").click(),
};

/** @param {HTMLElement} given */
function mount(given) {
  root = given;
  addEventListener("job", refresh);
  if (!root.childElementCount) root.append(el("p", { class: "quiet" }, "Reading the project …"));
  return refresh();
}

function unmount() {
  removeEventListener("job", refresh);
  root = null;
}

const refresh = throttled(async () => {
  if (!root) return;
  try {
    const found = await get("/api/overview");
    if (root) draw(root, found);
  } catch (error) {
    toast(error.message, true);
  }
}, AGAIN_MS);

/**
 * @param {HTMLElement} place
 * @param {Overview} found
 */
function draw(place, found) {
  const { scrollTop } = place;
  const at = [...place.querySelectorAll("button")].findIndex((one) => one === document.activeElement);
  place.replaceChildren(
    totals(found),
    work(found),
    selections(found.selections),
    exports_(found.exports),
    failures(found),
    notes(found),
  );
  place.scrollTop = scrollTop;
  if (at >= 0) place.querySelectorAll("button")[at]?.focus();
}

/**
 * @param {string} title
 * @param {...(Node | string)} content
 */
const part = (title, ...content) => el("section", {}, el("h2", {}, title), ...content);

/** @param {string} text */
const quiet = (text) => el("p", { class: "quiet" }, text);

/**
 * @param {string[]} heads
 * @param {(Node | string)[][]} rows
 */
const table = (heads, rows) =>
  el(
    "div",
    { class: "scroll" },
    el(
      "table",
      { class: heads.length > 3 ? "stack" : "" }, // on a phone a row is a paragraph
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, at) => el("td", { dataset: { head: heads[at] } }, cell))))),
    ),
  );

// ---- totals --------------------------------------------------------------------------------------

/** @param {Overview} found */
function totals({ totals: all }) {
  const tile = (/** @type {string} */ value, /** @type {string} */ word, about = "") =>
    el("div", { title: about }, el("b", {}, value), ` ${word}`, about ? el("small", {}, about) : "");
  const plural = (/** @type {number} */ count, /** @type {string} */ word) => counted(count, word).split(" ")[1];
  const passes = all.decode_passes_per_video;
  const waiting = all.videos - all.scanned;
  return el(
    "section",
    { class: "totals", "aria-label": "Totals" },
    tile(many(all.videos), plural(all.videos, "video"), waiting ? `${many(waiting)} not scanned` : ""),
    tile(hours(all.hours * 3600), "of footage", passes ? `decoded ${passes === 1 ? "once" : `${passes} times`} per video` : ""),
    tile(many(all.cuts), plural(all.cuts, "cut")),
    tile(many(all.shots), plural(all.shots, "shot"), all.shots_too_short ? `${many(all.shots_too_short)} too short for a clip` : ""),
    tile(many(all.clips), plural(all.clips, "clip"), verdictWords()),
  );
}

function verdictWords() {
  const { keep = 0, drop = 0 } = state.verdicts;
  return keep || drop ? `${many(keep)} kept, ${many(drop)} dropped` : "";
}

// ---- jobs ----------------------------------------------------------------------------------------

/** @param {Overview} found */
function work({ pending, verbs }) {
  const rows = verbs.map((verb) => {
    const count = pending[verb];
    return [
      el("button", { onclick: () => jobs.start(verb), disabled: state.isWorking, class: count ? "accent" : "" }, jobs.titleOf(verb)),
      count === undefined ? "" : jobs.pendingWords(count),
    ];
  });
  return part(
    "Jobs",
    table(["Job", "Out of date"], rows),
    quiet("A job runs only what is out of date. At the command line, rushes run does all of them, and then the selections and exports."),
  );
}

// ---- selections and exports ----------------------------------------------------------------------

/** @param {Selection[]} all */
function selections(all) {
  if (!all.length) return part("Selections", quiet("No selection yet. Make one: rushes select main"));
  return part("Selections", ...all.map(funnel));
}

/** @param {Selection} one */
function funnel(one) {
  const share = (/** @type {number} */ count) => `width: ${(100 * count) / Math.max(1, one.candidates)}%`;
  const bar = (/** @type {number} */ count) => el("i", { class: "funnel", style: share(count) });
  const rule = (/** @type {Rule} */ line) => {
    const resolved = line.threshold && line.threshold !== line.rule ? el("small", {}, readable(line.threshold)) : "";
    const notes = [
      ...(line.missing ? [`${many(line.missing)} without a value`] : []),
      ...(line.unmeasured ? [`${many(line.unmeasured)} not measured: in, a person edited them`] : []),
    ];
    const lacking = notes.length ? el("small", {}, notes.join("; ")) : "";
    return [el("span", { title: line.rule }, readable(line.rule), resolved, lacking), many(line.left), bar(line.left)];
  };
  return el(
    "article",
    {},
    el("h3", {}, `${one.name}, revision ${one.revision}`),
    el("p", {}, `${many(one.clips)} of ${counted(one.candidates, "clip")}, ${hours(one.duration_s)}`),
    table(["Rule", "Clips left", ""], [["all clips", many(one.candidates), bar(one.candidates)], ...one.funnel.map(rule)]),
  );
}

/** @param {string} rule as the recipe has it */
function readable(rule) {
  // "motion.speed >= 0.263255" → "Motion speed ≥ 0.263255 % of diagonal / s"
  const [column, ...rest] = rule.split(" ");
  const words = rest.join(" ").replace(">=", "≥").replace("<=", "≤");
  const unit = /^[<>≥≤]/.test(words) ? unitOf(column) : "";
  return [labelOf(column), words, unit].filter(Boolean).join(" ");
}

/** @param {Export[]} all */
function exports_(all) {
  if (!all.length) return part("Exports", quiet("No export yet. Write one: rushes export main"));
  const rows = all.map((one) => [
    one.name,
    one.format,
    many(one.clips),
    bytes(one.size_bytes),
    new Date(one.at).toLocaleString(),
    el("span", { class: "path", title: one.folder }, one.folder),
  ]);
  return part("Exports", table(["Export", "Format", "Clips", "Size", "Written", "Folder"], rows));
}

// ---- failures and notes --------------------------------------------------------------------------

/** @param {Overview} found */
function failures({ failures: some, failed }) {
  if (!failed) return part("Failures", quiet("None."));
  const rows = some.map((one) => [
    one.stage,
    el("span", { class: "path", title: one.item }, one.item),
    el("span", { title: one.error }, one.message),
    one.retry ? retry(one.retry) : "",
  ]);
  const more = failed > some.length ? `The latest ${many(some.length)} of ${many(failed)}. All: rushes ls failures` : "";
  return part(`Failures (${many(failed)})`, table(["Stage", "Item", "What happened", "Try again"], rows), more ? quiet(more) : "");
}

/** @param {string} command */
function retry(command) {
  const copy = () =>
    navigator.clipboard.writeText(command).then(
      () => toast("copied; paste it into a terminal"),
      () => toast("select the command and copy it by hand", true),
    );
  return el("span", { class: "retry" }, el("code", {}, command), el("button", { class: "quiet", onclick: copy }, "Copy"));
}

/** @param {Overview} found */
function notes({ notes: all, totals: { pictures, split } }) {
  const lines = [...all, ...(pictures || []), ...(split ? [split].flat() : [])].map(String);
  if (!lines.length) return part("Notes", quiet("None."));
  return part("Notes", el("ul", {}, ...lines.map((line) => el("li", {}, line))));
}
