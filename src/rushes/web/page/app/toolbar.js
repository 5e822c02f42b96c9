// The bar on top, and the verdicts above the sliders: what is looked for, in what order.

import { $, el, options } from "./dom.js";
import { remember, state } from "./state.js";

export const CALLED = { video: "source", "dedup.group": "duplicates", "coverage.cluster": "cluster" };
const SHOWN = { undecided: "Undecided", keep: "Keep", drop: "Drop" };

let handlers = {};
let counts = {};

export function setUp(given) {
  handlers = given;
  for (const key of ["sort", "group"]) {
    $(key).onchange = () => {
      state[key] = $(key).value;
      handlers.onAsk();
    };
  }
  $("search").onsubmit = (event) => {
    event.preventDefault();
    handlers.onSearch($("text").value.trim());
    $("grid").focus();
  };
  $("text").oninput = () => !$("text").value && handlers.onSearch("");
  $("text").onkeydown = (event) => {
    if (event.key !== "Escape") return;
    // A browser would empty the field, and what was looked for would go on to be looked for.
    event.preventDefault();
    $("text").value = state.text;
    $("grid").focus();
  };
  $("open-filters").onclick = toggleFilters;
  $("shade").onclick = toggleFilters;
  $("only").onclick = handlers.onLeave;
}

export function toggleFilters() {
  const isOpen = document.body.classList.toggle("filters");
  $("open-filters").setAttribute("aria-expanded", isOpen);
}

export function show() {
  const sorts = [["", state.like || state.text ? "best match" : "source and time"]];
  for (const { name, higher_is_better: better } of state.columns) {
    if (name === "verdict") continue;
    const [most, least] = [[name, `${name}, most first`], [`-${name}`, `${name}, least first`]];
    sorts.push(...(better === false ? [least, most] : [most, least]));
  }
  options($("sort"), sorts, state.sort);
  const groups = state.columns
    .filter((one) => !one.is_number || /\.(cluster|group)$/.test(one.name))
    .map(({ name }) => [name, CALLED[name] || name]);
  options($("group"), [["", "no groups"], ...groups], state.group);
  $("text").value = state.text;
  const only = $("only");
  only.hidden = !state.only;
  only.replaceChildren(el("span", {}, state.only?.label || ""), el("span", { "aria-hidden": "true" }, "×"));
  only.title = [...(state.only?.rules || []), "Back to what was looked at before (Esc)"].join("\n");
  showVerdicts();
}

export function showVerdicts(now = counts) {
  counts = now;
  const focused = document.activeElement?.dataset?.verdict;
  const chips = ["", "undecided", "keep", "drop"].map((value) =>
    el(
      "button",
      {
        "aria-pressed": state.verdict === value,
        class: value,
        dataset: { verdict: value },
        onclick: () => {
          state.verdict = value;
          showVerdicts();
          remember();
          handlers.onAsk();
        },
      },
      value ? SHOWN[value] : "All",
      el("small", {}, ` ${(value ? counts[value] || 0 : state.total).toLocaleString("en")}`),
    ),
  );
  $("verdicts").replaceChildren(...chips);
  if (focused !== undefined) chips.find((one) => one.dataset.verdict === focused)?.focus();
}
