// Which key does what.

import { get } from "./api.js";
import * as aside from "./side_trip.js";
import * as bar from "./toolbar.js";
import { showKeys } from "./dialogs.js";
import { $, toast } from "./dom.js";
import * as grid from "../grid/grid.js";
import { inTurn, isDown, KEYS, listen } from "./keys.js";
import * as line from "../clip/timeline.js";
import * as peek from "../grid/inline_play.js";
import * as picking from "../grid/selection.js";
import * as player from "../clip/player.js";
import * as side from "../clip/details.js";
import { state } from "./state.js";
import * as viewer from "../clip/viewer.js";

const later = (work) => () => inTurn(work);

// What is decided is about the clip at the cursor: if one has scrolled away from it, that clip is
// not the one that one looks at, and the key only brings the cursor back.
function brought() {
  if (viewer.isOpen() || state.selected.size || !state.query?.count || grid.isCursorSeen()) return false;
  grid.goTo(grid.firstInSight());
  picking.anchorAt(state.cursor);
  toast("The cursor was out of sight: it is here now. Nothing was decided.");
  return true;
}

const seen = (work) =>
  later(async () => {
    await picking.settled();
    return brought() || work();
  });

const atCursor = async () =>
  viewer.current() || get(`/api/clip/${(await grid.row(state.cursor)).clip}`);

function move(key, isRange) {
  if (!state.query?.count) return false;
  if (!isRange) picking.anchorAt(state.cursor);
  grid.moveCursor(key, isRange);
  if (!isRange) picking.anchorAt(state.cursor);
  peek.follow();
  return true;
}

peek.setUp({ clipAtCursor: atCursor });

function listenWithControl(undo, redo) {
  // What other programs have taught the hand.
  const keys = { z: undo, y: redo, a: () => viewer.isOpen() || inTurn(picking.all) };
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || $("dialog").open) return;
    if (event.target.matches("textarea, input:not([type=range])")) return;
    const key = event.key.toLowerCase();
    const work = key === "z" && event.shiftKey ? redo : keys[key];
    if (!work) return;
    event.preventDefault();
    work();
  });
}

export function bind({ decide, takeBack, openClip, step }) {
  const drop = seen(() => decide({ verdict: "drop" }));
  const [undo, redo] = [later(() => takeBack(false)), later(() => takeBack(true))];
  const both = {
    y: seen(() => decide({ verdict: "keep" })),
    n: drop,
    Delete: drop,
    u: seen(() => decide({ verdict: null })),
    z: undo,
    Z: redo,
    w: later(async () => aside.alike(await atCursor())),
    v: later(async () => aside.sameSource(await atCursor())),
    d: later(async () => aside.duplicates(await atCursor())),
    "?": () => showKeys(KEYS),
    0: seen(() => decide({ stars: null }, false)),
  };
  for (const stars of [1, 2, 3, 4, 5]) both[stars] = seen(() => decide({ stars }, false));
  listenWithControl(undo, redo);
  addEventListener("takeback", undo);
  $("undo").onclick = undo;
  listen({
    isViewing: viewer.isOpen,
    onArrow: move,
    both,
    grid: {
      Enter: later(async () => state.query.count && openClip((await grid.row(state.cursor)).clip)),
      " ": seen(peek.toggle),
      x: () => brought() || picking.pick(state.cursor),
      a: later(picking.all),
      "/": () => $("text").focus(),
      f: bar.toggleFilters,
      PageDown: () => move("PageDown"),
      PageUp: () => move("PageUp"),
      "-": () => grid.resize(-1),
      "=": () => grid.resize(1),
      Escape: () => (state.selected.size ? picking.clear() : inTurn(aside.escape)),
    },
    onUp: (key) => "jkl".includes(key) && player.isSlow() && player.stopHere(),
    inField: {
      PageDown: (field) => side.carry(field, later(() => step(1))),
      PageUp: (field) => side.carry(field, later(() => step(-1))),
      "Ctrl+Shift+Enter": (field) => side.carry(field, later(() => step(1))),
    },
    clip: {
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
      m: later(viewer.join),
      q: viewer.toggleLoop,
      a: viewer.toggleSound,
      F: viewer.toggleFull,
      c: () => side.focus("caption"),
      t: () => side.focus("tag"),
      r: () => side.focus("reason"),
      N: side.reasonForDropping,
      PageDown: later(() => step(1)),
      PageUp: later(() => step(-1)),
      ArrowDown: later(() => step(1)),
      ArrowUp: later(() => step(-1)),
      Escape: later(viewer.close),
    },
  });
}
