// Views: a tab for each, `?view=` in the address. One is in sight; the others keep their state.

/** @import { View } from "./types.js" */

import * as back from "./history_stack.js";
import { $, el } from "./dom.js";
import { state } from "./state.js";

/** @type {Map<string, View>} */
const views = new Map();
/** @type {View} */
let shown = null;

/** The view in sight. */
export const current = () => shown;

/**
 * Make the tabs.
 * @param {View[]} all the first is the one that a bare address means
 */
export function setUp(all) {
  for (const view of all) views.set(view.name, view);
  $("views").replaceChildren(
    ...all.map(({ name, title }) =>
      el("a", {
        href: addressOf(name),
        dataset: { tab: name },
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in a tab of its own
          event.preventDefault();
          go(name);
        },
      }, title),
    ),
  );
}

/** Show the view that the address names. */
export const start = () => show(named());

const first = () => [...views.keys()][0];

export function named() {
  // The view that the address names.
  const name = new URLSearchParams(location.search).get("view");
  return views.has(name) ? name : first();
}

/** @param {string} name */
const addressOf = (name) => (name === first() ? "/" : `/?view=${name}`);

/** @param {string} name */
export function go(name) {
  if (name === shown.name) return;
  back.enterView(name, addressOf(name), views.get(name).layers?.() ?? 0);
  return show(name);
}

/**
 * Show a view without a new entry of history.
 * @param {string} name
 */
export async function show(name) {
  const next = views.get(name) ?? views.get(first());
  if (next === shown) return;
  const before = shown;
  shown = next;
  state.view = next.name;
  if ($("dialog").open) $("dialog").close();
  await before?.unmount();
  if (shown !== next) return; // another one was gone to meanwhile
  document.body.dataset.view = next.name;
  for (const tab of /** @type {NodeListOf<HTMLElement>} */ ($("views").querySelectorAll("a"))) {
    if (tab.dataset.tab === next.name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  let root;
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("main"))) {
    one.hidden = one.dataset.view !== next.name;
    if (!one.hidden) root = one;
  }
  await next.mount(root);
}
