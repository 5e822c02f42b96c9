// What is said of a clip: verdict, stars, reason, caption, tags; and what is known of it.

import { $, el } from "../app/dom.js";
import * as dropping from "./drop_reason.js";
import * as measured from "./score_bars.js";
import { state } from "../app/state.js";
import * as story from "./history.js";
import * as texts from "./caption_field.js";

let clip = null;
let handlers = {};

const verdicts = el("div", { class: "verdict", role: "group", "aria-label": "Verdict" });
const stars = el("div", { class: "stars", role: "group", "aria-label": "Stars" });
const variants = el("div", { class: "variants" });
const tags = el("ul", { class: "tags" });
const tag = el("input", {
  id: "tag",
  placeholder: "Add tags (t): sea, boat",
  "aria-label": "Add tags",
  autocomplete: "off",
  onkeydown: (event) => {
    if (event.key === "Enter" && !event.shiftKey) addTags();
  },
});
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
  el("h3", {}, "Measured"), measured.node,
  el("h3", {}, "Decided"), story.node,
);

export function setUp(given) {
  handlers = given;
  texts.setUp(given);
  dropping.setUp(given);
}

// ---- what is typed -----------------------------------------------------------------------------

export const flush = async () => clip && Promise.all([addTags(), texts.flush()]);

const tagDraft = (id) => `draft:${id}:tags`;

async function addTags() {
  const [id, typed] = [clip.clip, tag.value];
  const add = [...new Set(typed.split(",").map((word) => word.trim()).filter(Boolean))];
  tag.value = "";
  if (!add.length) return;
  localStorage.setItem(tagDraft(id), typed); // until the server has them
  if (await handlers.onText(id, { tags: { add } })) localStorage.removeItem(tagDraft(id));
  else if (clip?.clip === id && !tag.value) tag.value = typed;
}

export function focus(id) {
  texts.focus($(id), id === "reason");
}

export const reasonForDropping = dropping.begin;

// On to another clip with the focus in the same field.
export const carry = (field, move) => texts.carry(field, move);

// ---- what is shown -----------------------------------------------------------------------------

export function show(one) {
  dropping.leave();
  clip = one;
  tag.value = localStorage.getItem(tagDraft(one.clip)) || "";
  texts.show(one);
  node.scrollTop = 0;
  draw();
}

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
  measured.draw(clip);
  story.draw(clip);
  knownTags.replaceChildren(...state.tags.map((value) => el("option", { value })));
}

function again(parent, ...children) {
  // Puts new children in place; the one that had the focus has it again.
  const at = [...parent.querySelectorAll("button")].indexOf(document.activeElement);
  parent.replaceChildren(...children.filter(Boolean));
  if (at >= 0) parent.querySelectorAll("button")[at]?.focus();
}

function drawVerdicts() {
  const verdict = (value, word, title) =>
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
  const one = (count) => {
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
          title: "Say this",
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
  const chip = (word) =>
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
  const copies = clip.scores["dedup.group"];
  again(
    alike,
    el("button", { onclick: () => handlers.onLike(clip.clip), title: "More like this (w)" }, "More like this"),
    el("button", { onclick: () => handlers.onSource(clip), title: "Same source (v)" }, "Same source"),
    el("button", {
      onclick: () => handlers.onDuplicates(clip),
      title: copies ? "Duplicates (d)" : "No duplicates are known",
      disabled: !copies,
    }, "Duplicates"),
  );
}
