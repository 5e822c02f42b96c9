// Long work: what can be started, what waits to be done, how far it is.

import { get, me, post, remove } from "./api.js";
import { showDialog } from "./dialogs.js";
import { $, el, hours, toast } from "./dom.js";
import { state } from "./state.js";

const VERBS = {
  scan: "Scan", cut: "Cut", score: "Score", caption: "Caption", dedup: "Find duplicates", coverage: "Map coverage",
};
const COUNTED = /^(clips|videos|pairs|cuts)$/; // of other units, such as seconds, only the share says something

export function showWork(work) {
  const bar = $("progress");
  bar.hidden = $("done").hidden = !work.is_running;
  const share = work.total ? Math.min(1, work.done / work.total) : 0;
  $("done").style.width = `${100 * share}%`;
  const told = farOf(work, share);
  const span = bar.querySelector("span");
  if (span.textContent !== told) span.textContent = span.title = told;
  if (state.isWorking && !work.is_running && work.message) toast(work.message);
  state.isWorking = work.is_running;
}

function farOf({ verb, label, done, total, unit, eta_s: eta }, share) {
  const left = eta === null ? "" : `, ${hours(eta)} left`;
  if (!total) return `${label || verb}: getting ready`;
  if (!COUNTED.test(unit)) return `${label}: ${Math.round(100 * share)} %${left}`;
  const count = (value) => Math.floor(value + 1e-6).toLocaleString("en");
  return `${label}: ${count(Math.min(done, total))} of ${count(total)} ${unit}${left}`;
}

export function setUp() {
  $("progress").querySelector("button").onclick = stop;
  $("show-work").onclick = show;
}

const stop = () => remove("/api/jobs").catch((error) => toast(error.message, true));

export async function start(verb) {
  try {
    showWork(await post("/api/jobs", { verb }));
    $("dialog").close();
  } catch (error) {
    toast(error.message, true);
  }
}

export const nameField = () =>
  el("label", {}, "Your name ", el("input", {
    value: me(),
    onchange: (event) => localStorage.setItem("who", event.target.value.trim() || "me"),
  }));

export function show() {
  const button = (verb) =>
    el("span", { dataset: { verb } }, el("button", { onclick: () => start(verb) }, VERBS[verb] || verb), el("small"));
  showDialog(
    "Work",
    el("p", {}, "What is out of date is done; what is finished is kept if you stop it."),
    el("div", { class: "buttons verbs" }, ...state.verbs.map(button)),
    state.isWorking ? el("p", {}, `${$("progress").querySelector("span").textContent} `, el("button", { onclick: stop }, "Stop")) : "",
    ...state.notes.map((note) => el("p", { class: "hint" }, note)),
    nameField(),
    el("p", { class: "hint" }, "Your name stands beside what you decide, and undo takes back only what is yours."),
  );
  showWaiting().catch(() => {}); // the buttons do without it
}

async function showWaiting() {
  for (const [verb, count] of Object.entries(await get("/api/pending"))) {
    const said = document.querySelector(`dialog [data-verb="${verb}"] small`);
    if (said) said.textContent = count ? `${count.toLocaleString("en")} to do` : "nothing new";
  }
}
