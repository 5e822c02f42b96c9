// What is done to many clips at once, with a preview where words change.

import { get, post } from "./api.js";
import { $, el, toast } from "./dom.js";
import { markAll } from "./grid.js";
import { state } from "./state.js";

let onDone = () => {};

export function setUp(handlers) {
  ({ onDone } = handlers);
}

export function show() {
  const bar = $("batch");
  const count = state.selected.size;
  bar.hidden = count === 0;
  if (!count) return;
  bar.replaceChildren(
    el("b", {}, `${count.toLocaleString("en")} selected`),
    button("Keep", () => decide({ verdict: "keep" }), "keep"),
    button("Drop", () => decide({ verdict: "drop" }), "drop"),
    button("Undecided", () => decide({ verdict: null })),
    button("Tag…", tag),
    button("Replace in captions…", replace),
    button("Select all found", all),
    button("Clear", clear, "quiet"),
  );
}

const button = (text, work, kind = "") => el("button", { class: kind, onclick: work }, text);

export async function decide(values) {
  const clips = [...state.selected];
  try {
    await post("/api/decide", { clips, values });
    toast(`${clips.length} clips; z takes it back`);
    await onDone();
  } catch (error) {
    toast(error.message, true);
  }
}

export async function all() {
  for (const clip of await get(`/api/ids?query=${state.query.query}`)) state.selected.add(clip);
  markAll();
  show();
}

export function clear() {
  state.selected.clear();
  markAll();
  show();
}

function ask(title, ...content) {
  const dialog = $("dialog");
  return new Promise((answer) => {
    const form = el("form", { method: "dialog" }, el("h2", {}, title), ...content);
    dialog.replaceChildren(form);
    dialog.onclose = () => answer(dialog.returnValue === "ok" ? new FormData(form) : null);
    dialog.returnValue = "";
    dialog.showModal();
  });
}

const buttons = (text) =>
  el(
    "div",
    { class: "buttons" },
    el("button", { value: "ok", class: "accent" }, text),
    el("button", { value: "", formNoValidate: true }, "Cancel"),
  );

async function tag() {
  const given = await ask(
    `Tag ${state.selected.size} clips`,
    el("label", {}, "Add ", el("input", { name: "add", placeholder: "sea, boat" })),
    el("label", {}, "Remove ", el("input", { name: "remove" })),
    buttons("Tag"),
  );
  if (!given) return;
  const words = (name) => given.get(name).split(",").map((word) => word.trim()).filter(Boolean);
  const values = { add: words("add"), remove: words("remove") };
  if (values.add.length || values.remove.length) await decide({ tags: values });
}

async function replace() {
  const preview = el("ol", { class: "preview" });
  const told = el("p", {}, "Type what to replace.");
  const form = () => new FormData($("dialog").querySelector("form"));
  const look = async () => {
    const find = form().get("find");
    if (!find) return;
    const found = await post("/api/replace", {
      clips: [...state.selected], find, replace: form().get("replace"), dry_run: true,
    });
    told.textContent = `${found.changes.length} captions would change`;
    preview.replaceChildren(
      ...found.changes.slice(0, 50).map((one) =>
        el("li", {}, el("del", {}, one.before), el("ins", {}, one.after)),
      ),
    );
  };
  const given = await ask(
    `Replace in the captions of ${state.selected.size} clips`,
    el("label", {}, "Replace ", el("input", { name: "find", required: true, oninput: look })),
    el("label", {}, "with ", el("input", { name: "replace", oninput: look })),
    told,
    preview,
    buttons("Replace"),
  );
  if (!given) return;
  try {
    const done = await post("/api/replace", {
      clips: [...state.selected], find: given.get("find"), replace: given.get("replace"),
    });
    toast(`${done.changes.length} captions changed; z takes it back`);
    await onDone();
  } catch (error) {
    toast(error.message, true);
  }
}
