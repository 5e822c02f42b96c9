// What the page shows, and what the address bar remembers of it.

import { readRule, ruleOf } from "../filters/rules.js";

export const state = {
  columns: [], // {name, is_number, unit, higher_is_better, about}
  filters: new Map(), // column → what passes: see readRule
  verdict: "", // "" for all
  sort: "",
  group: "",
  text: "",
  like: "",
  only: null, // {rules, label}: a look aside that no slider narrows, such as one source's clips
  query: null, // {query, count, groups, duration_s}
  cursor: 0,
  isOff: false, // whether the open clip is in the list no more; the one at the cursor follows it
  selected: new Set(),
  tags: [],
  busy: 0, // changes of our own that are under way
  reasons: [],
  selections: {},
  notes: [], // what the project wants to be known
  verbs: [], // what can be started
  isWorking: false,
  total: 0,
  verdicts: {}, // verdict → how many clips
};

export async function atWork(work) {
  // While a change of our own is under way, news waits: it would find the clip gone that is open.
  state.busy++;
  try {
    return await work();
  } finally {
    state.busy--;
    if (!state.busy) dispatchEvent(new Event("rested"));
  }
}

export const column = (name) => state.columns.find((one) => one.name === name);

export const sortedBy = () => state.sort.replace(/^-/, "");

export function kindOf(name) {
  // How a filter is shown; "lost": the recipe has a rule that no clip can be asked for.
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
  // → {limits, quotas} of the selection that the page shows: what it can change, what it keeps.
  const all = state.selections.main || [];
  return { limits: all.filter(readRule), quotas: all.filter((text) => !readRule(text)) };
}

export function begin() {
  // With the rules of the recipe, so that one sees what is exported.
  state.filters = new Map(recipeRules().limits.map(readRule));
}

const LONG = 4000; // characters that an address bar and a server's log still take
const KEPT = ["verdict", "sort", "group", "text", "like"];

export function remember() {
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
  const stored = kept.get("rules") === "stored" && sessionStorage.getItem("rules");
  for (const text of stored ? JSON.parse(stored) : kept.getAll("rule")) {
    const rule = readRule(text);
    if (rule) state.filters.set(...rule);
  }
  for (const key of KEPT) state[key] = kept.get(key) || "";
  const only = kept.getAll("only");
  if (only.length) state.only = { rules: only, label: kept.get("label") || only.join(", ") };
}
