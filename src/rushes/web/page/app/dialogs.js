// What opens over the page: the keys, and forms that ask something.

import * as back from "./history_stack.js";
import { $, el } from "./dom.js";

export function setUp() {
  // A press beside a dialog closes it, unless words were typed into it.
  const dialog = $("dialog");
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target !== dialog) return;
    const box = dialog.getBoundingClientRect();
    const isInside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    const isTyped = [...dialog.querySelectorAll("form input, form textarea")].some((field) => field.value);
    if (isInside || isTyped) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "?" || !dialog.classList.contains("of-keys")) return;
    event.stopPropagation(); // or it would open again
    dialog.close();
  });
}

export function showDialog(title, ...content) {
  const dialog = $("dialog");
  dialog.onclose = null;
  dialog.className = "";
  dialog.setAttribute("aria-label", title);
  dialog.replaceChildren(
    el("header", {}, el("h2", {}, title),
      el("button", { class: "quiet", "aria-label": "Close", title: "Close (Esc)", onclick: () => dialog.close() }, "×")),
    ...content,
  );
  open(dialog);
}

export function askFor(title, action, ...content) {
  // Resolves to what was filled in, or to null.
  const dialog = $("dialog");
  return new Promise((answer) => {
    const form = el(
      "form",
      { method: "dialog" },
      el("h2", {}, title),
      ...content,
      el(
        "div",
        { class: "buttons" },
        el("button", { value: "ok", class: "accent" }, action),
        el("button", { value: "", formNoValidate: true }, "Cancel"),
      ),
    );
    dialog.className = "";
    dialog.setAttribute("aria-label", title);
    dialog.replaceChildren(form);
    dialog.returnValue = "";
    dialog.onclose = () => answer(dialog.returnValue === "ok" ? new FormData(form) : null);
    open(dialog);
  });
}

function open(dialog) {
  if (dialog.open) return;
  back.enter();
  dialog.showModal();
}

export function showKeys(keys) {
  showDialog(
    "Keys",
    el(
      "div",
      { class: "keys" },
      ...keys.map(([part, rows]) =>
        el(
          "section",
          {},
          el("h3", {}, part),
          el(
            "dl",
            {},
            ...rows.flatMap(([names, text]) => [
              el("dt", {}, ...names.split(" ").map((one) => el("kbd", {}, one))),
              el("dd", {}, text),
            ]),
          ),
        ),
      ),
    ),
  );
  $("dialog").classList.add("of-keys");
}
