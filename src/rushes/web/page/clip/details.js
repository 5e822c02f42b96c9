// Beside the clip: verdict, stars, reason, caption, tags; its measurements and its history.

/** @import { Clip } from "../app/types.js" */

import { $, el } from "../app/dom.js";
import * as dropping from "./drop_reason.js";
import { scoreBars } from "./score_bars.js";
import { state } from "../app/state.js";
import { historyOf } from "./history.js";
import * as texts from "./caption_field.js";

/** @type {Clip | null} */
let clip = null;
let handlers = {
  onDecide: (/** @type {object} */ _values, _isFinal = true) => {},
  onText: async (/** @type {string} */ _clip, /** @type {object} */ _values) => false,
  onUndo: () => {},
  onLike: () => {},
  onSource: (/** @type {Clip} */ _clip) => {},
  onDuplicates: (/** @type {Clip} */ _clip) => {},
};

const verdicts = el("div", { class: "verdict", role: "group", "aria-label": "Verdict" });
const stars = el("div", { class: "stars", role: "group", "aria-label": "Stars" });
const variants = el("div", { class: "variants" });
const tags = el("ul", { class: "tags" });
const tag = el("input", {
  id: "tag",
  placeholder: "Add tags (t): sea, boat",
  "aria-label": "Add tags",
  autocomplete: "off",
  onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.shiftKey) addTags();
  },
});
const measured = el("div");
const history = el("div");
const alike = el("div", { class: "alike" });
const knownTags = el("datalist", { id: "tags" });
tag.setAttribute("list", "tags");

export const node = el(
  "aside",
  { class: "side", "aria-label": "About this clip" },
  verdicts, stars, dropping.node,
  el("h3", {}, "Caption"), texts.caption, variants,
  el("h3", {}, "Tags"), tags, tag, knownTags,
  alike,
  el("h3", {}, "Measured"), measured,
  el("h3", {}, "Decisions"), history,
);

/** @param {typeof handlers} given */
export function setUp(given) {
  handlers = given;
  texts.setUp(given);
  dropping.setUp(given);
}

// ---- typing --------------------------------------------------------------------------------------

export const flush = () => clip && Promise.all([addTags(), texts.flush()]);

const tagDraft = (/** @type {string} */ id) => `draft:${id}:tags`;

async function addTags() {
  const [id, typed] = [clip.clip, tag.value];
  const add = [...new Set(typed.split(",").map((word) => word.trim()).filter(Boolean))];
  tag.value = "";
  if (!add.length) return;
  localStorage.setItem(tagDraft(id), typed); // until the server has them
  if (await handlers.onText(id, { tags: { add } })) localStorage.removeItem(tagDraft(id));
  else if (clip?.clip === id && !tag.value) tag.value = typed;
}

/** @param {"caption" | "reason" | "tag"} id */
export function focus(id) {
  texts.focus($(id), id === "reason");
}

export const reasonForDropping = dropping.begin;

// On to another clip with the focus in the same field.
export const carry = (/** @type {any} */ field, /** @type {() => any} */ move) => texts.carry(field, move);

// ---- drawing -------------------------------------------------------------------------------------

/** @param {Clip} one */
export function show(one) {
  dropping.leave();
  clip = one;
  tag.value = localStorage.getItem(tagDraft(one.clip)) || "";
  texts.show(one);
  node.scrollTop = 0;
  draw();
}

/** @param {Clip} one */
export function update(one) {
  clip = one;
  texts.update(one);
  draw();
}

function draw() {
  drawVerdicts();
  drawStars();
  drawVariants();
  drawTags();
  drawAlike();
  dropping.draw();
  measured.replaceChildren(scoreBars(clip));
  history.replaceChildren(historyOf(clip));
  knownTags.replaceChildren(...state.tags.map((value) => el("option", { value })));
}

/**
 * @param {HTMLElement} parent
 * @param {...HTMLElement} children
 */
function again(parent, ...children) {
  // Puts new children in place; the one that had the focus has it again.
  const at = [...parent.querySelectorAll("button")].findIndex((one) => one === document.activeElement);
  parent.replaceChildren(...children.filter(Boolean));
  if (at >= 0) parent.querySelectorAll("button")[at]?.focus();
}

function drawVerdicts() {
  const verdict = (/** @type {string | null} */ value, /** @type {string} */ word, /** @type {string} */ title) =>
    el(
      "button",
      {
        class: value || "undecided",
        title,
        "aria-pressed": clip.verdict === value,
        onclick: () => handlers.onDecide({ verdict: value }),
      },
      word,
    );
  again(
    verdicts,
    verdict("keep", "Keep", "Keep (y)"),
    verdict("drop", "Drop", "Drop (n); with a reason (Shift+N)"),
    verdict(null, "Undecided", "Undecided (u)"),
    // For those who have no key for it.
    el("button", { class: "undo quiet", title: "Undo (z)", onclick: handlers.onUndo }, "Undo"),
  );
}

function drawStars() {
  const one = (/** @type {number} */ count) => {
    const isLit = (clip.stars || 0) >= count;
    return el(
      "button",
      {
        class: "quiet",
        title: `${count} of 5 (${count})`,
        "aria-label": `${count} of 5 stars`,
        "aria-pressed": isLit,
        onclick: () => handlers.onDecide({ stars: clip.stars === count ? null : count }, false),
      },
      isLit ? "★" : "☆",
    );
  };
  again(stars, ...[1, 2, 3, 4, 5].map(one));
}

function drawVariants() {
  const others = clip.captions.filter((one) => one.text !== texts.caption.value);
  again(
    variants,
    ...others.map((one) =>
      el(
        "button",
        {
          class: "variant",
          title: "Use this caption",
          onclick: () => {
            texts.caption.value = one.text;
            texts.save("caption");
          },
        },
        el("small", {}, one.source),
        el("span", {}, one.text),
      ),
    ),
  );
}

function drawTags() {
  const chip = (/** @type {string} */ word) =>
    el(
      "li",
      {},
      word,
      el(
        "button",
        {
          class: "quiet",
          "aria-label": `Remove ${word}`,
          onclick: () => handlers.onText(clip.clip, { tags: { remove: [word] } }),
        },
        "×",
      ),
    );
  again(tags, ...clip.tags.map(chip));
}

function drawAlike() {
  const hasDuplicates = clip.scores["dedup.group"];
  again(
    alike,
    el("button", { onclick: () => handlers.onLike(), title: "More like this (w)" }, "More like this"),
    el("button", { onclick: () => handlers.onSource(clip), title: "Same source (v)" }, "Same source"),
    el("button", {
      onclick: () => handlers.onDuplicates(clip),
      title: hasDuplicates ? "Duplicates (d)" : "No duplicates are known",
      disabled: !hasDuplicates,
    }, "Duplicates"),
  );
}
