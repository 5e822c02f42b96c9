// Ties the parts together: keys, queries, what changes elsewhere.

import { follow, get, me, post, remove } from "./api.js";
import * as batch from "./batch.js";
import { charts } from "./charts.js";
import { $, el, hours, options, toast } from "./dom.js";
import * as grid from "./grid.js";
import * as sliders from "./sliders.js";
import { column, readRule, recall, remember, rules, state } from "./state.js";
import * as viewer from "./viewer.js";

const KEYS = [
  ["Grid", ""],
  ["← → ↑ ↓", "move; with Shift select"],
  ["Enter", "open"],
  ["x", "select"],
  ["/", "search"],
  ["f", "filters"],
  ["Clip", ""],
  ["J K L", "backwards, stop, forwards; again for faster"],
  ["Space", "play or pause"],
  [", .", "one frame back, one on"],
  ["i o", "set in, set out"],
  ["Shift+T", "trim to in and out"],
  ["s", "divide here"],
  ["m", "join with the next"],
  ["q", "loop"],
  ["PageUp PageDown", "previous, next"],
  ["c t r", "caption, tag, reason"],
  ["w v d", "more like this, same source, duplicates"],
  ["Esc", "back to the grid"],
  ["Both", ""],
  ["y n u", "keep, drop, undecided; the next clip follows"],
  ["1 … 5, 0", "stars, none"],
  ["z Z", "undo, redo"],
  ["?", "these keys"],
];

let verdictNo = 0;
let revision = 0;
let own = 0; // changes of our own, which need no telling

async function start() {
  recall();
  await readState();
  if (!location.search) {
    // A new page begins with the rules of the recipe, so that one sees what is exported.
    for (const text of state.selections.main || []) {
      const rule = readRule(text);
      if (rule && column(rule[0])?.is_number) state.filters.set(...rule);
    }
  }
  grid.setUp({ onOpen: open, onSelect: batch.show, onStale: ask });
  batch.setUp({ onDone: afterDeciding });
  viewer.setUp({
    onClose: () => {
      const at = state.cursor;
      grid.scrollTo(at);
      grid.markAll();
    },
    onStep: step,
    onDecide: (values, isFinal = true) => decide(values, isFinal),
    onRespan,
    onLike: (clip) => search({ like: clip, text: "" }),
    onSource: (video) => sameSource(video),
  });
  await sliders.setUp({ onChange: ask, onOpen: open });
  setUpBar();
  await ask();
  const hash = location.hash.slice(1);
  if (hash) await open(hash);
  follow(changed);
}

async function readState() {
  const found = await get("/api/state");
  Object.assign(state, { columns: found.columns, tags: found.tags, selections: found.selections });
  revision = found.revision;
  verdictNo = found.verdict_no;
  $("project").textContent = found.project;
  document.title = `${found.project} · Rushes`;
  state.total = found.clips;
  showVerdicts(found.verdicts);
  showWork(found.work);
  if (found.notes.length) $("show-work").classList.add("noted");
  state.notes = found.notes;
}

function showVerdicts(counts) {
  const chip = (value, text) =>
    el(
      "button",
      {
        "aria-pressed": state.verdict === value,
        class: value,
        onclick: () => {
          state.verdict = value;
          showVerdicts(counts);
          sliders.recount();
          ask();
        },
      },
      text,
      el("small", {}, ` ${(value ? counts[value] || 0 : state.total).toLocaleString("en")}`),
    );
  $("verdicts").replaceChildren(
    chip("", "All"),
    chip("undecided", "Undecided"),
    chip("keep", "Keep"),
    chip("drop", "Drop"),
  );
}

function setUpBar() {
  const columns = state.columns.map((one) => one.name);
  const sorts = [["", state.like || state.text ? "best match" : "video and time"]];
  for (const one of columns) {
    if (one === "verdict") continue;
    const better = column(one).higher_is_better;
    sorts.push([better === false ? `-${one}` : one, `${one}, ${better === false ? "least" : "most"} first`]);
    sorts.push([better === false ? one : `-${one}`, `${one}, ${better === false ? "most" : "least"} first`]);
  }
  options($("sort"), sorts, state.sort);
  const groups = state.columns
    .filter((one) => !one.is_number || /cluster|group/.test(one.name))
    .map((one) => [one.name, one.name]);
  options($("group"), [["", "–"], ...groups], state.group);
  $("text").value = state.text;
  $("sort").onchange = () => {
    state.sort = $("sort").value;
    ask();
  };
  $("group").onchange = () => {
    state.group = $("group").value;
    ask();
  };
  $("search").onsubmit = (event) => {
    event.preventDefault();
    search({ text: $("text").value.trim(), like: "" });
    $("grid").focus();
  };
  $("text").oninput = () => {
    if (!$("text").value && (state.text || state.like)) search({ text: "", like: "" });
  };
  $("open-filters").onclick = toggleFilters;
  $("show-keys").onclick = showKeys;
  $("show-pictures").onclick = async () => showDialog("Charts", await charts(rules()));
  $("show-work").onclick = showWorkDialog;
  $("progress").querySelector("button").onclick = () => remove("/api/work");
}

