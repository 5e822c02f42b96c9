// A histogram with two handles: the numbers of a column that pass.

/** @import { Row } from "../app/types.js" */

import { post, stillUrl } from "../app/api.js";
import { el, number, throttled, toast } from "../app/dom.js";
import { scale } from "./axis.js";
import { column, labelOf, rules, state, unitOf, valueOf } from "../app/state.js";

const STEPS = 500;
const PRESETS = [12.5, 25, 50];
const AROUND_MS = 150; // between two looks at the clips around a threshold: stills take longer

// A canvas knows no variables of the style sheet, nor which of two schemes is on.
/** @type {Object<string, string>} */
let inks = {};
const ink = (/** @type {string} */ which) => {
  const sample = el("i", { class: `ink ${which}` });
  document.body.append(sample);
  const { color } = getComputedStyle(sample);
  sample.remove();
  return color;
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (inks = {}));

/**
 * Make a slider → {parts, strip, draw}: the content of the filter's box, and a way to draw it anew.
 * @param {string} name
 * @param {any} histogram
 * @param {{onMove: () => any, onSettle: () => any, onOpen: (clip: string) => any}} handlers
 */
export function slider(name, histogram, { onMove, onSettle, onOpen }) {
  const meta = column(name);
  const filter = state.filters.get(name);
  const label = labelOf(name);
  const canvas = el("canvas", { width: 480, height: 96, "aria-hidden": "true" });
  const [low, high] = ["low", "high"].map((end) =>
    el("input", {
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      class: end,
      "aria-label": `${end === "low" ? "Lowest" : "Highest"} ${label}`,
      oninput: () => move(end),
      onchange: onSettle,
    }),
  );
  const [least, most] = ["low", "high"].map((end) =>
    el("input", {
      class: "value",
      inputMode: "decimal",
      "aria-label": `${end === "low" ? "Lowest" : "Highest"} ${label}, as a number`,
      title: `${end === "low" ? "Lowest" : "Highest"} value that passes${unitOf(name) && `, in ${unitOf(name)}`}; 10% leaves out a tenth`,
      autocomplete: "off",
      onchange: (/** @type {any} */ event) => type(end, event.target.value),
      onkeydown: (/** @type {any} */ event) => event.key === "Enter" && event.target.blur(),
    }),
  );
  const strip = el("div", { class: "around" });
  const worse = meta.higher_is_better === false ? "bottom" : "top";
  const presets = el(
    "div",
    { class: "presets", role: "group", "aria-label": `Leave out the worst of ${label}` },
    ...PRESETS.map((share) =>
      el(
        "button",
        {
          class: "quiet",
          title: `Leave out the ${worse === "top" ? "lowest" : "highest"} ${share} %`,
          dataset: { percent: `${worse} ${100 - share}%` },
          onclick: () => preset(`${worse} ${100 - share}%`),
        },
        `−${share}%`,
      ),
    ),
    el("button", { class: "quiet", onclick: open, title: "No limit" }, "all"),
  );
  const along = scale(histogram.axis);
  const toStep = (/** @type {number} */ value) => Math.round(along.place(value) * STEPS);
  const toValue = (/** @type {number} */ step) => {
    // As many digits as keep two steps apart, and no more.
    const value = along.value(step / STEPS);
    const apart = Math.abs(along.value((step + 1) / STEPS) - value);
    return +value.toFixed(Math.min(8, Math.max(0, Math.ceil(-Math.log10(apart)))));
  };

  function ends() {
    if (!filter.percent) return [filter.low, filter.high];
    const [side, share] = filter.percent.split(/[ %]+/);
    const cut = side === "top" ? 100 - +share : +share;
    const at = (cut / 100) * (histogram.quantiles.length - 1);
    const [under, over] = [histogram.quantiles[Math.floor(at)], histogram.quantiles[Math.ceil(at)]];
    const value = under + (over - under) * (at - Math.floor(at));
    return side === "top" ? [value, null] : [null, value];
  }

  /** @param {number | null} value */
  function shown(value) {
    if (value === null) return "";
    return filter.percent ? `${+(100 - +filter.percent.split(/[ %]+/)[1]).toFixed(6)}%` : String(value);
  }

  function draw() {
    const [from, to] = ends();
    low.value = String(from === null ? 0 : toStep(from));
    high.value = String(to === null ? STEPS : toStep(to));
    // All digits: what is shown here passes the same clips when it is typed again.
    least.value = shown(from);
    most.value = shown(to);
    least.placeholder = String(histogram.least);
    most.placeholder = String(histogram.most);
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (presets.querySelectorAll("[data-percent]"))) {
      button.setAttribute("aria-pressed", String(button.dataset.percent === filter.percent));
    }
    const [inside, outside] = ["in", "out"].map((which) => inks[which] ||= ink(which));
    const context = canvas.getContext("2d");
    const bars = histogram.counts.length;
    const tallest = Math.max(...histogram.counts, 1);
    context.clearRect(0, 0, canvas.width, canvas.height);
    histogram.counts.forEach((/** @type {number} */ count, /** @type {number} */ at) => {
      const [least, most] = [at, at + 1].map((edge) => along.value(edge / bars));
      const passes = (from === null || most >= from) && (to === null || least <= to);
      context.fillStyle = passes ? inside : outside;
      const height = count ? Math.max(2, Math.sqrt(count / tallest) * canvas.height) : 0;
      const width = canvas.width / bars;
      context.fillRect(at * width, canvas.height - height, width - 1, height);
    });
  }

  const change = (/** @type {import("../app/types.js").Filter} */ to) => Object.assign(filter, { percent: undefined, exact: undefined }, to);

  /** @param {string} end */
  function move(end) {
    const value = end === "low" ? low.value : high.value;
    if (+low.value > +high.value) (end === "low" ? high : low).value = value;
    change({});
    filter.low = +low.value > 0 ? toValue(+low.value) : null;
    filter.high = +high.value < STEPS ? toValue(+high.value) : null;
    draw();
    onMove();
    const threshold = end === "low" ? filter.low : filter.high;
    if (threshold !== null) look(threshold);
  }

  /**
   * @param {string} end
   * @param {string} text
   */
  function type(end, text) {
    const share = text.match(/^\s*([\d.]+)\s*%\s*$/)?.[1];
    if (share !== undefined && +share < 100) {
      // "10%" leaves out a tenth, at the end where it is typed.
      change({ low: null, high: null, percent: `${end === "low" ? "top" : "bottom"} ${+(100 - +share).toFixed(6)}%` });
      draw();
      return onSettle();
    }
    const value = text.trim() === "" ? null : Number(text.replace(",", "."));
    if (Number.isNaN(value)) {
      toast(`${text} is no number; 10% leaves out a tenth`, true);
    } else {
      const [low, high] = ends();
      change({ low, high, [end]: value });
    }
    draw();
    onSettle();
  }

  /** @param {string} percent */
  function preset(percent) {
    change({ low: null, high: null, percent: filter.percent === percent ? undefined : percent });
    draw();
    onSettle();
    const threshold = ends().find((value) => value !== null);
    if (threshold !== undefined) look(threshold);
  }

  function open() {
    change({ low: null, high: null });
    draw();
    onSettle();
    strip.replaceChildren();
  }

  const look = throttled(async (/** @type {number} */ threshold) => {
    // Those just outside and just inside, of the clips that pass all other filters.
    const others = rules().filter((rule) => !rule.startsWith(`${name} `));
    const sides = await post("/api/around", { column: name, threshold, rules: others });
    const clips = (/** @type {Row[]} */ rows) =>
      rows.slice(0, 4).map((one) =>
        el(
          "button",
          { class: "tiny", title: one.video, onclick: () => onOpen(one.clip) },
          el("img", { src: stillUrl(one.clip, Math.floor(one.stills / 2), 90), alt: "" }),
        ),
      );
    strip.replaceChildren(
      el("div", {}, ...clips(sides.below.slice(0, 4).reverse())),
      el("b", { title: `Clips just below and above ${valueOf(name, threshold)}` }, number(threshold)),
      el("div", {}, ...clips(sides.above)),
    );
  }, AROUND_MS);

  draw();
  return {
    parts: [
      el("div", { class: "track", title: along.isLog ? "Logarithmic axis" : "" }, canvas, low, high),
      el("div", { class: "ends" }, least, presets, most),
    ],
    strip,
    draw,
  };
}
