// The caption and the reason of a clip. Typed text is kept until the server has it.

/** @import { Clip } from "../app/types.js" */
/** @typedef {"caption" | "reason"} Kind */

import { el, toast } from "../app/dom.js";

/** @type {Clip | null} */
let clip = null;
let onText = async (/** @type {string} */ _clip, /** @type {object} */ _values) => false;
/** @type {Kind | ""} */
let aside = ""; // the field whose text is meant for something else just now; see drop_reason.js
const saved = { caption: "", reason: "" }; // as the server has them
const onTheWay = { caption: 0, reason: 0 }; // texts that it is about to have

export const reason = field("input", "reason", { placeholder: "Reason (r)", "aria-label": "Reason" });
export const caption = field("textarea", "caption", {
  rows: 4,
  placeholder: "Describe the clip (c)",
  "aria-label": "Caption",
});
const fields = { caption, reason };

const draftKey = (/** @type {string} */ id, /** @type {string} */ kind) => `draft:${id}:${kind}`;

/** @param {{onText: typeof onText}} handlers */
export function setUp(handlers) {
  ({ onText } = handlers);
}

/**
 * @template {"input" | "textarea"} T
 * @param {T} kind
 * @param {Kind} id
 * @param {object} more
 */
function field(kind, id, more) {
  return el(kind, {
    id,
    autocomplete: "off",
    ...more,
    oninput: (/** @type {any} */ event) => {
      if (aside !== id) localStorage.setItem(draftKey(clip.clip, id), event.target.value);
    },
    onchange: () => save(id),
    onkeydown: (/** @type {any} */ event) => {
      const isHeld = event.ctrlKey || event.metaKey;
      if (event.key !== "Enter" || event.shiftKey || (kind === "textarea" && !isHeld)) return;
      event.preventDefault();
      event.target.blur();
    },
  });
}

/** @param {Kind} kind */
export async function save(kind) {
  if (aside === kind) return;
  const value = fields[kind].value.trim();
  const id = clip.clip;
  if (value === saved[kind]) {
    localStorage.removeItem(draftKey(id, kind));
    return;
  }
  const before = saved[kind];
  saved[kind] = value;
  onTheWay[kind]++;
  const isStored = await onText(id, { [kind]: value || null }).finally(() => onTheWay[kind]--);
  if (isStored) localStorage.removeItem(draftKey(id, kind));
  else if (clip?.clip === id) saved[kind] = before; // it stands in the field, and in the draft
}

export const flush = () => Promise.all([save("caption"), save("reason")]);

/** @param {Kind | ""} kind */
export function setAside(kind) {
  aside = kind;
}

/** @param {Kind} kind */
export function restore(kind) {
  // As the server has it, and no draft.
  fields[kind].value = saved[kind];
  localStorage.removeItem(draftKey(clip.clip, kind));
}

/**
 * Note that somebody else stores it.
 * @param {Kind} kind
 * @param {string} value
 */
export function markSaved(kind, value) {
  saved[kind] = value;
  localStorage.removeItem(draftKey(clip.clip, kind));
}

const captionNow = (/** @type {Clip} */ one) => one.caption ?? one.captions[0]?.text ?? "";

/** @param {Clip} one */
export function show(one) {
  clip = one;
  saved.caption = captionNow(one);
  saved.reason = one.reason || "";
  let isRestored = false;
  for (const [kind, place] of /** @type {[Kind, HTMLInputElement][]} */ (Object.entries(fields))) {
    const draft = localStorage.getItem(draftKey(one.clip, kind));
    place.value = draft ?? saved[kind];
    isRestored ||= draft !== null && draft.trim() !== saved[kind];
  }
  if (isRestored) toast("the text that you typed last time was not stored yet; it is here again");
}

/** @param {Clip} one */
export function update(one) {
  // The same clip after a change: a field that somebody is typing into keeps the text.
  clip = one;
  const now = { caption: captionNow(one), reason: one.reason || "" };
  for (const [kind, place] of /** @type {[Kind, HTMLInputElement][]} */ (Object.entries(fields))) {
    if (onTheWay[kind]) continue; // asked for before the server had it
    if (aside !== kind && place.value.trim() === saved[kind]) place.value = now[kind];
    saved[kind] = now[kind];
  }
}

/** @param {HTMLInputElement | HTMLTextAreaElement} place */
export function focus(place, isSelected = false) {
  place.focus();
  if (isSelected) place.select();
  else place.setSelectionRange(place.value.length, place.value.length);
}

// ---- on to another clip, in the same field -------------------------------------------------------

let ahead = ""; // typed while another clip is on its way: it is meant for that one
let going = 0;

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} place
 * @param {() => any} move
 */
export async function carry(place, move) {
  if (!going++) place.addEventListener("keydown", collect);
  try {
    await move();
  } finally {
    if (!--going) {
      place.removeEventListener("keydown", collect);
      if (place.isConnected && document.activeElement !== place) focus(place);
      else place.setSelectionRange(place.value.length, place.value.length);
      if (ahead) {
        place.setRangeText(ahead, place.selectionStart, place.selectionEnd, "end");
        place.dispatchEvent(new Event("input"));
      }
      ahead = "";
    }
  }
}

/** @param {Event} event */
function collect(event) {
  if (!(event instanceof KeyboardEvent)) return;
  if (event.key.length > 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  ahead += event.key;
}
