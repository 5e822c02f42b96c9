// Duplicates in groups: keep the best of each, drop the others. What somebody decided stays.

import { get, post } from "../app/api.js";
import { askFor } from "../app/dialogs.js";
import { el, toast } from "../app/dom.js";
import { state } from "../app/state.js";

let known = null; // {query, groups: label → {best, keep, drop, decided}, best: ids}
let onDone = () => {};
let onKnown = () => {};

export function setUp(handlers) {
  ({ onDone, onKnown } = handlers);
}

const isKnown = () => state.group === "dedup.group" && known?.query === state.query?.query;

export const isBest = (clip) => isKnown() && known.best.has(clip);

export async function look() {
  // Asked after the clips, which need not wait for it.
  const query = state.query?.query;
  if (state.group !== "dedup.group") return;
  const found = await get(`/api/duplicates?query=${query}`).catch(() => ({ groups: {}, best: [] }));
  if (query !== state.query?.query) return;
  known = { query, groups: found.groups, best: new Set(found.best) };
  onKnown();
}

const many = (count) => count.toLocaleString("en");
const wide = (text) => el("span", { class: "wide" }, text);

function counted(groups) {
  const all = { keep: 0, drop: 0, decided: 0 };
  for (const one of groups) for (const key in all) all[key] += one[key];
  return all;
}

export function actions({ index, label }) {
  // The buttons of a group's head; the first head has that of all groups, too.
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
    const all = counted(Object.values(known.groups));
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

async function decideAll(names, { keep, drop, decided }) {
  const given = await askFor(
    `Keep the best of ${many(names.length)} groups`,
    `Keep ${many(keep)}, drop ${many(drop)}`,
    el(
      "p",
      {},
      `${many(keep)} clips are kept, the best of each group; ${many(drop)} that show the same are dropped. `,
      decided ? `${many(decided)} stay as somebody decided. ` : "",
      "It is one step for undo.",
    ),
    el("p", { class: "hint" }, "Only clips that are shown are meant: what the filters take out stays as it is."),
  );
  if (given) await decide(names);
}

async function decide(groups) {
  try {
    const done = await post("/api/duplicates", { query: state.query.query, groups });
    toast(`${many(done.keep)} kept, ${many(done.drop)} dropped; z takes it back`, false, true);
    await onDone();
    await look();
  } catch (error) {
    toast(error.message, true);
  }
}
