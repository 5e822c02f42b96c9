// The coverage map: clusters of clips that look alike as tiles, like beside like; gaps stand out.

/** @import { Go } from "./charts.js" */

import { stillUrl } from "../app/api.js";
import { counted as words, el, hours, many } from "../app/dom.js";

/** @type {Object<string, string>} */
const ABOUT = {
  gap: "Gap: little footage",
  "taken out": "Filtered out: there is footage, the filters leave little of it",
};
/** @type {Object<string, string>} */
const STATES = { gap: "gap", "taken out": "filtered out" };

/**
 * @typedef {object} Tile
 * @property {number} cluster
 * @property {string} name
 * @property {string} middle clip in its middle
 * @property {string} state "gap", "taken out" or ""
 * @property {number} clips
 * @property {number} passing
 * @property {number} duration_s
 * @property {number} videos
 * @property {number} row
 * @property {number} column
 * @property {string[]} examples
 */

/**
 * @param {{tiles: Tile[], unplaced: number}} found
 * @param {Go} go
 */
export function coverageMap({ tiles, unplaced }, go) {
  const countOf = (/** @type {string} */ state) => tiles.filter((one) => one.state === state).length;
  const draw = (/** @type {string} */ text) => el("button", { onclick: () => go.work("coverage") }, text);
  const about = !tiles.length
    ? ["There is no map yet. ", draw("Map coverage")]
    : [
        `${words(tiles.length, "cluster")} of clips that look alike; neighbours look alike, too. `,
        ...counts(countOf("gap"), words(countOf("gap"), "gap"), ": little footage. "),
        ...counts(countOf("taken out"), `${many(countOf("taken out"))} filtered out`, ": footage, of which the filters leave little. "),
        ...(unplaced ? [`Not on the map: ${words(unplaced, "clip")}. `, draw("Map them")] : []),
      ];
  return el(
    "figure",
    { class: "full" },
    el("figcaption", {}, el("b", {}, "Coverage "), ...about),
    ...(tiles.length ? [field(tiles, go)] : []),
  );
}

/**
 * @param {number} count
 * @param {string} title
 * @param {string} about
 */
const counts = (count, title, about) => (count ? [el("b", {}, title), about] : []);

/**
 * @param {Tile[]} tiles
 * @param {Go} go
 */
function field(tiles, go) {
  const columns = Math.max(...tiles.map(({ column }) => column)) + 1;
  // In the order of rows, so that Tab goes the way that one reads.
  const ordered = [...tiles].sort((a, b) => a.row - b.row || a.column - b.column);
  const node = el("div", { class: "map" }, ...ordered.map((one) => tile(one, go)));
  node.style.gridTemplateColumns = `repeat(${columns}, minmax(72px, 168px))`;
  return node;
}

/**
 * @param {Tile} one
 * @param {Go} go
 */
function tile(one, go) {
  const title = one.name || one.middle;
  const count = many(one.clips);
  const node = el(
    "button",
    {
      class: `tile ${one.state.replace(" ", "-")}`,
      title: [
        title,
        `${many(one.passing)} of ${words(one.clips, "clip")} pass; all: ${hours(one.duration_s)} from ${words(one.videos, "source")}`,
        ABOUT[one.state],
      ].filter(Boolean).join("\n"),
      onclick: () => go.look([`coverage.cluster = ${one.cluster}`], `cluster: ${title}`),
    },
    el("img", { src: stillUrl(one.examples[0], 0, 90), alt: title, loading: "lazy" }),
    el("span", {}, el("b", {}, many(one.passing)), one.passing < one.clips ? el("small", {}, ` of ${count}`) : ""),
    one.state ? el("em", {}, STATES[one.state] || one.state) : el("small", {}, one.name || "\u00a0"),
  );
  node.style.gridArea = `${one.row + 1} / ${one.column + 1}`;
  return node;
}
