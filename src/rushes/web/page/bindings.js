// Which key does what.

import { get } from "./api.js";
import * as aside from "./aside.js";
import * as bar from "./bar.js";
import { showKeys } from "./dialogs.js";
import { $ } from "./dom.js";
import * as grid from "./grid.js";
import { inTurn, KEYS, listen } from "./keys.js";
import * as line from "./line.js";
import * as peek from "./peek.js";
import * as picking from "./picking.js";
import * as player from "./player.js";
import * as side from "./side.js";
import { state } from "./state.js";
import * as viewer from "./viewer.js";

const later = (work) => () => inTurn(work);

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

export function bind({ decide, takeBack, openClip, step, alike }) {
  const both = {
    y: later(() => decide({ verdict: "keep" })),
    n: later(() => decide({ verdict: "drop" })),
    u: later(() => decide({ verdict: null })),
    z: later(() => takeBack(false)),
    Z: later(() => takeBack(true)),
    w: later(async () => alike((await atCursor()).clip)),
    v: later(async () => aside.sameSource(await atCursor())),
    d: later(async () => aside.duplicates(await atCursor())),
    "?": () => showKeys(KEYS),
    0: later(() => decide({ stars: null }, false)),
  };
  for (const stars of [1, 2, 3, 4, 5]) both[stars] = later(() => decide({ stars }, false));
  listen({
    isViewing: viewer.isOpen,
    onArrow: move,
    both,
    grid: {
      Enter: later(async () => state.query.count && openClip((await grid.row(state.cursor)).clip)),
      " ": later(peek.toggle),
      x: () => picking.pick(state.cursor),
      a: later(picking.all),
      "/": () => $("text").focus(),
      f: bar.toggleFilters,
      Escape: () => (state.selected.size ? picking.clear() : state.only && aside.leave()),
    },
    clip: {
      j: () => player.shuttle(-1),
      k: player.halt,
      l: () => player.shuttle(1),
      " ": player.toggle,
      ",": () => player.stepFrames(-1),
      ".": () => player.stepFrames(1),
      ArrowLeft: () => player.stepFrames(-1),
      ArrowRight: () => player.stepFrames(1),
      i: () => line.setMark("in"),
      o: () => line.setMark("out"),
      T: later(viewer.trim),
      s: later(viewer.split),
      m: later(viewer.join),
      q: viewer.toggleLoop,
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
