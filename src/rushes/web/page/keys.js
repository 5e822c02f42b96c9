// One key for each action, and the list of them that `?` shows.

import { $ } from "./dom.js";

export const KEYS = [
  ["Grid", [
    ["← → ↑ ↓", "move; with Shift select"],
    ["Home End", "first clip, last clip"],
    ["Enter", "open"],
    ["Space", "play here; goes along with the cursor"],
    ["x", "select"],
    ["a", "select all found"],
    ["/", "search"],
    ["f", "filters"],
    ["Esc", "clear the selection; leave a look aside"],
  ]],
  ["Anywhere", [
    ["y n u", "keep, drop, undecided; the next clip follows"],
    ["1 2 3 4 5 0", "stars; none"],
    ["w v d", "more like this, same source, duplicates"],
    ["z Z", "undo, redo"],
    ["?", "these keys"],
  ]],
  ["Clip", [
    ["j k l", "backwards, stop, forwards; again for faster"],
    ["Space", "play or pause"],
    [", .", "one frame back, one on"],
    ["i o", "set in, set out"],
    ["Shift+T", "trim to in and out"],
    ["s", "split here"],
    ["m", "join with the next"],
    ["q", "loop"],
    ["c t r", "caption, tag, reason"],
    ["Shift+N", "drop, with a reason"],
    ["PageUp PageDown", "previous, next"],
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
  turn = turn.then(work).catch(() => {}).finally(() => waiting--);
  return turn;
}

export function listen({ isViewing, grid, clip, both, onArrow }) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog").open) return;
    const { target } = event;
    if (target.matches("textarea, select, input:not([type=range])")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    // A handle of a slider, and a button, have uses for some keys themselves.
    if (target.matches("input") && /^(Arrow|Page|Home|End)/.test(event.key)) return;
    if (target.matches("button") && (event.key === " " || event.key === "Enter")) return;
    if (!isViewing() && /^(Arrow|Home$|End$)/.test(event.key)) {
      if (onArrow(event.key, event.shiftKey)) event.preventDefault();
      return;
    }
    // Caps Lock turns z into Z; a key means what it means with Shift as it is held.
    const key = event.key.length === 1 && /[a-z]/i.test(event.key)
      ? event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()
      : event.key;
    const work = (isViewing() ? clip : grid)[key] || both[key];
    if (!work) return;
    event.preventDefault();
    work();
  });
}
