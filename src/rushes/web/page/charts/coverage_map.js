// The coverage map: clusters of clips that look alike as tiles, like beside like; gaps stand out.

import { stillUrl } from "../app/api.js";
import { el, hours } from "../app/dom.js";

const SAID = {
  gap: "little footage: a gap",
  "taken out": "there is footage, the filters leave little of it",
};

export function coverageMap({ tiles, unplaced }, go) {
  const counted = (state, word) => {
    const count = tiles.filter((one) => one.state === state).length;
    return el("b", {}, `${count} ${word}${count === 1 ? "" : "s"}`);
  };
  const draw = (text) => el("button", { onclick: () => go.work("coverage") }, text);
  const about = !tiles.length
    ? ["There is no map yet. ", draw("Map coverage")]
    : [
        `${tiles.length} groups of clips that look alike; neighbours look alike, too. `,
        counted("gap", "gap"), ", where there is little footage; of ",
        counted("taken out", "other"), " the filters leave little. ",
        ...(unplaced ? [`${unplaced.toLocaleString("en")} clips are not on the map. `, draw("Map them")] : []),
      ];
  return el(
    "figure",
    { class: "full" },
    el("figcaption", {}, el("b", {}, "Coverage "), ...about),
    ...(tiles.length ? [field(tiles, go)] : []),
  );
}

function field(tiles, go) {
  const columns = Math.max(...tiles.map(({ column }) => column)) + 1;
  // In the order of rows, so that Tab goes the way that one reads.
  const ordered = [...tiles].sort((a, b) => a.row - b.row || a.column - b.column);
  const node = el("div", { class: "map" }, ...ordered.map((one) => tile(one, go)));
  node.style.gridTemplateColumns = `repeat(${columns}, minmax(72px, 168px))`;
  return node;
}

function tile(one, go) {
  const called = one.name || one.middle;
  const count = one.clips.toLocaleString("en");
  const node = el(
    "button",
    {
      class: `tile ${one.state.replace(" ", "-")}`,
      title: [
        called,
        `${one.passing.toLocaleString("en")} of ${count} clips pass; all: ${hours(one.duration_s)} of ${one.videos} sources`,
        SAID[one.state],
      ].filter(Boolean).join("\n"),
      onclick: () => go.look([`coverage.cluster = ${one.cluster}`], `cluster: ${called}`),
    },
    el("img", { src: stillUrl(one.examples[0], 0, 90), alt: called, loading: "lazy" }),
    el("span", {}, el("b", {}, one.passing.toLocaleString("en")), one.passing < one.clips ? el("small", {}, ` of ${count}`) : ""),
    one.state ? el("em", {}, one.state) : el("small", {}, one.name || "\u00a0"),
  );
  node.style.gridArea = `${one.row + 1} / ${one.column + 1}`;
  return node;
}
