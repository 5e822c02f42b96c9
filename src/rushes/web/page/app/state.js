// The state of the page, and the part of it that the address bar remembers.

/** @import { Column, Filter, Query } from "./types.js" */

import { number } from "./dom.js";
import { readRule, ruleOf } from "../filters/rules.js";

export const state = {
  view: "", // the view in sight
  project: "",
  /** @type {Column[]} */
  columns: [],
  /** @type {Map<string, Filter>} */
  filters: new Map(), // column → the values that pass: see readRule
  verdict: "", // "" for all
  sort: "",
  group: "",
  text: "",
  like: "",
  /** @type {{rules: string[], label: string, most?: number} | null} */
  only: null, // a side view that no slider narrows, such as one source's clips
  /** @type {Query | null} */
  query: null,
  cursor: 0,
  isOff: false, // whether the open clip is in the list no more; the one at the cursor follows it
  /** @type {Set<string>} */
  selected: new Set(),
  /** @type {string[]} */
  tags: [],
  busy: 0, // changes of our own that are under way
  /** @type {string[]} */
  reasons: [],
  /** @type {Object<string, string[]>} */
  selections: {}, // name → rules of the recipe
  /** @type {string[]} */
  notes: [], // of the project, such as models that are left out
  /** @type {string[]} */
  verbs: [], // that can be started
  isWorking: false,
  total: 0,
  /** @type {Object<string, number>} */
  verdicts: {}, // verdict → count of clips
};

/**
 * While a change of our own is under way, news waits: it would find the clip gone that is open.
 * @template T
 * @param {() => Promise<T>} work
 */
export async function atWork(work) {
  state.busy++;
  try {
    return await work();
  } finally {
    state.busy--;
    if (!state.busy) dispatchEvent(new Event("rested"));
  }
}

// ---- columns -------------------------------------------------------------------------------------

/** @param {string} name */
export const column = (name) => state.columns.find((one) => one.name === name);

/** @type {Object<string, string>} */
const LABELS = { video: "source", "dedup.group": "duplicates", "coverage.cluster": "cluster" };

/**
 * The name of a column as a person reads it.
 * @param {string} name
 */
export const labelOf = (name) => column(name)?.label || LABELS[name] || name;

/** @param {string} name */
export const unitOf = (name) => column(name)?.unit || "";

/**
 * The tooltip of a column: its raw name, and the explanation.
 * @param {string} name
 */
export const aboutOf = (name) => [name, column(name)?.about].filter(Boolean).join("\n");

/**
 * A value of a column with its unit.
 * @param {string} name
 * @param {any} value
 */
export const valueOf = (name, value) => [number(value), unitOf(name)].filter(Boolean).join(" ");

// ---- rules ---------------------------------------------------------------------------------------

export const sortedBy = () => state.sort.replace(/^-/, "");

/**
 * The way a filter is shown; "lost": the recipe has a rule that no clip can be asked for.
 * @param {string} name
 */
export function kindOf(name) {
  const [meta, filter] = [column(name), state.filters.get(name)];
  if (!meta) return "lost";
  return filter.values ? "chips" : meta.is_number ? "slider" : "lost";
}

export function allRules() {
  // As they would be saved.
  return [...state.filters]
    .map(([name, filter]) => ruleOf(name, filter, column(name)?.is_number))
    .filter(Boolean);
}

export function filterRules() {
  // Those that can be asked.
  return [...state.filters]
    .filter(([name]) => kindOf(name) !== "lost")
    .map(([name, filter]) => ruleOf(name, filter, column(name).is_number))
    .filter(Boolean);
}

export function rules() {
  const verdict = state.verdict ? [`verdict = ${state.verdict}`] : [];
  return [...(state.only ? state.only.rules : filterRules()), ...verdict];
}

export function recipeRules() {
  // → {limits, quotas} of the selection that the page shows: it can change the first, and keeps
  // the others.
  const all = state.selections.main || [];
  return { limits: all.filter(readRule), quotas: all.filter((text) => !readRule(text)) };
}

export function begin() {
  // With the rules of the recipe, so that one sees the clips that are exported.
  state.filters = new Map(recipeRules().limits.map(readRule));
}

// ---- the address bar -----------------------------------------------------------------------------

const LONG = 4000; // characters that an address bar and a server's log still take
const KEPT = /** @type {const} */ (["verdict", "sort", "group", "text", "like"]);

export function remember() {
  if (state.view !== "clips") return; // another view has the address bar
  const kept = new URLSearchParams();
  const now = allRules();
  const isLong = now.join().length > LONG;
  if (isLong) sessionStorage.setItem("rules", JSON.stringify(now));
  else for (const rule of now) kept.append("rule", rule);
  // A page whose filters were all taken away is not a new page, which begins with the recipe's.
  if (!kept.has("rule")) kept.set("rules", isLong ? "stored" : "none");
  for (const key of KEPT) if (state[key]) kept.set(key, state[key]);
  if (state.only) {
    for (const rule of state.only.rules) kept.append("only", rule);
    kept.set("label", state.only.label);
  }
  history.replaceState(history.state, "", `?${kept}${location.hash}`);
}

export function recall() {
  const kept = new URLSearchParams(location.search);
  kept.delete("view");
  if (!kept.size) return begin();
  const stored = kept.get("rules") === "stored" && sessionStorage.getItem("rules");
  for (const text of stored ? JSON.parse(stored) : kept.getAll("rule")) {
    const rule = readRule(text);
    if (rule) state.filters.set(rule[0], rule[1]);
  }
  for (const key of KEPT) state[key] = kept.get(key) || "";
  const only = kept.getAll("only");
  if (only.length) state.only = { rules: only, label: kept.get("label") || only.join(", ") };
}
