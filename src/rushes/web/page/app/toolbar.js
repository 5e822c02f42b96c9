// The bar on top, and the verdicts above the sliders: search, sort, group.

import { $, el, many, options } from "./dom.js";
import { labelOf, remember, state } from "./state.js";

/** @type {Object<string, string>} */
const VERDICTS = { undecided: "Undecided", keep: "Keep", drop: "Drop" };

let handlers = {
  onAsk: () => {},
  onSearch: (/** @type {string} */ _text) => {},
  onLeave: () => {},
};

/** @param {Object<keyof typeof handlers, any>} given */
export function setUp(given) {
  handlers = given;
  for (const key of /** @type {const} */ (["sort", "group"])) {
    $(key).onchange = () => {
      state[key] = $(key).value;
      handlers.onAsk();
    };
  }
  const text = $("text");
  $("search").onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    handlers.onSearch(text.value.trim());
    $("grid").focus();
  };
  text.oninput = () => !text.value && handlers.onSearch("");
  text.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    // A browser would empty the field, and the search would go on.
    event.preventDefault();
    text.value = state.text;
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
  /** @type {[string, string][]} */
  const sorts = [["", state.like || state.text ? "best match" : "source and time"]];
  for (const { name, higher_is_better: better } of state.columns) {
    if (name === "verdict") continue;
    /** @type {[string, string][]} */
    const both = [[name, `${labelOf(name)}, highest first`], [`-${name}`, `${labelOf(name)}, lowest first`]];
    sorts.push(...(better === false ? both.reverse() : both));
  }
  options($("sort"), sorts, state.sort);
  /** @type {[string, string][]} */
  const groups = state.columns
    .filter((one) => !one.is_number || /\.(cluster|group)$/.test(one.name))
    .map(({ name }) => [name, labelOf(name)]);
  options($("group"), [["", "no groups"], ...groups], state.group);
  $("text").value = state.text;
  const only = $("only");
  only.hidden = !state.only;
  only.replaceChildren(el("span", {}, state.only?.label || ""), el("span", { "aria-hidden": "true" }, "×"));
  only.title = [...(state.only?.rules || []), "Back to the view before (Esc)"].join("\n");
  showVerdicts();
}

export function showVerdicts() {
  const focused = /** @type {HTMLElement} */ (document.activeElement)?.dataset?.verdict;
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
      value ? VERDICTS[value] : "All",
      el("small", {}, ` ${many(value ? state.verdicts[value] || 0 : state.total)}`),
    ),
  );
  $("verdicts").replaceChildren(...chips);
  if (focused !== undefined) chips.find((one) => one.dataset.verdict === focused)?.focus();
}
