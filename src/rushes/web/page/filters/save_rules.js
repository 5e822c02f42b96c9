// Below the filters: the clips that an export would hold, and the way of the rules into the recipe.

import { post } from "../app/api.js";
import { askFor } from "../app/dialogs.js";
import { $, counted, el, hours, many, throttled, toast } from "../app/dom.js";
import { isSame } from "./rules.js";
import { allRules, begin, recipeRules, state } from "../app/state.js";

const HELD_MS = 500; // between two questions while somebody decides clip by clip
const SAID_MS = 6000;

let onRevert = () => {};

/** @param {{onRevert: () => any}} handlers */
export function setUp(handlers) {
  ({ onRevert } = handlers);
  $("save").onclick = () => save().catch((error) => toast(error.message, true));
  $("revert").onclick = () => {
    begin();
    onRevert();
  };
}

function isSaved() {
  const [now, { limits }] = [allRules(), recipeRules()];
  return now.length === limits.length && now.every((rule) => limits.some((one) => isSame(rule, one)));
}

export function show() {
  const { quotas } = recipeRules();
  const others = Object.keys(state.selections).filter((name) => name !== "main");
  const rest = others.map((name) => `select.${name}`).join(" and ");
  $("edited").textContent = `Showing selection “main”.${rest && ` Edit ${rest} in recipe.toml.`}`;
  $("also").hidden = !quotas.length;
  $("also").textContent =
    `Quota in select.main: ${quotas.join("; ")}. rushes select applies it; the grid does not. Saving keeps it.`;
  $("save").disabled = $("revert").hidden = isSaved();
}

/** @param {any} held */
export function showHeld(held) {
  const line = $("held");
  line.classList.toggle("trouble", Boolean(held.trouble));
  if (held.trouble) {
    line.textContent = `No export is possible: ${held.trouble}`;
    return;
  }
  const count = (/** @type {number} */ number, /** @type {string} */ text) => (number ? [`${many(number)} ${text}`] : []);
  const why = [
    ...count(held.dropped, "dropped"),
    ...count(held.kept, "kept by hand"),
    ...count(held.over_quota, "over quota"),
  ];
  const list = why.length > 1 ? `${why.slice(0, -1).join(", ")} and ${why.at(-1)}` : why.join("");
  line.textContent =
    `An export would hold ${counted(held.count, "clip")}, ${hours(held.duration_s)}` +
    (list ? ` (${list})` : "");
}

export const follow = throttled(async () => {
  // Verdicts and recipes change without a filter being touched.
  show();
  const asked = post("/api/count", { rules: [], select: allRules() });
  await asked.then(({ held }) => showHeld(held), () => {}); // a line above says that the server is away
}, HELD_MS);

async function save() {
  const rules = allRules();
  for (;;) {
    const plan = await post("/api/recipe", { rules });
    if (!plan.changes.length) {
      say("recipe.toml has these rules already");
      break;
    }
    if (!(await askFor("Write to recipe.toml", "Save", ...planWords(plan)))) return;
    try {
      await post("/api/recipe", { rules, stamp: plan.stamp });
      say("written to recipe.toml");
      break;
    } catch (error) {
      if (error.status !== 409) throw error;
      toast(error.message, true); // and the changes are shown anew
    }
  }
  state.selections = { ...state.selections, main: [...rules, ...recipeRules().quotas] };
  show();
}

/** @param {any} plan */
function planWords({ changes, stays }) {
  const line = (/** @type {any} */ { column, before, after }) =>
    after === null
      ? el("li", {}, el("del", {}, "− ", column), ` ${before}`)
      : before === null
        ? el("li", {}, el("ins", {}, "+ ", column), ` ${after}`)
        : el("li", {}, el("b", {}, `${column}:`), ` ${before} → ${after}`);
  return [
    el("ul", { class: "changes" }, ...changes.map(line)),
    el("p", { class: "hint" }, "In select.main. Comments and everything else stay as they are",
      stays.length ? `; so does ${stays.join("; ")}.` : "."),
  ];
}

/** @param {string} text */
function say(text) {
  $("saved").textContent = text;
  setTimeout(() => ($("saved").textContent = ""), SAID_MS);
}
