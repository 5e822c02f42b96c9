// One key for each action, and the list of them that `?` shows.

import { $, toast } from "./dom.js";

export const KEYS = [
  ["Grid", [
    ["← → ↑ ↓", "move; with Shift select"],
    ["Home End", "first clip, last clip"],
    ["PageUp PageDown", "a screen up, a screen down"],
    ["Enter", "open"],
    ["Space", "play here; goes along with the cursor"],
    ["x", "select"],
    ["a", "select all found; also Ctrl+A"],
    ["/", "search"],
    ["f", "filters"],
    ["- =", "smaller cards, larger cards"],
    ["Esc", "clear the selection; end the search; leave a look aside"],
  ]],
  ["Anywhere", [
    ["y n", "keep, drop (also Delete); the next clip follows"],
    ["u", "undecided"],
    ["1 2 3 4 5 0", "stars; none"],
    ["w v d", "more like this, same source, duplicates"],
    ["z Z", "undo, redo; also Ctrl+Z, Ctrl+Shift+Z"],
    ["?", "these keys"],
  ]],
  ["Clip", [
    ["j k l", "backwards, stop, forwards; again for faster; with k held slow"],
    ["Space", "play or pause"],
    [", .", "one frame back, one on; also ← →, with Shift ten"],
    ["Home End", "first frame, last frame"],
    ["[ ]", "to the likely cut before, after"],
    ["i o", "set in, set out"],
    ["Shift+I Shift+O", "go to in, to out"],
    ["x", "clear in and out"],
    ["Shift+T", "trim to in and out; y trims and keeps"],
    ["s", "split here"],
    ["m", "join with the next"],
    ["q a", "loop; sound off, on"],
    ["Shift+F", "full screen"],
    ["c t r", "caption, tags, reason"],
    ["Shift+N", "drop, with a reason; 1 … 9 choose one"],
    ["PageUp PageDown", "previous, next; in a field to the same field"],
    ["Ctrl+Enter", "in the caption: store"],
    ["Ctrl+Shift+Enter", "in a field: store, and on to that of the next clip"],
    ["Esc", "back to the grid"],
  ]],
];

// Actions run one after another: the second `y` is meant for the clip that the first one brings.
let turn = Promise.resolve();
let waiting = 0;
const MOST_WAITING = 50; // a key that is held down stops with the finger

export function inTurn(work) {
  if (waiting >= MOST_WAITING) return turn;
  waiting++;
  turn = turn.then(work).catch((error) => toast(error.message, true)).finally(() => waiting--);
  return turn;
}

const down = new Set(); // keys that are held
export const isDown = (key) => down.has(key);

const isPlain = (event) =>
  !(event.ctrlKey || event.metaKey || event.altKey) ||
  event.getModifierState("AltGraph") || // many keyboards have [ and ] there
  (event.altKey && !event.metaKey && "[]".includes(event.key));

function nameOf({ key, shiftKey }) {
  // Caps Lock turns z into Z; a key means what it means with Shift as it is held.
  if (key.length > 1) return shiftKey ? `Shift+${key}` : key;
  return /[a-z]/i.test(key) ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
}

export function listen({ isViewing, grid, clip, both, inField, onArrow, onUp }) {
  addEventListener("keyup", ({ key }) => {
    down.delete(key.toLowerCase());
    onUp(key.toLowerCase());
  });
  addEventListener("blur", () => down.clear());
  addEventListener("keydown", (event) => {
    if ($("dialog").open) return;
    const { target } = event;
    const name = nameOf(event);
    if (target.matches("textarea, select, input:not([type=range])")) {
      const withControl = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${name}`;
      const work = isViewing() && inField[withControl];
      if (work) {
        event.preventDefault();
        work(target);
      } else if (name === "Escape") target.blur();
      return;
    }
    if (!isPlain(event)) return;
    // A handle of a slider, and a button, have uses for some keys themselves.
    if (target.matches("input") && /^(Arrow|Page|Home|End)/.test(event.key)) return;
    if (target.matches("button") && (event.key === " " || event.key === "Enter")) return;
    if (!isViewing() && /^(Arrow|Home$|End$)/.test(event.key)) {
      if (onArrow(event.key, event.shiftKey)) event.preventDefault();
      return;
    }
    const keys = isViewing() ? clip : grid;
    const work = keys[name] || both[name] || keys[event.key] || both[event.key];
    if (!work) return;
    event.preventDefault();
    if (event.repeat && "jkl".includes(name)) return; // held, and not pressed again
    down.add(name);
    work();
  });
}
