// The focus. A button that is pressed with the pointer leaves it to the clips, so that Space and
// Enter go on to mean what they mean there; one that is reached by Tab keeps it.

import { $, targetOf } from "./dom.js";

/** @type {WeakSet<Element>} */
const isPointed = new WeakSet(); // lists to choose from that were opened with the pointer

const focused = () => /** @type {HTMLElement | null} */ (document.activeElement);

export function home() {
  const had = focused();
  if (had && had !== $("grid")) had.blur();
  if ($("viewer").hidden) $("grid").focus({ preventScroll: true });
}

export function setUp() {
  addEventListener("mousedown", (event) => {
    const target = targetOf(event);
    if (target.matches("select")) isPointed.add(target);
    if (!target.closest("button") || target.closest("dialog, .overview")) return;
    event.preventDefault();
    // Text that is typed somewhere is stored when its field is left.
    if (focused()?.matches("body, input, textarea, select, button")) home();
  });
  addEventListener("keydown", (event) => isPointed.delete(targetOf(event)), true);
  addEventListener("change", (event) => {
    const target = targetOf(event);
    if (!isPointed.delete(target) || target.closest("dialog")) return;
    // Another part may have taken the focus.
    setTimeout(() => focused() === target && home());
  });
  $("dialog").addEventListener("close", () => {
    // The browser gives the focus back to what had it, unless that is not there any more.
    setTimeout(() => !$("dialog").open && focused() === document.body && home());
  });
}
