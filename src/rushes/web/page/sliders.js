// A histogram with two handles for each score that is filtered by.

import { get, post, stillUrl } from "./api.js";
import { $, el, hours, number, options, throttled, toast } from "./dom.js";
import { column, remember, rules, sliderRules, state } from "./state.js";

const STEPS = 500;
const PRESETS = [12.5, 25, 50];
const BESIDE_MS = 150; // between two looks at the clips beside a threshold: pictures take longer


let onChange = () => {};
let onOpen = () => {};
const shown = new Map(); // column → {histogram, draw, tell}

// A canvas knows no variables of the style sheet, nor which of two schemes is on.
let inks = {};
const ink = (which) => {
  const sample = el("i", { class: `ink ${which}` });
  document.body.append(sample);
  const { color } = getComputedStyle(sample);
  sample.remove();
  return color;
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  inks = {};
  shown.forEach(({ draw }) => draw());
});

export async function setUp(handlers) {
  ({ onChange, onOpen } = handlers);
  $("add").addEventListener("change", async () => {
    const name = $("add").value;
    if (name) {
      state.filters.set(name, { low: null, high: null });
      await show();
      document.querySelector(`[data-column="${CSS.escape(name)}"] input`)?.focus();
    }
  });
  $("save").addEventListener("click", save);
  await show();
}

export async function show() {
  const box = $("sliders");
  box.replaceChildren();
  shown.clear();
  for (const name of state.filters.keys()) {
    if (column(name)?.is_number) box.append(await slider(name));
    else state.filters.delete(name);
  }
  options($("add"), [
    ["", "…"],
    ...state.columns
      .filter((one) => one.is_number && !state.filters.has(one.name))
      .map((one) => [one.name, one.name]),
  ]);
  await recount();
}

async function slider(name) {
  const meta = column(name);
  const filter = state.filters.get(name);
  const histogram = await get(`/api/histogram?column=${encodeURIComponent(name)}`);
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
      onchange: settle,
    }),
  );
  const [least, most] = ["low", "high"].map((end) =>
    el("input", {
      class: "value",
      inputMode: "decimal",
      "aria-label": `${end === "low" ? "Least" : "Most"} ${name}, as a number`,
      autocomplete: "off",
      onchange: (event) => type(end, event.target.value),
      onkeydown: (event) => event.key === "Enter" && event.target.blur(),
    }),
  );
  const told = el("p", { class: "told" });
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
  const span = histogram.high - histogram.low;
  const toStep = (value) => Math.round(((value - histogram.low) / span) * STEPS);
  const toValue = (step) => {
    const digits = Math.max(0, 3 - Math.floor(Math.log10(span)));
    return +(histogram.low + (step / STEPS) * span).toFixed(Math.min(8, digits));
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
    low.value = from === null ? 0 : Math.max(0, Math.min(STEPS, toStep(from)));
    high.value = to === null ? STEPS : Math.max(0, Math.min(STEPS, toStep(to)));
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
      const [least, most] = [at, at + 1].map((edge) => histogram.low + (edge / bars) * span);
      const passes = (from === null || most >= from) && (to === null || least <= to);
      context.fillStyle = passes ? inside : outside;
      const height = count ? Math.max(2, Math.sqrt(count / tallest) * canvas.height) : 0;
      const width = canvas.width / bars;
      context.fillRect(at * width, canvas.height - height, width - 1, height);
    });
  }

  function move(end) {
    const value = end === "low" ? +low.value : +high.value;
    if (+low.value > +high.value) (end === "low" ? high : low).value = value;
    delete filter.percent;
    filter.low = +low.value > 0 ? toValue(+low.value) : null;
    filter.high = +high.value < STEPS ? toValue(+high.value) : null;
    draw();
    recount();
    const threshold = end === "low" ? filter.low : filter.high;
    if (threshold !== null) look(threshold);
  }

  function type(end, text) {
    const value = text.trim() === "" ? null : Number(text.replace(",", "."));
    if (Number.isNaN(value)) {
      toast(`${text} is no number`, true);
    } else {
      if (filter.percent) [filter.low, filter.high] = ends();
      delete filter.percent;
      filter[end] = value;
    }
    draw();
    settle();
  }

  function preset(percent) {
    filter.percent = filter.percent === percent ? undefined : percent;
    filter.low = filter.high = null;
    draw();
    settle();
    const threshold = ends().find((value) => value !== null);
    if (threshold !== undefined) look(threshold);
  }

  function open() {
    Object.assign(filter, { low: null, high: null, percent: undefined });
    draw();
    settle();
    strip.replaceChildren();
  }

  function settle() {
    remember();
    recount();
    onChange();
  }

  const look = throttled(async (threshold) => {
    // Those just outside and just inside, of the clips that all other filters let through.
    const others = rules().filter((rule) => !rule.startsWith(`${name} `));
    const sides = await post("/api/beside", { column: name, threshold, rules: others });
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

  const unit = meta.unit ? ` (${meta.unit})` : "";
  const node = el(
    "section",
    { class: "slider", dataset: { column: name } },
    el(
      "header",
      {},
      el("h2", { title: meta.about }, name, el("small", {}, unit)),
      el(
        "button",
        {
          class: "quiet",
          title: "Remove this filter",
          "aria-label": `Remove the filter ${name}`,
          onclick: () => {
            state.filters.delete(name);
            show();
            settle();
          },
        },
        "×",
      ),
    ),
    el("div", { class: "track" }, canvas, low, high),
    el("div", { class: "ends" }, least, presets, most),
    told,
    strip,
  );
  shown.set(name, { draw, told });
  draw();
  return node;
}

export const recount = throttled(async () => {
  const sent = rules();
  try {
    const left = await post("/api/count", { rules: sent });
    if (!state.text && !state.like) showCounts(left);
    showEach(left, sent);
  } catch (error) {
    toast(error.message, true);
  }
});

export function showCounts(left) {
  // Of a search, only a query knows what is left.
  const all = state.text || state.like ? "found" : `of ${left.candidates.toLocaleString("en")} clips`;
  $("counts").textContent = `${left.count.toLocaleString("en")} ${all} · ${hours(left.duration_s)}`;
}

function showEach(left, sent) {
  const names = sent.map((rule) => rule.split(" ")[0]);
  for (const [name, { told }] of shown) {
    const at = state.only ? -1 : names.indexOf(name);
    const out = at < 0 ? 0 : left.candidates - left.alone[at];
    told.textContent =
      at >= 0
        ? `takes out ${out.toLocaleString("en")}, ${left.only[at].toLocaleString("en")} of them alone`
        : state.only
          ? "not asked just now"
          : "lets all through";
  }
  $("save").disabled = sliderRules().length === 0;
}

async function save() {
  try {
    await post("/api/recipe", { selection: "main", rules: sliderRules() });
    $("saved").textContent = "written to recipe.toml as select.main";
    setTimeout(() => ($("saved").textContent = ""), 5000);
  } catch (error) {
    toast(error.message, true);
  }
}