function toggleFilters() {
  const isOpen = document.body.classList.toggle("filters");
  $("open-filters").setAttribute("aria-expanded", isOpen);
}

function search(what) {
  Object.assign(state, what);
  state.sort = "";
  state.cursor = 0;
  if (viewer.isOpen()) viewer.close();
  setUpBar();
  if (state.like) $("text").value = `like ${state.like}`;
  ask();
}

async function sameSource(video) {
  state.group = "video";
  search({ text: "", like: "" });
  await ask();
  let first = 0;
  for (const [label, count] of state.query.groups) {
    if (label === video) break;
    first += count;
  }
  state.cursor = first;
  grid.scrollTo(first, "start");
  grid.draw();
}

let asking = 0;
async function ask() {
  const mine = ++asking;
  remember();
  let found;
  try {
    found = await post("/api/query", {
      rules: rules(), sort: state.sort, group: state.group, text: state.text, like: state.like,
    });
  } catch (error) {
    toast(error.message, true);
    return;
  }
  if (mine !== asking) return; // a later question is on its way
  state.query = found;
  grid.show();
  const empty = $("empty");
  empty.hidden = found.count > 0;
  empty.textContent = state.total
    ? "No clip passes these filters. Open a handle, or remove a filter on the left."
    : "There are no clips yet. Scan and cut first: rushes run PATH…, or press Work.";
  if (state.text || state.like) {
    $("counts").textContent = `${found.count.toLocaleString("en")} found · ${hours(found.duration_s)}`;
  } else sliders.recount();
}

async function open(id) {
  await viewer.open(id);
  for (const ahead of [1, 2]) {
    const at = state.cursor + ahead;
    if (at < state.query.count) grid.row(at).then((one) => one && viewer.prefetch(one.clip));
  }
}

async function step(by) {
  const to = state.cursor + by;
  if (to < 0 || to >= state.query.count) {
    toast(to < 0 ? "this is the first clip" : "this was the last clip");
    return;
  }
  state.cursor = to;
  grid.scrollTo(to);
  grid.markAll();
  if (viewer.isOpen()) await open((await grid.row(to)).clip);
}

async function decide(values, isFinal = true) {
  if (!viewer.isOpen() && state.selected.size) return batch.decide(values);
  const clip = viewer.isOpen() ? viewer.current().clip : (await grid.row(state.cursor))?.clip;
  if (!clip) return;
  own++;
  try {
    await post("/api/decide", { clips: [clip], values });
  } catch (error) {
    toast(error.message, true);
    return;
  }
  await afterDeciding(false);
  if (isFinal && "verdict" in values && values.verdict) await step(1);
  else if (viewer.isOpen()) await viewer.reload();
}

async function afterDeciding(reloads = true) {
  viewer.forget();
  grid.refresh();
  if (reloads && viewer.isOpen()) await viewer.reload();
  const found = await get("/api/state");
  state.tags = found.tags;
  revision = found.revision;
  verdictNo = found.verdict_no;
  showVerdicts(found.verdicts);
}

async function onRespan(made, gone) {
  const at = state.cursor;
  await afterDeciding(false);
  gone.forEach((clip) => state.selected.delete(clip));
  await ask();
  state.cursor = Math.min(at, Math.max(0, state.query.count - 1));
  await open(made[0]);
}

async function takeBack(again) {
  own++;
  try {
    const done = await post(again ? "/api/redo" : "/api/undo");
    if (!done.kinds.length) return toast(again ? "nothing to do again" : "nothing to take back");
    toast(`${again ? "done again" : "taken back"}: ${done.kinds.join(", ")}`);
    viewer.forget();
    if (done.kinds.includes("span")) {
      await ask();
      if (viewer.isOpen()) await open(done.clips.length ? done.clips[0] : viewer.current().clip);
    } else if (viewer.isOpen() && done.clips.length === 1) await open(done.clips[0]);
    await afterDeciding();
  } catch (error) {
    toast(error.message, true);
  }
}

// ---- what changes elsewhere --------------------------------------------------------------------

async function changed(now, isFirst) {
  if (!now) {
    document.body.classList.add("lost");
    return;
  }
  if (document.body.classList.contains("lost")) {
    document.body.classList.remove("lost");
    toast("the server is back");
    await ask();
  }
  showWork(now.work);
  if (isFirst || now.revision === revision) return;
  const isOurs = own > 0;
  own = 0;
  const before = state.total;
  await readState();
  if (state.total !== before) {
    setUpBar();
    await ask();
    toast(`${state.total.toLocaleString("en")} clips now`);
  } else {
    grid.refresh();
    if (!isOurs) toast("somebody else has decided something");
  }
  viewer.forget();
  if (viewer.isOpen() && !isOurs) await viewer.reload();
}

