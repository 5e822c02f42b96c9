// Two columns against each other: how many clips there are of each pair, and of which there are none.

import { post } from "../app/api.js";
import { el, options, toast } from "../app/dom.js";
import { state } from "../app/state.js";

const USUAL = { across: ["motion.speed", "duration_s"], down: ["camera.label", "video"] };
const chosen = {};

export async function crossing(rules, go) {
  const names = state.columns.filter((one) => !one.has_many).map((one) => one.name);
  for (const [axis, wanted] of Object.entries(USUAL)) {
    if (!names.includes(chosen[axis])) chosen[axis] = wanted.find((one) => names.includes(one)) || names[0];
  }
  const table = el("div", { class: "scroll" });
  const draw = async () => {
    try {
      table.replaceChildren(drawn(await post("/api/crosstab", { rules, ...chosen }), go));
    } catch (error) {
      toast(error.message, true);
    }
  };
  const choice = (axis, text) => {
    const select = el("select", {
      "aria-label": text,
      onchange: () => {
        chosen[axis] = select.value;
        draw();
      },
    });
    options(select, names.map((one) => [one, one]), chosen[axis]);
    return select;
  };
  await draw();
  return el(
    "figure",
    { class: "full" },
    el(
      "figcaption",
      {},
      el("b", {}, "Pairs "), choice("down", "Column below one another"), " and ",
      choice("across", "Column beside one another"), " clips that pass; hatched: there are none at all",
    ),
    table,
  );
}

function drawn({ across, down, xs, ys, all, passing, missing }, go) {
  if (!xs.length || !ys.length) return el("p", { class: "quiet" }, "No clip has a value of both.");
  const most = Math.max(...passing.flat(), 1);
  const cell = (y, x) => {
    const [there, left] = [all[y][x], passing[y][x]];
    const both = [ys[y].rule, xs[x].rule].filter(Boolean);
    const node = el(
      "button",
      {
        class: there ? "" : "none",
        title: `${down} ${ys[y].label}, ${across} ${xs[x].label}: ${left.toLocaleString("en")} of ${there.toLocaleString("en")} clips pass`,
        disabled: !there || both.length < 2,
        onclick: () => go.look(both, `${ys[y].label}, ${across} ${xs[x].label}`),
      },
      left.toLocaleString("en"),
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
      { class: "crossing" },
      el("tr", {}, el("td", {}), ...xs.map(({ label }) => el("th", { scope: "col", title: label }, label))),
      ...ys.map(({ label }, y) =>
        el("tr", {}, el("th", { scope: "row", title: label }, label), ...xs.map((_, x) => cell(y, x))),
      ),
    ),
    missing ? el("p", { class: "quiet" }, `${missing.toLocaleString("en")} clips have no value of one of them.`) : "",
  );
}
