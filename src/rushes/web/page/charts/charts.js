// Charts of the clips that pass the filters, in front of pale ones of all clips.

import { post } from "../app/api.js";
import { crosstab } from "./crosstab.js";
import { showDialog } from "../app/dialogs.js";
import { $, counted, el, hours, many, name, number, svg } from "../app/dom.js";
import { coverageMap } from "./coverage_map.js";
import { scale } from "../filters/axis.js";
import { labelOf, rules, valueOf } from "../app/state.js";

const WIDTH = 320;
const HEIGHT = 150;

/**
 * The ways that a press on a chart leads.
 * @typedef {object} Go
 * @property {(rules: string[], label: string) => any} look
 * @property {(words: string) => any} search
 * @property {(clip: string) => any} open
 * @property {(verb: string) => any} work
 */

/** @type {Go} */
let go;

/** @param {Go} handlers */
export function setUp(handlers) {
  const closing = (/** @type {[string, (...given: any[]) => any]} */ [key, work]) => [
    key,
    (/** @type {any[]} */ ...given) => {
      $("dialog").close();
      return work(...given);
    },
  ];
  go = Object.fromEntries(Object.entries(handlers).map(closing));
}

export async function show() {
  const asked = rules();
  const found = await post("/api/charts", { rules: asked });
  const box = el("div", { class: "charts" });
  if (!found.count) box.append(el("p", {}, "No match, so nothing to draw. Widen a filter."));
  else {
    box.append(
      el(
        "p",
        {},
        `${many(found.count)} of ${counted(found.candidates, "clip")} pass the filters, `,
        `${hours(found.duration_s)}. Pale bars: all clips. Press a bar, a tile or a point to see its clips.`,
      ),
      coverageMap(found, go),
      await crosstab(asked, go),
      figure("Length", "", bars(found.durations, "s")),
      ...(found.scatter ? [figure(`${labelOf(found.scatter.y.name)} by ${labelOf(found.scatter.x.name)}`, "", dots(found.scatter))] : []),
      ...rows("Sources", "clips from each", found.sources),
      ...rows("Camera", "clips", found.cameras),
      ...rows("Resolution", "clips", found.sizes),
      ...rows("Words", "in so many captions", found.words),
    );
  }
  showDialog("Charts", box);
  $("dialog").classList.add("large");
}

/**
 * @param {string} title
 * @param {string} about
 * @param {...(Node | string)} content
 */
function figure(title, about, ...content) {
  return el("figure", {}, el("figcaption", {}, el("b", {}, title), about ? ` ${about}` : ""), ...content);
}

/**
 * @param {any} histogram
 * @param {string} unit
 */
function bars(histogram, unit) {
  const tallest = Math.max(...histogram.counts, 1);
  const wide = WIDTH / histogram.counts.length;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT + 18}`, role: "img", "aria-label": "Histogram of lengths" },
    ...histogram.counts.map((/** @type {number} */ count, /** @type {number} */ at) => {
      const height = (count / tallest) * HEIGHT;
      return svg("rect", {
        x: at * wide, y: HEIGHT - height, width: Math.max(0.5, wide - 1), height, class: "bar",
      });
    }),
    svg("text", { x: 0, y: HEIGHT + 14 }, `${number(histogram.axis.low)} ${unit}`),
    svg("text", { x: WIDTH, y: HEIGHT + 14, "text-anchor": "end" }, `${number(histogram.axis.high)} ${unit}${logarithmic(histogram.axis)}`),
  );
}

/**
 * @param {string} title
 * @param {string} about
 * @param {any[]} found
 */
function rows(title, about, found) {
  // A row of a word leads to a search, one of a column to a side view.
  if (!found.length) return [];
  const most = Math.max(...found.map(({ all, passing }) => all ?? passing), 1);
  const wide = (/** @type {number} */ count) => `width:${(100 * count) / most}%`;
  const leads = (/** @type {any} */ { label, rule, all }) =>
    all === undefined ? () => go.search(label) : rule ? () => go.look([rule], `${title}: ${name(label)}`) : null;
  const line = (/** @type {any} */ one) => {
    const onclick = leads(one);
    const label = name(one.label);
    return el(
      "tr",
      {},
      el("th", { title: one.label }, onclick ? el("button", { class: "quiet", onclick }, label) : label),
      el("td", {}, el("i", { class: "all", style: wide(one.all ?? 0) }), el("i", { style: wide(one.passing) })),
      el("td", {}, many(one.passing), one.all > one.passing ? el("small", {}, ` of ${many(one.all)}`) : ""),
    );
  };
  return [figure(title, about, el("table", {}, ...found.map(line)))];
}

const logarithmic = (/** @type {{is_log: boolean}} */ axis) => (axis.is_log ? ", logarithmic" : "");

/** @param {any} scatter */
function dots({ x, y, points }) {
  const [atX, atY] = [scale(x).place, scale(y).place];
  const ends = (/** @type {any} */ axis) =>
    `${labelOf(axis.name)} ${number(axis.low)} … ${valueOf(axis.name, axis.high)}${logarithmic(axis)}`;
  const dot = (/** @type {any} */ point) => {
    const node = svg(
      "circle",
      { cx: atX(point.x) * WIDTH, cy: (1 - atY(point.y)) * HEIGHT, r: points.length > 300 ? 2.5 : 4, class: "dot" },
      svg("title", {}, `${labelOf(x.name)} ${valueOf(x.name, point.x)}, ${labelOf(y.name)} ${valueOf(y.name, point.y)}`),
    );
    node.addEventListener("click", () => go.open(point.clip));
    return node;
  };
  const field = svg(
    "svg",
    { viewBox: `-5 -5 ${WIDTH + 10} ${HEIGHT + 10}`, role: "img", "aria-label": `${labelOf(y.name)} by ${labelOf(x.name)}` },
    svg("path", { d: `M0 0V${HEIGHT}H${WIDTH}`, class: "axis" }),
    ...points.map(dot),
  );
  return el("div", {}, field, el("p", { class: "quiet" }, `→ ${ends(x)}`), el("p", { class: "quiet" }, `↑ ${ends(y)}`));
}
