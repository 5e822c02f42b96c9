// Dialogs over the page: the keys, lists, and forms that ask for something.

import * as back from "./history_stack.js";
import { $, el } from "./dom.js";

export function setUp() {
  // A press beside a dialog closes it, unless words were typed into it.
  /** @type {HTMLDialogElement} */
  const dialog = $("dialog");
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target !== dialog) return;
    const box = dialog.getBoundingClientRect();
    const isInside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    /** @type {NodeListOf<HTMLInputElement>} */
    const fields = dialog.querySelectorAll("form input, form textarea");
    if (isInside || [...fields].some((field) => field.value)) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "?" || !dialog.classList.contains("of-keys")) return;
    event.stopPropagation(); // or it would open again
    dialog.close();
  });
}

/**
 * @param {string} title
 * @param {...(Node | string)} content
 */
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

/**
 * Ask for something; resolves to the fields, or to null where it was given up.
 * @param {string} title
 * @param {string} action the word on the button
 * @param {...(Node | string)} content
 * @returns {Promise<FormData | null>}
 */
export function askFor(title, action, ...content) {
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

/** @param {HTMLDialogElement} dialog */
function open(dialog) {
  if (dialog.open) return;
  back.enter();
  dialog.showModal();
}

/** @param {[string, [string, string][]][]} keys groups of keys, each key with its words */
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
