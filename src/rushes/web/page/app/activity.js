// What others decide meanwhile: quietly, but for the clip that is open.

import { get, me } from "./api.js";
import { showDialog } from "./dialogs.js";
import { $, el, name, seconds, toast } from "./dom.js";
import { nameField } from "./jobs.js";

const LISTED = 20;

let seen = []; // their latest steps, the newest first
let known = 0; // number of the last verdict that was looked at
let counts = new Map(); // who → how many steps since the page was opened
let onOpen = () => {};

export function setUp(handlers) {
  ({ onOpen, known } = handlers);
  $("people").onclick = show;
}

export async function follow(open) {
  // `open`: the clip that is looked at.
  const { no, steps } = await get(`/api/activity?after=${known}&open=${open || ""}`);
  known = Math.max(known, no);
  for (const one of steps) {
    counts.set(one.who, (counts.get(one.who) || 0) + 1);
    if (one.is_open) toast(`${one.who} decided: ${what(one)}`);
  }
  seen = [...steps.reverse(), ...seen].slice(0, LISTED);
  draw();
}

function draw() {
  const button = $("people");
  button.hidden = !counts.size;
  const each = [...counts].map(([who, count]) => `${who} · ${count}`);
  button.textContent = [...each, ...(me() === "me" ? ["your name?"] : [])].join(" · ");
  button.title = "What others decided since you opened the page";
}

function what({ kind, value }) {
  if (kind === "verdict") return value || "undecided";
  if (kind === "stars") return value ? "★".repeat(value) : "no stars";
  if (kind === "tags") return "tags";
  if (kind === "span") return "trimmed or divided";
  if (kind === "undo") return "taken back";
  if (kind === "redo") return "done again";
  return value ? `${kind}: ${value}` : `no ${kind}`;
}

function show() {
  const line = (one) => {
    const where = one.video ? `${name(one.video)} ${seconds(one.in_s)}` : "";
    const link = el("button", { class: "quiet", onclick: () => { $("dialog").close(); onOpen(one.clip); } }, where);
    return el(
      "li",
      {},
      el("b", {}, one.who),
      ` ${what(one)} `,
      where ? link : "",
      one.clips > 1 ? ` and ${(one.clips - 1).toLocaleString("en")} more` : "",
      el("small", {}, ` ${new Date(one.at).toLocaleTimeString()}`),
    );
  };
  showDialog(
    "What others decided",
    ...(me() === "me" ? [el("p", {}, "You are not alone here, and are called “me”."), nameField()] : []),
    el("ol", { class: "lately" }, ...seen.map(line)),
  );
}
