// Pictures of the set, drawn as SVG.

import { post } from "./api.js";
import { el, hours, name, number } from "./dom.js";

const NS = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const WIDTH = 320;
const HEIGHT = 150;

function frame(title, about, ...content) {
  return el("figure", {}, el("figcaption", {}, el("b", {}, title), about ? ` ${about}` : ""), ...content);
}

function bars(histogram, unit) {
  const tallest = Math.max(...histogram.counts, 1);
  const wide = WIDTH / histogram.counts.length;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT + 18}`, role: "img" },
    ...histogram.counts.map((count, at) => {
      const height = (count / tallest) * HEIGHT;
      return svg("rect", {
        x: at * wide, y: HEIGHT - height, width: Math.max(0.5, wide - 1), height, class: "bar",
      });
    }),
    svg("text", { x: 0, y: HEIGHT + 14 }, `${number(histogram.low)} ${unit}`),
    svg("text", { x: WIDTH, y: HEIGHT + 14, "text-anchor": "end" }, `${number(histogram.high)} ${unit}`),
  );
}

function shares(rows) {
  const most = Math.max(...rows.map(([, count]) => count), 1);
  return el(
    "table",
    {},
    ...rows.map(([label, count]) =>
      el(
        "tr",
        {},
        el("th", { title: label }, name(label)),
        el("td", {}, el("i", { style: `width:${(100 * count) / most}%` })),
        el("td", {}, count.toLocaleString("en")),
      ),
    ),
  );
}

function dots(scatter) {
  const [xs, ys] = [scatter.points.map(([x]) => x), scatter.points.map(([, y]) => y)];
  const span = (values) => [Math.min(...values), Math.max(...values)];
  const [[x0, x1], [y0, y1]] = [span(xs), span(ys)];
  const at = (value, low, high, size) => ((value - low) / (high - low || 1)) * size;
  return svg(
    "svg",
    { viewBox: `-4 -4 ${WIDTH + 8} ${HEIGHT + 24}`, role: "img" },
    svg("path", { d: `M0 0V${HEIGHT}H${WIDTH}`, class: "axis" }),
    ...scatter.points.map(([x, y]) =>
      svg("circle", { cx: at(x, x0, x1, WIDTH), cy: HEIGHT - at(y, y0, y1, HEIGHT), r: scatter.points.length > 300 ? 2 : 3, class: "dot" }),
    ),
    svg("text", { x: 0, y: HEIGHT + 14 }, `→ ${scatter.x} ${number(x0)} … ${number(x1)}`),
    svg("text", { x: WIDTH, y: 8, "text-anchor": "end" }, `↑ ${scatter.y} ${number(y0)} … ${number(y1)}`),
  );
}

export async function charts(rules) {
  const found = await post("/api/pictures", { rules });
  const box = el("div", { class: "charts" });
  if (!found.count) {
    box.append(el("p", {}, "No clip passes the filters: there is nothing to draw."));
    return box;
  }
  box.append(
    el("p", {}, `${found.count.toLocaleString("en")} clips, ${hours(found.duration_s)}: those that pass the filters.`),
    frame("Length", "", bars(found.durations, "s")),
    ...(found.scatter ? [frame(`${found.scatter.y} against ${found.scatter.x}`, "", dots(found.scatter))] : []),
    frame("Size", "clips", shares(found.sizes)),
    frame("Sources", "clips of each", shares(found.sources)),
    ...(found.cameras.length ? [frame("Camera", "clips", shares(found.cameras))] : []),
    ...(found.clusters.length ? [frame("Coverage", "clips in each cluster; short bars are gaps", shares(found.clusters))] : []),
    ...(found.words.length ? [frame("Words", "captions that have them", shares(found.words))] : []),
  );
  return box;
}
