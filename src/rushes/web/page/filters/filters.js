// The left column: a box for each filter, and the number of clips that all of them leave.

import { get, post } from "../app/api.js";
import { chips } from "./value_buttons.js";
import { $, counted, el, hours, many, options, throttled, toast } from "../app/dom.js";
import * as saving from "./save_rules.js";
import { slider } from "./sliders.js";
import { aboutOf, allRules, column, kindOf, labelOf, recipeRules, remember, rules, state } from "../app/state.js";

let onChange = () => {};
let onOpen = (/** @type {string} */ _clip) => {};
let isSetUp = false;
/** @type {Map<string, {words: HTMLElement, missing: number, draw?: () => void}>} */
const shown = new Map(); // by column

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  shown.forEach(({ draw }) => draw?.());
});

/** @param {{onChange: () => any, onOpen: (clip: string) => any}} handlers */
export async function setUp(handlers) {
  ({ onChange, onOpen } = handlers);
  $("add").addEventListener("change", async () => {
    const name = $("add").value;
    if (!name) return;
    const isNumber = column(name).is_number;
    state.filters.set(name, isNumber ? { low: null, high: null } : { values: new Set(), isNot: true });
    await show();
    /** @type {HTMLElement} */
    const first = document.querySelector(`[data-column="${CSS.escape(name)}"] :is(input, .chip)`);
    first?.focus();
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
  if (mine !== showing) return; // other filters are to be shown by now
  $("sliders").replaceChildren(...made);
  /** @type {[string, string][]} */
  const others = state.columns
    .filter(({ name }) => name !== "verdict" && !state.filters.has(name))
    .map(({ name }) => [name, labelOf(name)]);
  options($("add"), [["", "…"], ...others]);
  await recount();
}

/** @param {string} name */
async function filterBox(name) {
  const meta = column(name);
  const words = el("p", { class: "told" });
  /** @type {{words: HTMLElement, missing: number, draw?: () => void}} */
  const box = { words, missing: 0 };
  shown.set(name, box);
  const handlers = { onMove: moved, onSettle: settle, onOpen };
  const kind = kindOf(name);
  const asked = `column=${encodeURIComponent(name)}`;
  /** @type {{parts: HTMLElement[], strip?: HTMLElement, draw?: () => void}} */
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
    const why = meta
      ? `${name} is text, and takes only = and !=.`
      : `no clip has a ${name}. Nothing measures it, or it is mistyped.`;
    words.textContent = `${state.filters.get(name).exact}: ${why} Not applied here, and refused by rushes select.`;
  }
  return el(
    "section",
    { class: kind === "lost" ? "slider lost" : "slider", dataset: { column: name } },
    el(
      "header",
      {},
      el("h2", { title: aboutOf(name) }, labelOf(name), meta?.unit ? el("small", {}, `, ${meta.unit}`) : ""),
      el(
        "button",
        {
          class: "quiet",
          title: "Remove this filter",
          "aria-label": `Remove the filter ${labelOf(name)}`,
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
    words,
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
  // Others decide and save: an export would hold other clips.
  if (isSetUp) saving.follow();
}

/** @param {{count: number, candidates: number, duration_s: number}} left */
export function showCounts(left) {
  // Of a search, only a query knows the count.
  const all = state.text || state.like ? "found" : `of ${counted(left.candidates, "clip")}`;
  $("counts").textContent = `${many(left.count)} ${all} · ${hours(left.duration_s)}`;
}

/**
 * @param {any} left
 * @param {string[]} sent
 */
function showEach(left, sent) {
  const names = sent.map((rule) => rule.split(" ")[0]);
  for (const [name, { words, missing }] of shown) {
    if (kindOf(name) === "lost") continue;
    const at = state.only ? -1 : names.indexOf(name);
    const lacking = missing ? `; ${many(missing)} without a value` : "";
    words.textContent = state.only
      ? `paused while viewing ${state.only.label}`
      : (at < 0 ? "no limit" : removed(left, at, names)) + lacking;
  }
  saving.show();
}

/**
 * @param {any} left
 * @param {number} at place of the rule
 * @param {string[]} names
 */
function removed(left, at, names) {
  const out = left.candidates - left.alone[at];
  if (!out || names.length < 2) return `removes ${many(out)}`;
  const [other, both] = left.shared[at] || [];
  const also = both ? `, ${many(both)} also by ${labelOf(names[other])}` : "";
  return `removes ${many(out)} (${many(left.only[at])} only by this${also})`;
}
