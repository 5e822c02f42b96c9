// Who is typed at. A button that is pressed with the pointer leaves the focus to the clips, so that
// Space and Enter go on to mean what they mean there; one that is reached by Tab keeps it.

import { $ } from "./dom.js";

const isPointed = new WeakSet(); // lists to choose from that were opened with the pointer

export function home() {
  if (document.activeElement && document.activeElement !== $("grid")) document.activeElement.blur();
  if ($("viewer").hidden) $("grid").focus({ preventScroll: true });
}

export function setUp() {
  addEventListener("mousedown", (event) => {
    const { target } = event;
    if (target.matches?.("select")) isPointed.add(target);
    if (!target.closest?.("button") || target.closest("dialog")) return;
    event.preventDefault();
    // Text that is typed somewhere is stored when its field is left.
    if (document.activeElement?.matches("body, input, textarea, select, button")) home();
  });
  addEventListener("keydown", ({ target }) => target.matches?.("select") && isPointed.delete(target), true);
  addEventListener("change", ({ target }) => {
    if (!isPointed.delete(target) || target.closest("dialog")) return;
    // What the choice leads to may have put the focus somewhere.
    setTimeout(() => document.activeElement === target && home());
  });
  $("dialog").addEventListener("close", () => {
    // The browser gives the focus back to what had it, unless that is not there any more.
    setTimeout(() => !$("dialog").open && document.activeElement === document.body && home());
  });
}
