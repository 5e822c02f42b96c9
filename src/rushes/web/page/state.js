// What the page shows, and what the address bar remembers of it.

export const state = {
  columns: [], // {name, is_number, unit, higher_is_better, about}
  filters: new Map(), // column → {low, high} or {percent}: null where open
  verdict: "", // "" for all
  sort: "",
  group: "",
  text: "",
  like: "",
  query: null, // {query, count, groups, duration_s}
  cursor: 0,
  selected: new Set(),
  tags: [],
};

export const column = (name) => state.columns.find((one) => one.name === name);

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
  return state.verdict ? [...sliderRules(), `verdict = ${state.verdict}`] : sliderRules();
}

export function readRule(text) {
  // "motion.speed 2..20" → ["motion.speed", {…}]; null for what no slider can show.
  const at = text.indexOf(" ");
  const name = text.slice(0, at);
  const rest = text.slice(at + 1);
  const range = rest.match(/^(-?[\d.e+-]+)\s*\.\.\s*(-?[\d.e+-]+)$/);
  if (range) return [name, { low: +range[1], high: +range[2] }];
  const side = rest.match(/^(>=|<=|>|<)\s*(-?[\d.e+-]+)$/);
  if (side) return [name, side[1][0] === ">" ? { low: +side[2], high: null } : { low: null, high: +side[2] }];
  if (/^(top|bottom)\s+[\d.]+%$/.test(rest)) return [name, { low: null, high: null, percent: rest }];
  return null;
}

export function remember() {
  const kept = new URLSearchParams();
  for (const rule of sliderRules()) kept.append("rule", rule);
  for (const key of ["verdict", "sort", "group", "text", "like"]) {
    if (state[key]) kept.set(key, state[key]);
  }
  const query = kept.toString();
  history.replaceState(null, "", `${query ? `?${query}` : "/"}${location.hash}`);
}

export function recall() {
  const kept = new URLSearchParams(location.search);
  for (const text of kept.getAll("rule")) {
    const rule = readRule(text);
    if (rule) state.filters.set(...rule);
  }
  for (const key of ["verdict", "sort", "group", "text", "like"]) state[key] = kept.get(key) || "";
}
