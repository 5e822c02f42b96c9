// A button for each value: the texts, or numbers, of a column that pass.

import { el, many, name as nameOf, targetOf } from "../app/dom.js";
import { column, labelOf, state } from "../app/state.js";

const FEW = 12;
const MANY = 500; // more are not drawn at once; they can be searched

/**
 * Make the buttons → {parts}: the content of the filter's box.
 * @param {string} name
 * @param {{counts: [string, number][], distinct: number, missing: number}} found
 * @param {{onSettle: () => any}} handlers
 */
export function chips(name, found, { onSettle }) {
  const filter = state.filters.get(name);
  const counts = new Map(found.counts);
  for (const value of filter.values) if (!counts.has(value)) counts.set(value, 0);
  const values = [...counts.keys()];
  const labels = labelled(name, values);
  const hasMany = Boolean(column(name)?.has_many);
  const box = el("div", { class: hasMany ? "chips named" : "chips", role: "group", "aria-label": `Values of ${labelOf(name)} that pass`, onclick: press });
  const find = el("input", {
    type: "search",
    class: "find",
    placeholder: `Find in ${many(values.length)}`,
    "aria-label": `Find a value of ${labelOf(name)}`,
    autocomplete: "off",
    hidden: true,
    oninput: draw,
  });
  const more = el("button", { class: "quiet", onclick: expand });
  const all = el("button", { class: "quiet", onclick: () => setAll(true) }, "all");
  const none = el("button", { class: "quiet", onclick: () => setAll(false) }, "none");
  const named = values.slice(FEW).filter((value) => filter.values.has(value));
  let shown = [...values.slice(0, FEW), ...named.slice(0, FEW)];

  const passes = (/** @type {string} */ value) => filter.values.has(value) !== filter.isNot;

  // Of a column that can hold several values, such as tags, one names those that a clip must have
  // one of, or none of: the other values are not the opposite.
  const isOn = (/** @type {string} */ value) => (hasMany ? filter.values.has(value) : passes(value));
  let isWithout = hasMany && filter.isNot && filter.values.size > 0;
  const side = (/** @type {string} */ text, /** @type {boolean} */ leavesOut) =>
    el("button", {
      class: "quiet",
      "aria-pressed": isWithout === leavesOut,
      onclick: () => {
        isWithout = leavesOut;
        settle();
      },
    }, text);
  const sides = hasMany ? [side("with", false), side("without", true)] : [];

  /**
   * @param {string} value
   * @param {boolean} isIn
   */
  function set(value, isIn) {
    if (isIn !== filter.isNot) filter.values.add(value);
    else filter.values.delete(value);
  }

  function settle() {
    // The shorter way to say it is the one that is kept and written. It takes knowing all values.
    const rest = values.filter((value) => !filter.values.has(value));
    if (hasMany) {
      filter.isNot = isWithout || !filter.values.size; // nothing named: all pass
      sides.forEach((one, at) => one.setAttribute("aria-pressed", String(isWithout === Boolean(at))));
    } else if (rest.length < filter.values.size && values.length >= found.distinct) {
      filter.values = new Set(rest);
      filter.isNot = !filter.isNot;
    }
    delete filter.exact;
    for (const chip of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll(".chip"))) {
      chip.setAttribute("aria-pressed", String(isOn(shown[+chip.dataset.at])));
    }
    onSettle();
  }

  /** @param {Event} event */
  function press(event) {
    const value = shown[targetOf(event).closest(".chip")?.dataset.at];
    if (value === undefined) return;
    if (!hasMany) set(value, !passes(value));
    else if (!filter.values.delete(value)) filter.values.add(value);
    settle();
  }

  /** @param {boolean} isIn */
  function setAll(isIn) {
    // Of those that are found, where somebody looks for some.
    if (find.value) shown.forEach((value) => set(value, isIn));
    else Object.assign(filter, { values: new Set(), isNot: isIn });
    settle();
  }

  function expand() {
    find.hidden = false;
    more.hidden = true;
    box.classList.add("many");
    draw();
    find.focus();
  }

  function draw() {
    const words = find.value.trim().toLowerCase();
    if (!find.hidden) shown = values.filter((value) => value.toLowerCase().includes(words));
    box.replaceChildren(
      ...shown.slice(0, MANY).map((value, at) =>
        el(
          "button",
          { class: "chip", title: value, dataset: { at }, "aria-pressed": isOn(value) },
          el("span", {}, labels.get(value)),
          el("small", {}, many(counts.get(value))),
        ),
      ),
    );
    const hidden = values.length - shown.length;
    more.hidden = !find.hidden || !hidden;
    more.textContent = `${many(hidden)} more`;
    const rest = shown.length - MANY;
    const untold = find.value ? 0 : Math.max(0, found.distinct - found.counts.length);
    if (rest > 0) box.append(el("p", { class: "quiet" }, `and ${many(rest + untold)} rarer values`));
  }

  draw();
  return { parts: [find, box, el("div", { class: "choose" }, ...(hasMany ? sides : [all, none]), more)] };
}

/**
 * @param {string} name
 * @param {string[]} values
 */
function labelled(name, values) {
  // A source is known by its file's name, unless two share it.
  const labels = new Map(values.map((value) => [value, value || "(empty)"]));
  if (name !== "video" || column(name)?.is_number) return labels;
  const names = new Map();
  for (const value of values) names.set(nameOf(value), (names.get(nameOf(value)) || 0) + 1);
  for (const value of values) {
    labels.set(value, names.get(nameOf(value)) > 1 ? value.split("/").slice(-2).join("/") : nameOf(value));
  }
  return labels;
}
