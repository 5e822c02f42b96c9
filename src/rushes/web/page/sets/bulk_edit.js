// Actions on the selected clips, with a preview where words change.

import { post } from "../app/api.js";
import { askFor } from "../app/dialogs.js";
import { $, counted, el, many, throttled, toast, wide } from "../app/dom.js";
import { all, clear } from "../grid/selection.js";
import { atWork, state } from "../app/state.js";

const SHOWN = 50; // changes in the preview

let onDone = async (/** @type {any} */ _done = {}) => {};

/** @param {{onDone: typeof onDone}} handlers */
export function setUp(handlers) {
  ({ onDone } = handlers);
}

export function show() {
  const bar = $("batch");
  const count = state.selected.size;
  bar.hidden = count === 0;
  document.body.classList.toggle("selecting", count > 0);
  if (!count) return;
  bar.replaceChildren(
    el("b", {}, `${many(count)} selected`),
    button("Keep", () => decide({ verdict: "keep" }), "keep"),
    button("Drop", () => decide({ verdict: "drop" }), "drop"),
    button("Undecided", () => decide({ verdict: null })),
    button("Tag…", tag),
    button(["Replace", wide(" in captions"), "…"], replace),
    button(["Select all", wide(" found")], all),
    button("Clear", clear, "quiet"),
  );
}

const button = (/** @type {string | (Node | string)[]} */ text, /** @type {() => any} */ work, kind = "") =>
  el("button", { class: kind, onclick: work }, ...[text].flat());
const clips = (/** @type {number} */ count) => counted(count, "clip");
const captions = (/** @type {number} */ count) => counted(count, "caption");

/** @param {any} values */
export async function decide(values) {
  const chosen = [...state.selected];
  try {
    await atWork(async () => {
      const done = await post("/api/decide", { clips: chosen, values });
      toast(`${clips(chosen.length)}: ${words(values)}; z undoes it`, false, true);
      await onDone(done);
    });
  } catch (error) {
    toast(error.message, true);
  }
}

/** @param {any} values */
function words(values) {
  if ("verdict" in values) return values.verdict || "undecided";
  if ("stars" in values) return values.stars ? "★".repeat(values.stars) : "no stars";
  return "tagged";
}

async function tag() {
  const given = await askFor(
    `Tag ${clips(state.selected.size)}`,
    "Tag",
    el("label", {}, "Add ", el("input", { name: "add", placeholder: "sea, boat", list: "tags" })),
    el("label", {}, "Remove ", el("input", { name: "remove", list: "tags" })),
  );
  if (!given) return;
  const words = (/** @type {string} */ name) => String(given.get(name)).split(",").map((word) => word.trim()).filter(Boolean);
  const values = { add: words("add"), remove: words("remove") };
  if (values.add.length || values.remove.length) await decide({ tags: values });
}

async function replace() {
  const chosen = [...state.selected];
  const preview = el("ol", { class: "preview" });
  const status = el("p", { class: "hint", role: "status" }, "Upper and lower case count.");
  const form = () => new FormData($("dialog").querySelector("form"));
  const asked = () => ({ clips: chosen, find: form().get("find"), replace: form().get("replace") });
  const look = throttled(async () => {
    if (!form().get("find")) return;
    try {
      const found = await post("/api/replace", { ...asked(), dry_run: true });
      const count = found.changes.length;
      const more = count > SHOWN ? `; the first ${SHOWN} of them:` : count ? ":" : "";
      status.textContent = `${captions(count)} would change${more}`;
      preview.replaceChildren(
        ...found.changes.slice(0, SHOWN).map((/** @type {any} */ one) =>
          el("li", {}, el("del", {}, one.before), el("ins", {}, one.after || "(no caption)")),
        ),
      );
    } catch (error) {
      status.textContent = error.message;
    }
  });
  const given = await askFor(
    `Replace in the captions of ${clips(chosen.length)}`,
    "Replace",
    el("label", {}, "Replace ", el("input", { name: "find", required: true, oninput: () => look() })),
    el("label", {}, "with ", el("input", { name: "replace", oninput: () => look() })),
    status,
    preview,
  );
  if (!given) return;
  try {
    const done = await post("/api/replace", {
      clips: chosen, find: given.get("find"), replace: given.get("replace"),
    });
    toast(`${captions(done.changes.length)} changed; z undoes it`, false, true);
    await onDone();
  } catch (error) {
    toast(error.message, true);
  }
}
