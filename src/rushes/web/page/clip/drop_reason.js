// Dropping a clip with a reason: the reason's field for a moment, and known reasons by number.

import { el } from "../app/dom.js";
import { state } from "../app/state.js";
import * as texts from "./caption_field.js";

const REASONS = ["blurred", "shaky", "text", "watermark", "duplicate", "boring", "bad cut", "off topic"];
const MAX = 9; // there are so many keys

let isOn = false;
let onDecide = (/** @type {object} */ _values, _isFinal = true) => {};
const { reason } = texts;
const known = el("datalist", { id: "reasons" });
const chips = el("div", { class: "chips" });
const panel = el(
  "div",
  { class: "reasons", hidden: true },
  el("p", { id: "how-to-drop" }, "Reason for dropping: Enter drops, Esc cancels"),
  chips,
);
export const node = el("div", { class: "reason" }, reason, known, panel);
reason.setAttribute("list", "reasons");
reason.addEventListener("blur", leave);
// Before the field itself, and before the keys of the page.
node.addEventListener("keydown", (event) => isOn && press(event), true);

/** @param {{onDecide: typeof onDecide}} handlers */
export function setUp(handlers) {
  ({ onDecide } = handlers);
}

const reasons = () => [...new Set([...REASONS, ...state.reasons])];

export function draw() {
  known.replaceChildren(...reasons().map((value) => el("option", { value })));
}

export function begin() {
  if (isOn) return;
  isOn = true;
  texts.setAside("reason");
  reason.value = "";
  reason.removeAttribute("list"); // its own list would lie over the numbers
  reason.setAttribute("aria-describedby", "how-to-drop");
  reason.placeholder = "Reason for dropping";
  chips.replaceChildren(
    ...reasons().slice(0, MAX).map((value, at) =>
      el(
        "button",
        // As soon as it is touched: the field would lose the focus, and the chips be gone.
        { class: "chip", tabIndex: -1, onpointerdown: () => drop(value), onclick: () => drop(value) },
        el("kbd", {}, String(at + 1)),
        value,
      ),
    ),
  );
  panel.hidden = false;
  node.classList.add("dropping");
  reason.focus();
}

/** @param {KeyboardEvent} event */
function press(event) {
  const value = event.key >= "1" && event.key <= "9" && !reason.value ? reasons()[+event.key - 1] : null;
  if (event.key === "Escape") reason.blur();
  else if (event.key === "Enter" && !event.isComposing) drop(reason.value.trim());
  else if (value) drop(value);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function leave() {
  if (!isOn) return;
  isOn = false;
  panel.hidden = true;
  node.classList.remove("dropping");
  reason.setAttribute("list", "reasons");
  reason.removeAttribute("aria-describedby");
  reason.placeholder = "Reason (r)";
  texts.restore("reason");
  texts.setAside("");
}

/** @param {string} value */
function drop(value) {
  if (!isOn) return;
  texts.markSaved("reason", value);
  reason.blur(); // leaves
  onDecide({ verdict: "drop", reason: value || null });
}
