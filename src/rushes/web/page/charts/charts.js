// Pictures of the set: what passes the filters, before a pale picture of all there is.

import { post } from "../app/api.js";
import { crossing } from "./crosstab.js";
import { showDialog } from "../app/dialogs.js";
import { $, el, hours, name, number, svg } from "../app/dom.js";
import { coverageMap } from "./coverage_map.js";
import { scale } from "../filters/axis.js";
import { rules } from "../app/state.js";

const WIDTH = 320;
const HEIGHT = 150;

// What a click on a picture leads to: {look(rules, label), search(words), open(clip), work(verb)}.
let go = {};

export function setUp(handlers) {
  const closing = ([key, work]) => [
    key,
    (...given) => {
      $("dialog").close();
      return work(...given);
    },
  ];
  go = Object.fromEntries(Object.entries(handlers).map(closing));
}

export async function show() {
  const asked = rules();
  const found = await post("/api/charts", { rules: asked });
  const count = (value) => value.toLocaleString("en");
  const box = el("div", { class: "charts" });
  if (!found.count) box.append(el("p", {}, "No clip passes the filters: there is nothing to draw."));
  else {
    box.append(
      el(
        "p",
        {},
        `${count(found.count)} of ${count(found.candidates)} clips pass the filters, `,
        `${hours(found.duration_s)}. Pale bars are all clips. Press what you want to look at.`,
      ),
      coverageMap(found, go),
      await crossing(asked, go),
      figure("Length", "", bars(found.durations, "s")),
      ...(found.scatter ? [figure(`${found.scatter.y.name} against ${found.scatter.x.name}`, "", dots(found.scatter))] : []),
      ...rows("Sources", "clips of each", found.sources),
      ...rows("Camera", "clips", found.cameras),
      ...rows("Size", "clips", found.sizes),
      ...rows("Words", "captions that have them", found.words),
    );
  }
  showDialog("Charts", box);
  $("dialog").classList.add("wide");
}

function figure(title, about, ...content) {
  return el("figure", {}, el("figcaption", {}, el("b", {}, title), about ? ` ${about}` : ""), ...content);
}

function bars(histogram, unit) {
  const tallest = Math.max(...histogram.counts, 1);
  const wide = WIDTH / histogram.counts.length;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT + 18}`, role: "img", "aria-label": "Histogram of lengths" },
    ...histogram.counts.map((count, at) => {
      const height = (count / tallest) * HEIGHT;
      return svg("rect", {
        x: at * wide, y: HEIGHT - height, width: Math.max(0.5, wide - 1), height, class: "bar",
      });
    }),
    svg("text", { x: 0, y: HEIGHT + 14 }, `${number(histogram.axis.low)} ${unit}`),
    svg("text", { x: WIDTH, y: HEIGHT + 14, "text-anchor": "end" }, `${number(histogram.axis.high)} ${unit}${said(histogram.axis)}`),
  );
}

function rows(title, about, found) {
  // A row that stands for a word is searched for, one of a column is looked at.
  if (!found.length) return [];
  const most = Math.max(...found.map(({ all, passing }) => all ?? passing), 1);
  const wide = (count) => `width:${(100 * count) / most}%`;
  const leads = ({ label, rule, all }) =>
    all === undefined ? () => go.search(label) : rule ? () => go.look([rule], `${title}: ${name(label)}`) : null;
  const line = (one) => {
    const onclick = leads(one);
    const label = name(one.label);
    return el(
      "tr",
      {},
      el("th", { title: one.label }, onclick ? el("button", { class: "quiet", onclick }, label) : label),
      el("td", {}, el("i", { class: "all", style: wide(one.all ?? 0) }), el("i", { style: wide(one.passing) })),
      el("td", {}, one.passing.toLocaleString("en"), one.all > one.passing ? el("small", {}, ` of ${one.all.toLocaleString("en")}`) : ""),
    );
  };
  return [figure(title, about, el("table", {}, ...found.map(line)))];
}

const said = (axis) => (axis.is_log ? ", logarithmic" : "");

function dots({ x, y, points }) {
  const [atX, atY] = [scale(x).place, scale(y).place];
  const ends = (axis) => `${axis.name} ${number(axis.low)} … ${number(axis.high)}${said(axis)}`;
  const dot = (point) => {
    const node = svg(
      "circle",
      { cx: atX(point.x) * WIDTH, cy: (1 - atY(point.y)) * HEIGHT, r: points.length > 300 ? 2.5 : 4, class: "dot" },
      svg("title", {}, `${x.name} ${number(point.x)}, ${y.name} ${number(point.y)}`),
    );
    node.addEventListener("click", () => go.open(point.clip));
    return node;
  };
  return svg(
    "svg",
    { viewBox: `-5 -5 ${WIDTH + 10} ${HEIGHT + 40}`, role: "img", "aria-label": `${y.name} against ${x.name}` },
    svg("path", { d: `M0 0V${HEIGHT}H${WIDTH}`, class: "axis" }),
    ...points.map(dot),
    svg("text", { x: 0, y: HEIGHT + 16 }, `→ ${ends(x)}`),
    svg("text", { x: 0, y: HEIGHT + 31 }, `↑ ${ends(y)}`),
  );
}
