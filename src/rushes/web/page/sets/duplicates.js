// Duplicates in groups: keep the best of each, drop the others. Decided clips stay as they are.

import { get, post } from "../app/api.js";
import { askFor } from "../app/dialogs.js";
import { counted, el, many, toast, wide } from "../app/dom.js";
import { state } from "../app/state.js";

/** @typedef {{best: number, keep: number, drop: number, decided: number}} Counts */
/** @type {{query: string, groups: Object<string, Counts>, best: Set<string>} | null} */
let known = null; // groups by label; ids of the best clips
let onDone = async () => {};
let onKnown = () => {};

/** @param {{onDone: typeof onDone, onKnown: typeof onKnown}} handlers */
export function setUp(handlers) {
  ({ onDone, onKnown } = handlers);
}

const isKnown = () => state.group === "dedup.group" && known?.query === state.query?.query;

export const isBest = (/** @type {string} */ clip) => isKnown() && known.best.has(clip);

export async function look() {
  // Asked after the clips, which need not wait for it.
  const query = state.query?.query;
  if (state.group !== "dedup.group") return;
  const found = await get(`/api/duplicates?query=${query}`).catch(() => ({ groups: {}, best: /** @type {string[]} */ ([]) }));
  if (query !== state.query?.query) return;
  known = { query, groups: found.groups, best: new Set(found.best) };
  onKnown();
}

/** @param {Counts[]} groups */
function total(groups) {
  const all = { keep: 0, drop: 0, decided: 0 };
  for (const one of groups) for (const key of /** @type {const} */ (["keep", "drop", "decided"])) all[key] += one[key];
  return all;
}

/**
 * Return the buttons of a group's head; the first head has that of all groups, too.
 * @param {{index: number, label: string}} group
 */
export function actions({ index, label }) {
  if (!isKnown()) return [];
  const mine = known.groups[label];
  const names = Object.keys(known.groups);
  const buttons = [];
  if (mine) {
    const best = mine.best > 1 ? [wide("the best "), many(mine.best)] : [wide("the "), "best"];
    buttons.push(
      el(
        "button",
        { tabIndex: -1, onclick: () => decide([label]) },
        "Keep ",
        ...best,
        ...(mine.drop ? [", drop ", wide("the other "), many(mine.drop)] : []),
      ),
    );
  }
  if (index === 0 && names.length > 1) {
    const all = total(Object.values(known.groups));
    buttons.push(
      el(
        "button",
        { class: "all", tabIndex: -1, onclick: () => decideAll(names, all) },
        wide("Keep the best of "),
        el("span", { class: "narrow" }, "All "),
        `${many(names.length)} groups`,
        wide(`, drop ${many(all.drop)}`),
        "…",
      ),
    );
  }
  return buttons;
}

/**
 * @param {string[]} names
 * @param {{keep: number, drop: number, decided: number}} counts
 */
async function decideAll(names, { keep, drop, decided }) {
  const given = await askFor(
    `Keep the best of ${many(names.length)} groups`,
    `Keep ${many(keep)}, drop ${many(drop)}`,
    el(
      "p",
      {},
      `Keeps ${counted(keep, "clip")}, the best of each group, and drops ${many(drop)} that show the same. `,
      decided ? `${counted(decided, "decided clip")} stay as they are. ` : "",
      "It is one step for undo.",
    ),
    el("p", { class: "hint" }, "Only clips that are shown: those that the filters remove stay as they are."),
  );
  if (given) await decide(names);
}

/** @param {string[]} groups */
async function decide(groups) {
  try {
    const done = await post("/api/duplicates", { query: state.query.query, groups });
    toast(`${many(done.keep)} kept, ${many(done.drop)} dropped; z undoes it`, false, true);
    await onDone();
    await look();
  } catch (error) {
    toast(error.message, true);
  }
}
