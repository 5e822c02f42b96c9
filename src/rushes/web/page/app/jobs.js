// Jobs: the verbs that can be started, what they have to do, and how far the one that runs has come.

/** @import { Job } from "./types.js" */

import { get, me, post, remove } from "./api.js";
import { showDialog } from "./dialogs.js";
import { $, el, hours, many, toast } from "./dom.js";
import { state } from "./state.js";

/** @type {Object<string, string>} */
const TITLES = {
  scan: "Scan", cut: "Cut", score: "Score", caption: "Caption", dedup: "Find duplicates", coverage: "Map coverage",
};
const COUNTED = /^(clips|videos|pairs|cuts)$/; // of other units, such as seconds, only the share says something

/** @param {string} verb */
export const titleOf = (verb) => TITLES[verb] || verb;

/** @param {Job} job */
export function showJob(job) {
  const bar = $("progress");
  bar.hidden = $("done").hidden = !job.is_running;
  const share = job.total ? Math.min(1, job.done / job.total) : 0;
  $("done").style.width = `${100 * share}%`;
  const words = progressOf(job, share);
  const span = bar.querySelector("span");
  if (span.textContent !== words) span.textContent = span.title = words;
  if (state.isWorking && !job.is_running && job.message) toast(job.message);
  if (state.isWorking === job.is_running) return;
  state.isWorking = job.is_running;
  dispatchEvent(new Event("job"));
}

/**
 * @param {Job} job
 * @param {number} share
 */
function progressOf({ verb, label, done, total, unit, eta_s: eta }, share) {
  const left = eta === null ? "" : `, ${hours(eta)} left`;
  if (!total) return `${label || verb}: getting ready`;
  if (!COUNTED.test(unit)) return `${label}: ${Math.round(100 * share)} %${left}`;
  const count = (/** @type {number} */ value) => many(Math.floor(value + 1e-6));
  return `${label}: ${count(Math.min(done, total))} of ${count(total)} ${unit}${left}`;
}

export function setUp() {
  $("progress").querySelector("button").onclick = stop;
  $("show-jobs").onclick = show;
}

export const stop = () => remove("/api/jobs").catch((error) => toast(error.message, true));

/** @param {string} verb */
export async function start(verb) {
  try {
    showJob(await post("/api/jobs", { verb }));
    $("dialog").close();
  } catch (error) {
    toast(error.message, true);
  }
}

export const nameField = () =>
  el("label", {}, "Your name ", el("input", {
    value: me(),
    onchange: (/** @type {any} */ event) => localStorage.setItem("who", event.target.value.trim() || "me"),
  }));

export function show() {
  const button = (/** @type {string} */ verb) =>
    el("span", { dataset: { verb } }, el("button", { onclick: () => start(verb) }, titleOf(verb)), el("small"));
  showDialog(
    "Jobs",
    el("p", {}, "A job runs only what is out of date. Finished work is kept if you stop it."),
    el("div", { class: "buttons verbs" }, ...state.verbs.map(button)),
    state.isWorking ? el("p", {}, `${$("progress").querySelector("span").textContent} `, el("button", { onclick: stop }, "Stop")) : "",
    ...state.notes.map((note) => el("p", { class: "hint" }, note)),
    nameField(),
    el("p", { class: "hint" }, "Your name stands beside your decisions. Undo undoes only your own."),
  );
  showPending().catch(() => {}); // the buttons do without it
}

/** @param {number} count */
export const pendingWords = (count) => (count ? `${many(count)} to do` : "up to date");

async function showPending() {
  for (const [verb, count] of Object.entries(await get("/api/pending"))) {
    const words = document.querySelector(`dialog [data-verb="${verb}"] small`);
    if (words) words.textContent = pendingWords(count);
  }
}
