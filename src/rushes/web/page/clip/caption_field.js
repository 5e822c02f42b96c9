// The caption and the reason of a clip. What is typed is kept until the server has it.

import { el, toast } from "../app/dom.js";

let clip = null;
let onText = async () => false;
let aside = ""; // the field whose text is meant for something else just now; see dropping.js
const saved = { caption: "", reason: "" }; // what the server has
const onTheWay = { caption: 0, reason: 0 }; // texts that it is about to have

export const reason = field("input", "reason", { placeholder: "Reason (r)", "aria-label": "Reason" });
export const caption = field("textarea", "caption", {
  rows: 4,
  placeholder: "What is to be seen (c)",
  "aria-label": "Caption",
});
const fields = { caption, reason };

const draftKey = (id, kind) => `draft:${id}:${kind}`;

export function setUp(handlers) {
  ({ onText } = handlers);
}

function field(kind, id, more) {
  return el(kind, {
    id,
    autocomplete: "off",
    ...more,
    oninput: (event) => {
      if (aside !== id) localStorage.setItem(draftKey(clip.clip, id), event.target.value);
    },
    onchange: () => save(id),
    onkeydown: (event) => {
      const isHeld = event.ctrlKey || event.metaKey;
      if (event.key !== "Enter" || event.shiftKey || (kind === "textarea" && !isHeld)) return;
      event.preventDefault();
      event.target.blur();
    },
  });
}

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

export const flush = () => Promise.all(Object.keys(saved).map(save));

export function setAside(kind) {
  aside = kind;
}

export function takeBack(kind) {
  // What the server has, and no draft.
  fields[kind].value = saved[kind];
  localStorage.removeItem(draftKey(clip.clip, kind));
}

export function isSaved(kind, value) {
  // Somebody else stores it.
  saved[kind] = value;
  localStorage.removeItem(draftKey(clip.clip, kind));
}

const captionNow = (one) => one.caption ?? one.captions[0]?.text ?? "";

export function show(one) {
  clip = one;
  saved.caption = captionNow(one);
  saved.reason = one.reason || "";
  let isRestored = false;
  for (const [kind, place] of Object.entries(fields)) {
    const draft = localStorage.getItem(draftKey(one.clip, kind));
    place.value = draft ?? saved[kind];
    isRestored ||= draft !== null && draft.trim() !== saved[kind];
  }
  if (isRestored) toast("what you typed last time was not stored yet; it is here again");
}

export function update(one) {
  // The same clip after a change: a field that somebody is typing into keeps what is typed.
  clip = one;
  const now = { caption: captionNow(one), reason: one.reason || "" };
  for (const [kind, place] of Object.entries(fields)) {
    if (onTheWay[kind]) continue; // asked for before the server had it
    if (aside !== kind && place.value.trim() === saved[kind]) place.value = now[kind];
    saved[kind] = now[kind];
  }
}

export function focus(place, isSelected = false) {
  place.focus();
  if (isSelected) place.select();
  else place.setSelectionRange(place.value.length, place.value.length);
}

// ---- on to another clip, in the same field -------------------------------------------------------

let ahead = ""; // what is typed while another clip is on its way: it is meant for that one
let going = 0;

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

function collect(event) {
  if (event.key.length > 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  ahead += event.key;
}
