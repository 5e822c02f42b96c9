// Two columns against each other: the number of clips of each pair of values, also where it is none.

/** @import { Go } from "./charts.js" */

import { post } from "../app/api.js";
import { counted, el, many, options, toast } from "../app/dom.js";
import { labelOf, state, unitOf } from "../app/state.js";

/** @type {Object<string, string[]>} */
const USUAL = { across: ["motion.speed", "duration_s"], down: ["camera.label", "video"] };
/** @type {Object<string, string>} */
const chosen = {};

/**
 * @param {string[]} rules
 * @param {Go} go
 */
export async function crosstab(rules, go) {
  const names = state.columns.filter((one) => !one.has_many).map((one) => one.name);
  for (const [axis, wanted] of Object.entries(USUAL)) {
    if (!names.includes(chosen[axis])) chosen[axis] = wanted.find((one) => names.includes(one)) || names[0];
  }
  const table = el("div", { class: "scroll" });
  const draw = async () => {
    try {
      table.replaceChildren(tableOf(await post("/api/crosstab", { rules, ...chosen }), go));
    } catch (error) {
      toast(error.message, true);
    }
  };
  const choice = (/** @type {string} */ axis, /** @type {string} */ text) => {
    const select = el("select", {
      "aria-label": text,
      onchange: () => {
        chosen[axis] = select.value;
        draw();
      },
    });
    options(select, names.map((one) => [one, labelOf(one)]), chosen[axis]);
    return select;
  };
  await draw();
  return el(
    "figure",
    { class: "full" },
    el(
      "figcaption",
      {},
      el("b", {}, "Crosstab "), choice("down", "Column of the rows"), " by ",
      choice("across", "Column of the columns"), " clips that pass; hatched: no such clip exists",
    ),
    table,
  );
}

/**
 * @param {any} found
 * @param {Go} go
 */
function tableOf({ across, down, xs, ys, all, passing, missing }, go) {
  if (!xs.length || !ys.length) return el("p", { class: "quiet" }, "No clip has a value in both columns.");
  const most = Math.max(...passing.flat(), 1);
  const axis = (/** @type {string} */ name, /** @type {string} */ label) => [labelOf(name), label, unitOf(name)].filter(Boolean).join(" ");
  const cell = (/** @type {number} */ y, /** @type {number} */ x) => {
    const [there, left] = [all[y][x], passing[y][x]];
    const both = [ys[y].rule, xs[x].rule].filter(Boolean);
    const node = el(
      "button",
      {
        class: there ? "" : "none",
        title: `${axis(down, ys[y].label)}, ${axis(across, xs[x].label)}: ${many(left)} of ${counted(there, "clip")} pass`,
        disabled: !there || both.length < 2,
        onclick: () => go.look(both, `${ys[y].label}, ${axis(across, xs[x].label)}`),
      },
      many(left),
    );
    // Square roots, so that few are still seen beside many.
    node.style.setProperty("--share", `${Math.round(40 * Math.sqrt(left / most))}%`);
    return el("td", {}, node);
  };
  return el(
    "div",
    {},
    el(
      "table",
      { class: "crosstab" },
      el("tr", {}, el("td", {}), ...xs.map((/** @type {any} */ { label }) => el("th", { scope: "col", title: label }, label))),
      ...ys.map((/** @type {any} */ { label }, /** @type {number} */ y) =>
        el("tr", {}, el("th", { scope: "row", title: label }, label), ...xs.map((/** @type {any} */ _, /** @type {number} */ x) => cell(y, x))),
      ),
    ),
    missing ? el("p", { class: "quiet" }, `${counted(missing, "clip")} without a value in one of them.`) : "",
  );
}
