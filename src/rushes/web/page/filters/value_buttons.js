// A button for each value: which texts, or numbers, of a column pass.

import { el, name as nameOf } from "../app/dom.js";
import { column, state } from "../app/state.js";

const FEW = 12;
const MANY = 500; // more are not drawn at once; they can be looked for

export function chips(name, found, { onSettle }) {
  // → {parts}: what stands in the filter's box. `found`: {counts, distinct, missing}.
  const filter = state.filters.get(name);
  const counts = new Map(found.counts);
  for (const value of filter.values) if (!counts.has(value)) counts.set(value, 0);
  const values = [...counts.keys()];
  const labels = labelled(name, values);
  const hasMany = Boolean(column(name)?.has_many);
  const box = el("div", { class: hasMany ? "chips named" : "chips", role: "group", "aria-label": `Values of ${name} that pass`, onclick: press });
  const find = el("input", {
    type: "search",
    class: "find",
    placeholder: `Find in ${values.length.toLocaleString("en")}`,
    "aria-label": `Find a value of ${name}`,
    autocomplete: "off",
    hidden: true,
    oninput: draw,
  });
  const more = el("button", { class: "quiet", onclick: expand });
  const all = el("button", { class: "quiet", onclick: () => setAll(true) }, "all");
  const none = el("button", { class: "quiet", onclick: () => setAll(false) }, "none");
  const named = values.slice(FEW).filter((value) => filter.values.has(value));
  let shown = [...values.slice(0, FEW), ...named.slice(0, FEW)];

  const passes = (value) => filter.values.has(value) !== filter.isNot;

  // Of a column that can hold several values, such as tags, one names those that a clip has to
  // have one of, or none of: the rest of the values is not the other side.
  const isOn = (value) => (hasMany ? filter.values.has(value) : passes(value));
  let isWithout = hasMany && filter.isNot && filter.values.size > 0;
  const side = (text, leavesOut) =>
    el("button", {
      class: "quiet",
      "aria-pressed": isWithout === leavesOut,
      onclick: () => {
        isWithout = leavesOut;
        settle();
      },
    }, text);
  const sides = hasMany ? [side("with", false), side("without", true)] : [];

  function set(value, isIn) {
    if (isIn !== filter.isNot) filter.values.add(value);
    else filter.values.delete(value);
  }

  function settle() {
    // The shorter way to say it is the one that is kept and written. It takes knowing all values.
    const rest = values.filter((value) => !filter.values.has(value));
    if (hasMany) {
      filter.isNot = isWithout || !filter.values.size; // nothing named: all pass
      sides.forEach((one, at) => one.setAttribute("aria-pressed", isWithout === Boolean(at)));
    } else if (rest.length < filter.values.size && values.length >= found.distinct) {
      filter.values = new Set(rest);
      filter.isNot = !filter.isNot;
    }
    delete filter.exact;
    for (const chip of box.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", isOn(shown[chip.dataset.at]));
    onSettle();
  }

  function press(event) {
    const value = shown[event.target.closest(".chip")?.dataset.at];
    if (value === undefined) return;
    if (!hasMany) set(value, !passes(value));
    else if (!filter.values.delete(value)) filter.values.add(value);
    settle();
  }

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
          el("small", {}, counts.get(value).toLocaleString("en")),
        ),
      ),
    );
    const hidden = values.length - shown.length;
    more.hidden = !find.hidden || !hidden;
    more.textContent = `${hidden.toLocaleString("en")} more`;
    const rest = shown.length - MANY;
    const untold = find.value ? 0 : Math.max(0, found.distinct - found.counts.length);
    if (rest > 0) box.append(el("p", { class: "quiet" }, `and ${(rest + untold).toLocaleString("en")} that fewer clips have`));
  }

  draw();
  return { parts: [find, box, el("div", { class: "choose" }, ...(hasMany ? sides : [all, none]), more)] };
}

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