function showWork(work) {
  const bar = $("progress");
  bar.hidden = !work.is_running;
  const share = work.total ? Math.min(1, work.done / work.total) : 0;
  bar.querySelector("div").style.width = `${100 * share}%`;
  const left = work.eta_s === null ? "" : `, ${hours(work.eta_s)} left`;
  bar.querySelector("span").textContent =
    `${work.label || work.verb}: ${Math.round(100 * share)} %${left}`;
  if (state.wasWorking && !work.is_running && work.message) toast(work.message);
  state.wasWorking = work.is_running;
}

function showWorkDialog() {
  const start = (verb, text) =>
    el(
      "button",
      {
        onclick: async () => {
          try {
            showWork(await post("/api/work", { verb }));
            $("dialog").close();
          } catch (error) {
            toast(error.message, true);
          }
        },
      },
      text,
    );
  showDialog(
    "Work",
    el("p", {}, "What is out of date is done; what is finished is kept if you stop it."),
    el("div", { class: "buttons" }, start("scan", "Scan"), start("cut", "Cut"), start("score", "Score"),
      start("caption", "Caption"), start("dedup", "Find duplicates")),
    ...state.notes.map((note) => el("p", { class: "note" }, note)),
    el("label", {}, "Your name ", el("input", {
      value: me(),
      onchange: (event) => localStorage.setItem("who", event.target.value.trim() || "me"),
    })),
  );
}

function showDialog(title, ...content) {
  const dialog = $("dialog");
  dialog.onclose = null;
  dialog.replaceChildren(
    el("header", {}, el("h2", {}, title),
      el("button", { class: "quiet", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    ...content,
  );
  dialog.showModal();
}

function showKeys() {
  showDialog(
    "Keys",
    el(
      "dl",
      { class: "keys" },
      ...KEYS.flatMap(([key, text]) =>
        text ? [el("dt", {}, el("kbd", {}, key)), el("dd", {}, text)] : [el("h3", {}, key)],
      ),
    ),
  );
}

// ---- keys --------------------------------------------------------------------------------------

const both = {
  y: () => decide({ verdict: "keep" }),
  n: () => decide({ verdict: "drop" }),
  u: () => decide({ verdict: null }),
  z: () => takeBack(false),
  Z: () => takeBack(true),
  "?": showKeys,
  ...Object.fromEntries([1, 2, 3, 4, 5].map((stars) => [stars, () => decide({ stars }, false)])),
  0: () => decide({ stars: null }, false),
};

const inGrid = {
  Enter: async () => {
    const one = state.query.count ? await grid.row(state.cursor) : null;
    if (one) open(one.clip);
  },
  x: () => grid.pick(state.cursor),
  "/": () => $("text").focus(),
  f: toggleFilters,
  Escape: batch.clear,
  w: async () => search({ like: (await grid.row(state.cursor)).clip, text: "" }),
};

const focus = (id) => () => {
  const field = $(id);
  field.focus();
  field.select?.();
};

const inClip = {
  j: () => viewer.shuttle(-1),
  k: () => viewer.halt(),
  l: () => viewer.shuttle(1),
  " ": () => viewer.toggle(),
  ",": () => viewer.stepFrames(-1),
  ".": () => viewer.stepFrames(1),
  ArrowLeft: () => viewer.stepFrames(-1),
  ArrowRight: () => viewer.stepFrames(1),
  i: () => viewer.setMark("in"),
  o: () => viewer.setMark("out"),
  T: () => viewer.trim(),
  s: () => viewer.split(),
  m: () => viewer.join(),
  q: () => viewer.toggleLoop(),
  c: focus("caption"),
  t: focus("tag"),
  r: focus("reason"),
  w: () => search({ like: viewer.current().clip, text: "" }),
  v: () => sameSource(viewer.current().video),
  d: () => duplicates(),
  PageDown: () => step(1),
  PageUp: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Escape: () => viewer.close(),
};

function duplicates() {
  const group = viewer.current().scores["dedup.group"];
  if (group === null || group === undefined) return toast("no duplicates of this clip are known");
  state.filters.set("dedup.group", { low: group, high: group });
  viewer.close();
  sliders.show();
  ask();
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog").open) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const isArrow = event.key.startsWith("Arrow");
  if (!viewer.isOpen() && isArrow && state.query?.count) {
    event.preventDefault();
    grid.moveCursor(event.key, event.shiftKey);
    return;
  }
  // A button that has the focus is pressed by Space and Enter.
  if (event.target.matches("button") && (event.key === " " || event.key === "Enter")) return;
  const work = (viewer.isOpen() ? inClip : inGrid)[event.key] || both[event.key];
  if (!work) return;
  event.preventDefault();
  work();
});

addEventListener("hashchange", () => {
  const id = location.hash.slice(1);
  if (id && id !== viewer.current()?.clip) open(id);
});

start().catch((error) => toast(error.message, true));
