// The page: the parts that all views share, the view that the address names, and its news.

import * as activity from "./activity.js";
import { follow } from "./api.js";
import * as back from "./history_stack.js";
import * as dialogs from "./dialogs.js";
import { $, toast } from "./dom.js";
import * as focus from "./focus.js";
import * as jobs from "./jobs.js";
import { listen } from "./keys.js";
import * as news from "./news.js";
import * as router from "./router.js";
import { state } from "./state.js";
import * as clips from "../views/clips.js";
import * as overview from "../views/overview.js";

async function start() {
  news.onState(drawShared);
  const found = await news.readState();
  news.follow(found.revision);
  jobs.showJob(found.job);
  const hash = location.hash.slice(1); // a clip to open
  const isClip = () => router.current() === clips.view;
  const openClip = async (/** @type {string} */ clip) => {
    if (!isClip()) await router.go("clips");
    clips.open(clip);
  };
  router.setUp([clips.view, overview.view]);
  back.setUp({
    view: () => router.current()?.name ?? router.named(),
    layers: () => (router.current()?.layers?.() ?? 0) + $("dialog").open,
    closeTop: () => ($("dialog").open ? $("dialog").close() : router.current().closeTop()),
    onView: router.show,
  });
  dialogs.setUp();
  focus.setUp();
  jobs.setUp();
  activity.setUp({ onOpen: openClip, known: news.known().verdictNo });
  $("show-keys").onclick = () => dialogs.showKeys(router.current().keys.listed());
  listen(() => router.current().keys);
  await router.start();
  if (hash && isClip()) await clips.open(hash);
  follow(changed);
}

function drawShared() {
  $("project").textContent = state.project;
  document.title = `${state.project} · Rushes`;
  $("show-jobs").classList.toggle("noted", state.notes.length > 0);
}

// ---- changes elsewhere ---------------------------------------------------------------------------

/** @type {any} */
let missed = null; // news that came while a change of our own was under way

addEventListener("rested", () => {
  const now = missed;
  missed = null;
  if (now) changed(now, "");
});

/**
 * @param {any} now the server's news; null where it is away
 * @param {string} trouble
 */
async function changed(now, trouble) {
  const lost = $("lost");
  lost.hidden = !trouble;
  lost.textContent = trouble;
  if (!now) return news.forget();
  jobs.showJob(now.job);
  if (now.revision <= news.known().revision) return;
  if (state.busy) {
    missed = now;
    return;
  }
  news.follow(now.revision);
  try {
    await router.current().follow?.();
    await activity.follow(clips.shownClip());
  } catch (error) {
    toast(error.message, true);
  }
}

start().catch((error) => {
  $("lost").hidden = false;
  $("lost").textContent = error.message;
});
