// Decisions of others: shown quietly, but for the clip that is open.

import { get, me } from "./api.js";
import { showDialog } from "./dialogs.js";
import { $, el, many, name, seconds, toast } from "./dom.js";
import { nameField } from "./jobs.js";

const LISTED = 20;

/**
 * @typedef {object} Activity
 * @property {string} who
 * @property {string} at
 * @property {string} kind
 * @property {any} value
 * @property {string} clip
 * @property {number} clips
 * @property {boolean} is_open
 * @property {string} [video]
 * @property {number} [in_s]
 */

/** @type {Activity[]} */
let latest = []; // their latest steps, the newest first
let known = 0; // number of the last verdict that was looked at
/** @type {Map<string, number>} */
const counts = new Map(); // who → how many steps since the page was opened
let onOpen = (/** @type {string} */ _clip) => {};

/** @param {{known: number, onOpen: (clip: string) => any}} handlers */
export function setUp(handlers) {
  ({ onOpen, known } = handlers);
  $("people").onclick = show;
}

/** @param {string} [open] the clip that is looked at */
export async function follow(open) {
  const found = await get(`/api/activity?after=${known}&open=${open || ""}`);
  known = Math.max(known, found.no);
  /** @type {Activity[]} */
  const steps = found.steps;
  for (const one of steps) {
    counts.set(one.who, (counts.get(one.who) || 0) + 1);
    if (one.is_open) toast(`${one.who} decided: ${words(one)}`);
  }
  latest = [...steps.reverse(), ...latest].slice(0, LISTED);
  draw();
}

function draw() {
  const button = $("people");
  button.hidden = !counts.size;
  const each = [...counts].map(([who, count]) => `${who} · ${many(count)}`);
  button.textContent = [...each, ...(me() === "me" ? ["your name?"] : [])].join(" · ");
  button.title = "Decisions of others since you opened the page";
}

/** @param {Activity} step */
function words({ kind, value }) {
  if (kind === "verdict") return value || "undecided";
  if (kind === "stars") return value ? "★".repeat(value) : "no stars";
  if (kind === "tags") return "tags";
  if (kind === "span") return "trim, split or merge";
  if (kind === "undo") return "undone";
  if (kind === "redo") return "redone";
  return value ? `${kind}: ${value}` : `no ${kind}`;
}

function show() {
  const line = (/** @type {Activity} */ one) => {
    const where = one.video ? `${name(one.video)} ${seconds(one.in_s)}` : "";
    const open = () => {
      $("dialog").close();
      onOpen(one.clip);
    };
    return el(
      "li",
      {},
      el("b", {}, one.who),
      ` ${words(one)} `,
      where ? el("button", { class: "quiet", onclick: open }, where) : "",
      one.clips > 1 ? ` and ${many(one.clips - 1)} more` : "",
      el("small", {}, ` ${new Date(one.at).toLocaleTimeString()}`),
    );
  };
  showDialog(
    "Decisions of others",
    ...(me() === "me" ? [el("p", {}, "You are not alone here, and are called “me”."), nameField()] : []),
    el("ol", { class: "activity" }, ...latest.map(line)),
  );
}
