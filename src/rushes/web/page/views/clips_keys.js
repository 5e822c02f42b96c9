// The keys of the clips: in the grid, in the clip that is open, and in its fields.

/** @import { Keymap } from "../app/types.js" */

import { get } from "../app/api.js";
import { $, toast } from "../app/dom.js";
import { inTurn, isDown } from "../app/keys.js";
import * as side from "../app/side_trip.js";
import { state } from "../app/state.js";
import * as bar from "../app/toolbar.js";
import * as details from "../clip/details.js";
import * as viewer from "../clip/viewer.js";
import * as grid from "../grid/grid.js";
import * as peek from "../grid/inline_play.js";
import * as selection from "../grid/selection.js";

/** @type {[string, [string, string][]][]} */
const LISTED = [
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
    ["Esc", "clear the selection; end the search; leave a side view"],
  ]],
  ["Grid and clip", [
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
    ["m", "merge with the next"],
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

/** @param {() => any} work */
const later = (work) => () => inTurn(work);

// A decision is about the clip at the cursor: if one has scrolled away from it, that clip is not
// the one that one looks at, and the key only brings the cursor back.
function isBroughtBack() {
  if (viewer.isOpen() || state.selected.size || !state.query?.count || grid.isCursorSeen()) return false;
  grid.goTo(grid.firstInSight());
  selection.anchorAt(state.cursor);
  toast("The cursor was out of sight: it is here now. Nothing was decided.");
  return true;
}

/** @param {() => any} work */
const seen = (work) =>
  later(async () => {
    await selection.settled();
    return isBroughtBack() || work();
  });

const atCursor = async () =>
  viewer.current() || get(`/api/clip/${(await grid.row(state.cursor)).clip}`);

/** @param {string} key */
function move(key, isRange = false) {
  if (!state.query?.count) return;
  if (!isRange) selection.anchorAt(state.cursor);
  grid.moveCursor(key, isRange);
  if (!isRange) selection.anchorAt(state.cursor);
  peek.follow();
}

peek.setUp({ clipAtCursor: atCursor });

const { player, line } = viewer;

/** @type {Object<string, () => any>} */
const IN_CLIP = {
  j: () => (isDown("k") ? player.slow(-1) : player.shuttle(-1)),
  k: player.stopHere,
  l: () => (isDown("k") ? player.slow(1) : player.shuttle(1)),
  " ": player.toggle,
  ",": () => player.stepFrames(-1),
  ".": () => player.stepFrames(1),
  ArrowLeft: () => player.stepFrames(-1),
  ArrowRight: () => player.stepFrames(1),
  "Shift+ArrowLeft": () => player.stepFrames(-10),
  "Shift+ArrowRight": () => player.stepFrames(10),
  Home: () => line.goToEnd("first"),
  End: () => line.goToEnd("last"),
  "[": () => line.goToPeak(-1) || viewer.say("no likely cut before this"),
  "]": () => line.goToPeak(1) || viewer.say("no likely cut after this"),
  i: () => line.setMark("in"),
  o: () => line.setMark("out"),
  I: () => line.goTo("in"),
  O: () => line.goTo("out"),
  x: line.clearMarks,
  T: later(() => viewer.trim()),
  s: later(viewer.split),
  m: later(viewer.merge),
  q: viewer.toggleLoop,
  a: viewer.toggleSound,
  F: viewer.toggleFull,
  c: () => details.focus("caption"),
  t: () => details.focus("tag"),
  r: () => details.focus("reason"),
  N: details.reasonForDropping,
  Escape: later(viewer.close),
};

/**
 * @param {object} does
 * @param {(values: object, isFinal?: boolean) => any} does.decide
 * @param {(isRedo: boolean) => any} does.takeBack
 * @param {(clip: string) => any} does.openClip
 * @param {(by: number) => any} does.step
 * @returns {Keymap}
 */
export function keymap({ decide, takeBack, openClip, step }) {
  const [undo, redo] = [later(() => takeBack(false)), later(() => takeBack(true))];
  const [next, previous] = [later(() => step(1)), later(() => step(-1))];
  const drop = seen(() => decide({ verdict: "drop" }));
  /** @type {Object<string, () => any>} */
  const inBoth = {
    y: seen(() => decide({ verdict: "keep" })),
    n: drop,
    Delete: drop,
    u: seen(() => decide({ verdict: null })),
    z: undo,
    Z: redo,
    "Ctrl+z": undo,
    "Ctrl+Z": redo,
    "Ctrl+y": redo,
    w: later(async () => side.alike(await atCursor())),
    v: later(async () => side.sameSource(await atCursor())),
    d: later(async () => side.duplicates(await atCursor())),
    "?": () => $("show-keys").click(),
    0: seen(() => decide({ stars: null }, false)),
  };
  for (const stars of [1, 2, 3, 4, 5]) inBoth[stars] = seen(() => decide({ stars }, false));
  /** @type {Object<string, () => any>} */
  const inGrid = {
    Enter: later(async () => state.query.count && openClip((await grid.row(state.cursor)).clip)),
    " ": seen(peek.toggle),
    x: () => isBroughtBack() || selection.pick(state.cursor),
    a: later(selection.all),
    "Ctrl+a": later(selection.all),
    "/": () => $("text").focus(),
    f: bar.toggleFilters,
    PageDown: () => move("PageDown"),
    PageUp: () => move("PageUp"),
    "-": () => grid.resize(-1),
    "=": () => grid.resize(1),
    Escape: () => (state.selected.size ? selection.clear() : inTurn(side.escape)),
  };
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]) {
    inGrid[key] = () => move(key);
    inGrid[`Shift+${key}`] = () => move(key, true);
  }
  /** @type {Object<string, () => any>} */
  const inClip = {
    ...IN_CLIP, PageDown: next, PageUp: previous, ArrowDown: next, ArrowUp: previous, "Ctrl+a": () => {},
  };
  /** @type {Object<string, (field: HTMLElement) => any>} */
  const inField = {
    PageDown: (field) => details.carry(field, next),
    PageUp: (field) => details.carry(field, previous),
    "Ctrl+Shift+Enter": (field) => details.carry(field, next),
  };
  return {
    listed: () => LISTED,
    find(key, event) {
      if (event.repeat && "jkl".includes(key)) return undefined; // held, and not pressed again
      const keys = viewer.isOpen() ? inClip : inGrid;
      if (key.startsWith("Ctrl+")) return keys[key] || inBoth[key];
      return keys[key] || inBoth[key] || keys[event.key] || inBoth[event.key];
    },
    inField: (key) => (viewer.isOpen() ? inField[key] : undefined),
    onUp: (key) => "jkl".includes(key) && player.isSlow() && player.stopHere(),
  };
}
