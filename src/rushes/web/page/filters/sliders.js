// A histogram with two handles: what passes of a column of numbers.

import { post, stillUrl } from "../app/api.js";
import { el, number, throttled, toast } from "../app/dom.js";
import { scale } from "./axis.js";
import { column, rules, state } from "../app/state.js";

const STEPS = 500;
const PRESETS = [12.5, 25, 50];
const BESIDE_MS = 150; // between two looks at the clips beside a threshold: pictures take longer

// A canvas knows no variables of the style sheet, nor which of two schemes is on.
let inks = {};
const ink = (which) => {
  const sample = el("i", { class: `ink ${which}` });
  document.body.append(sample);
  const { color } = getComputedStyle(sample);
  sample.remove();
  return color;
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (inks = {}));

export function slider(name, histogram, { onMove, onSettle, onOpen }) {
  // → {parts, strip, draw}: what stands in the filter's box, and how to draw it anew.
  const meta = column(name);
  const filter = state.filters.get(name);
  const canvas = el("canvas", { width: 480, height: 96, "aria-hidden": "true" });
  const [low, high] = ["low", "high"].map((end) =>
    el("input", {
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      class: end,
      "aria-label": `${end === "low" ? "Least" : "Most"} ${name}`,
      oninput: () => move(end),
      onchange: onSettle,
    }),
  );
  const [least, most] = ["low", "high"].map((end) =>
    el("input", {
      class: "value",
      inputMode: "decimal",
      "aria-label": `${end === "low" ? "Least" : "Most"} ${name}, as a number`,
      title: "a number, or a share to leave out, such as 10%",
      autocomplete: "off",
      onchange: (event) => type(end, event.target.value),
      onkeydown: (event) => event.key === "Enter" && event.target.blur(),
    }),
  );
  const strip = el("div", { class: "beside" });
  const worse = meta.higher_is_better === false ? "bottom" : "top";
  const presets = el(
    "div",
    { class: "presets", role: "group", "aria-label": `Leave out the worst of ${name}` },
    ...PRESETS.map((share) =>
      el(
        "button",
        {
          class: "quiet",
          title: `leave out the ${worse === "top" ? "lowest" : "highest"} ${share} %`,
          dataset: { percent: `${worse} ${100 - share}%` },
          onclick: () => preset(`${worse} ${100 - share}%`),
        },
        `−${share}%`,
      ),
    ),
    el("button", { class: "quiet", onclick: open, title: "let all through" }, "all"),
  );
  const along = scale(histogram.axis);
  const toStep = (value) => Math.round(along.place(value) * STEPS);
  const toValue = (step) => {
    // So many digits that two steps are two values, and no more.
    const value = along.value(step / STEPS);
    const apart = Math.abs(along.value((step + 1) / STEPS) - value);
    return +value.toFixed(Math.min(8, Math.max(0, Math.ceil(-Math.log10(apart)))));
  };

  function ends() {
    if (!filter.percent) return [filter.low, filter.high];
    const [side, share] = filter.percent.split(/[ %]+/);
    const cut = side === "top" ? 100 - share : +share;
    const at = (cut / 100) * (histogram.quantiles.length - 1);
    const [under, over] = [histogram.quantiles[Math.floor(at)], histogram.quantiles[Math.ceil(at)]];
    const value = under + (over - under) * (at - Math.floor(at));
    return side === "top" ? [value, null] : [null, value];
  }

  function draw() {
    const [from, to] = ends();
    low.value = from === null ? 0 : toStep(from);
    high.value = to === null ? STEPS : toStep(to);
    least.value = from === null ? "" : number(from);
    most.value = to === null ? "" : number(to);
    least.placeholder = number(histogram.least);
    most.placeholder = number(histogram.most);
    presets.querySelectorAll("[data-percent]").forEach((button) => {
      button.setAttribute("aria-pressed", button.dataset.percent === filter.percent);
    });
    const [inside, outside] = ["in", "out"].map((which) => inks[which] ||= ink(which));
    const context = canvas.getContext("2d");
    const bars = histogram.counts.length;
    const tallest = Math.max(...histogram.counts, 1);
    context.clearRect(0, 0, canvas.width, canvas.height);
    histogram.counts.forEach((count, at) => {
      const [least, most] = [at, at + 1].map((edge) => along.value(edge / bars));
      const passes = (from === null || most >= from) && (to === null || least <= to);
      context.fillStyle = passes ? inside : outside;
      const height = count ? Math.max(2, Math.sqrt(count / tallest) * canvas.height) : 0;
      const width = canvas.width / bars;
      context.fillRect(at * width, canvas.height - height, width - 1, height);
    });
  }

  const change = (to) => Object.assign(filter, { percent: undefined, exact: undefined }, to);

  function move(end) {
    const value = end === "low" ? +low.value : +high.value;
    if (+low.value > +high.value) (end === "low" ? high : low).value = value;
    change({});
    filter.low = +low.value > 0 ? toValue(+low.value) : null;
    filter.high = +high.value < STEPS ? toValue(+high.value) : null;
    draw();
    onMove();
    const threshold = end === "low" ? filter.low : filter.high;
    if (threshold !== null) look(threshold);
  }

  function type(end, text) {
    const share = text.match(/^\s*([\d.]+)\s*%\s*$/)?.[1];
    if (share !== undefined && +share < 100) {
      // "10%" leaves out a tenth, at the end where it is typed.
      change({ low: null, high: null, percent: `${end === "low" ? "top" : "bottom"} ${+(100 - share).toFixed(6)}%` });
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

  const look = throttled(async (threshold) => {
    // Those just outside and just inside, of the clips that all other filters let through.
    const others = rules().filter((rule) => !rule.startsWith(`${name} `));
    const sides = await post("/api/around", { column: name, threshold, rules: others });
    const clips = (rows) =>
      rows.slice(0, 4).map((one) =>
        el(
          "button",
          { class: "tiny", title: one.video, onclick: () => onOpen(one.clip) },
          el("img", { src: stillUrl(one.clip, Math.floor(one.stills / 2), 90), alt: "" }),
        ),
      );
    strip.replaceChildren(
      el("div", {}, ...clips(sides.below.slice(0, 4).reverse())),
      el("b", {}, number(threshold)),
      el("div", {}, ...clips(sides.above)),
    );
  }, BESIDE_MS);

  draw();
  return {
    parts: [
      el("div", { class: "track", title: along.isLog ? "logarithmic: equal ways are equal ratios" : "" }, canvas, low, high),
      el("div", { class: "ends" }, least, presets, most),
    ],
    strip,
    draw,
  };
}
