// What the page shows, and what the address bar remembers of it.

export const state = {
  columns: [], // {name, is_number, unit, higher_is_better, about}
  filters: new Map(), // column → {low, high} or {percent}: null where open
  verdict: "", // "" for all
  sort: "",
  group: "",
  text: "",
  like: "",
  only: null, // {rules, label}: a look aside that no slider narrows, such as one source's clips
  query: null, // {query, count, groups, duration_s}
  cursor: 0,
  selected: new Set(),
  tags: [],
  busy: 0, // changes of our own that are under way
  reasons: [],
  selections: {},
  total: 0,
};

export const column = (name) => state.columns.find((one) => one.name === name);

export const sortedBy = () => state.sort.replace(/^-/, "");

export function ruleOf(name, filter) {
  if (filter.percent) return `${name} ${filter.percent}`;
  if (filter.low !== null && filter.high !== null) return `${name} ${filter.low}..${filter.high}`;
  if (filter.low !== null) return `${name} >= ${filter.low}`;
  if (filter.high !== null) return `${name} <= ${filter.high}`;
  return null;
}

export function sliderRules() {
  return [...state.filters].map(([name, filter]) => ruleOf(name, filter)).filter(Boolean);
}

export function rules() {
  const verdict = state.verdict ? [`verdict = ${state.verdict}`] : [];
  return [...(state.only ? state.only.rules : sliderRules()), ...verdict];
}

export function readRule(text) {
  // "motion.speed 2..20" → ["motion.speed", {…}]; null for what no slider can show.
  const at = text.indexOf(" ");
  const name = text.slice(0, at);
  const rest = text.slice(at + 1);
  const range = rest.match(/^(-?[\d.]+(?:e[-+]?\d+)?)\s*\.\.\s*(-?[\d.]+(?:e[-+]?\d+)?)$/i);
  if (range) return [name, { low: +range[1], high: +range[2] }];
  const side = rest.match(/^(>=|<=|>|<)\s*(-?[\d.]+(?:e[-+]?\d+)?)$/i);
  if (side) return [name, side[1][0] === ">" ? { low: +side[2], high: null } : { low: null, high: +side[2] }];
  if (/^(top|bottom)\s+[\d.]+%$/.test(rest)) return [name, { low: null, high: null, percent: rest }];
  return null;
}

const KEPT = ["verdict", "sort", "group", "text", "like"];

export function remember() {
  const kept = new URLSearchParams();
  for (const rule of sliderRules()) kept.append("rule", rule);
  // A page whose filters were all taken away is not a new page, which begins with the recipe's.
  if (!kept.has("rule")) kept.set("rules", "none");
  for (const key of KEPT) if (state[key]) kept.set(key, state[key]);
  if (state.only) {
    for (const rule of state.only.rules) kept.append("only", rule);
    kept.set("label", state.only.label);
  }
  history.replaceState(null, "", `?${kept}${location.hash}`);
}

export function recall() {
  const kept = new URLSearchParams(location.search);
  for (const text of kept.getAll("rule")) {
    const rule = readRule(text);
    if (rule) state.filters.set(...rule);
  }
  for (const key of KEPT) state[key] = kept.get(key) || "";
  const only = kept.getAll("only");
  if (only.length) state.only = { rules: only, label: kept.get("label") || only.join(", ") };
}
