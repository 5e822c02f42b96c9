// The left column: a box for each filter, and what all of them leave.

import { get, post } from "../app/api.js";
import { chips } from "./value_buttons.js";
import { $, el, hours, options, throttled, toast } from "../app/dom.js";
import * as saving from "./save_rules.js";
import { slider } from "./sliders.js";
import { allRules, column, kindOf, recipeRules, remember, rules, state } from "../app/state.js";

let onChange = () => {};
let onOpen = () => {};
let isSetUp = false;
const shown = new Map(); // column → {told, missing, draw}

const many = (number) => number.toLocaleString("en");

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  shown.forEach(({ draw }) => draw?.());
});

export async function setUp(handlers) {
  ({ onChange, onOpen } = handlers);
  $("add").addEventListener("change", async () => {
    const name = $("add").value;
    if (!name) return;
    const open = column(name).is_number ? { low: null, high: null } : { values: new Set(), isNot: true };
    state.filters.set(name, open);
    await show();
    document.querySelector(`[data-column="${CSS.escape(name)}"] :is(input, .chip)`)?.focus();
  });
  saving.setUp({
    onRevert: () => {
      settle();
      show();
    },
  });
  await show();
  isSetUp = true;
}

let showing = 0;
export async function show() {
  const mine = ++showing;
  const boxes = [];
  shown.clear();
  // All are asked for at once, and nothing moves until all are there.
  for (const name of state.filters.keys()) boxes.push(filterBox(name));
  const made = await Promise.all(boxes);
  if (mine !== showing) return; // what is to be shown is another by now
  $("sliders").replaceChildren(...made);
  options($("add"), [
    ["", "…"],
    ...state.columns
      .filter(({ name }) => name !== "verdict" && !state.filters.has(name))
      .map(({ name }) => [name, name]),
  ]);
  await recount();
}

async function filterBox(name) {
  const meta = column(name);
  const told = el("p", { class: "told" });
  const box = { told, missing: 0 };
  shown.set(name, box);
  const handlers = { onMove: moved, onSettle: settle, onOpen };
  const kind = kindOf(name);
  const asked = `column=${encodeURIComponent(name)}`;
  let content = { parts: [] };
  if (kind === "slider") {
    const found = await get(`/api/histogram?${asked}`);
    box.missing = found.missing;
    content = slider(name, found, handlers);
    box.draw = content.draw;
  } else if (kind === "chips") {
    const found = await get(`/api/values?${asked}`);
    box.missing = found.missing;
    content = chips(name, found, handlers);
  } else {
    told.textContent = meta
      ? `${state.filters.get(name).exact}: ${name} is text, and takes only = and !=. Not applied here, and refused by rushes select.`
      : `${state.filters.get(name).exact}: no clip has a ${name}. Nothing measures it, or it is mistyped. Not applied here, and refused by rushes select.`;
  }
  const unit = meta?.unit ? ` (${meta.unit})` : "";
  return el(
    "section",
    { class: kind === "lost" ? "slider lost" : "slider", dataset: { column: name } },
    el(
      "header",
      {},
      el("h2", { title: meta?.about || name }, name, el("small", {}, unit)),
      el(
        "button",
        {
          class: "quiet",
          title: "Remove this filter",
          "aria-label": `Remove the filter ${name}`,
          onclick: () => {
            state.filters.delete(name);
            settle();
            show();
          },
        },
        "×",
      ),
    ),
    ...content.parts,
    told,
    content.strip,
  );
}

const FOLLOWING_MS = 350; // the grid has pictures to fetch, and a browser lets an address change so often

const followHand = throttled(() => onChange(), FOLLOWING_MS);

function moved() {
  recount(false);
  followHand();
}

function settle() {
  remember();
  recount();
  onChange();
}

export const recount = throttled(async (isSettled = true) => {
  const sent = rules();
  // Quotas take longer than a hand that moves; they are counted when it rests.
  const isWhole = isSettled || !recipeRules().quotas.length;
  try {
    const left = await post("/api/count", { rules: sent, ...(isWhole ? { select: allRules() } : {}) });
    if (!state.text && !state.like) showCounts(left);
    showEach(left, sent);
    if (left.held) saving.showHeld(left.held);
  } catch (error) {
    toast(error.message, true);
  }
});

export function follow() {
  // What others decide or save changes what an export would hold, and what there is to save.
  if (isSetUp) saving.follow();
}

export function showCounts(left) {
  // Of a search, only a query knows what is left.
  const all = state.text || state.like ? "found" : `of ${many(left.candidates)} clips`;
  $("counts").textContent = `${many(left.count)} ${all} · ${hours(left.duration_s)}`;
}

function showEach(left, sent) {
  const names = sent.map((rule) => rule.split(" ")[0]);
  for (const [name, { told, missing }] of shown) {
    if (kindOf(name) === "lost") continue;
    const at = state.only ? -1 : names.indexOf(name);
    const lacking = missing ? `; ${many(missing)} have no value` : "";
    told.textContent = state.only
      ? "not asked just now"
      : (at < 0 ? "lets all through" : takenOut(left, at, names)) + lacking;
  }
  saving.show();
}

function takenOut(left, at, names) {
  const out = left.candidates - left.alone[at];
  if (!out || names.length < 2) return `takes out ${many(out)}`;
  const [other, both] = left.shared[at] || [];
  return `takes out ${many(out)}: ${many(left.only[at])} alone` + (both ? `, ${many(both)} with ${names[other]}` : "");
}
