// What is known and said of a clip. Text that is typed here is kept until the server has it.

import { $, el, number, toast } from "./dom.js";
import { state } from "./state.js";

const REASONS = ["blurred", "shaky", "text", "watermark", "duplicate", "boring", "bad cut", "off topic"];

let clip = null;
let handlers = {};
const saved = { caption: "", reason: "" }; // what the server has
let dropsNext = false; // whether a reason that is being typed is one for dropping the clip

const verdicts = el("div", { class: "verdict", role: "group", "aria-label": "Verdict" });
const stars = el("div", { class: "stars", role: "group", "aria-label": "Stars" });
const reason = text("input", "reason", { placeholder: "Reason (r)", "aria-label": "Reason" });
const caption = text("textarea", "caption", { rows: 4, placeholder: "What is to be seen (c)", "aria-label": "Caption" });
const variants = el("div", { class: "variants" });
const tags = el("ul", { class: "tags" });
const tag = el("input", {
  id: "tag",
  placeholder: "Add a tag (t)",
  "aria-label": "Add a tag",
  autocomplete: "off",
  onkeydown: (event) => {
    if (event.key === "Enter") addTag();
  },
});
const alike = el("div", { class: "alike" });
const measured = el("dl");
const story = el("div");
const lists = { reasons: el("datalist", { id: "reasons" }), tags: el("datalist", { id: "tags" }) };
reason.setAttribute("list", "reasons");
tag.setAttribute("list", "tags");

export const node = el(
  "aside",
  { class: "side", "aria-label": "About this clip" },
  verdicts, stars, reason, lists.reasons,
  el("h3", {}, "Caption"), caption, variants,
  el("h3", {}, "Tags"), tags, tag, lists.tags,
  alike,
  el("h3", {}, "Measured"), measured,
  el("h3", {}, "Decided"), story,
);

export function setUp(given) {
  handlers = given;
}

// ---- text that is not lost ---------------------------------------------------------------------

const fields = () => ({ caption, reason });
const draftKey = (id, kind) => `draft:${id}:${kind}`;

function text(kind, id, more) {
  return el(kind, {
    id,
    autocomplete: "off",
    ...more,
    oninput: (event) => localStorage.setItem(draftKey(clip.clip, id), event.target.value),
    onchange: () => !dropsNext && save(id),
    onblur: () => (dropsNext = false),
    onkeydown: (event) => {
      if (event.key === "Escape") dropsNext = false;
      if (event.key !== "Enter" || (kind === "textarea" && !event.ctrlKey && !event.metaKey)) return;
      event.preventDefault();
      if (dropsNext) dropWithReason();
      else event.target.blur();
    },
  });
}

async function save(kind) {
  const value = fields()[kind].value.trim();
  const id = clip.clip;
  if (value === saved[kind]) {
    localStorage.removeItem(draftKey(id, kind));
    return;
  }
  const before = saved[kind];
  saved[kind] = value;
  if (await handlers.onText(id, { [kind]: value || null })) localStorage.removeItem(draftKey(id, kind));
  else if (clip?.clip === id) saved[kind] = before; // it stands in the field, and in the draft
}

export async function flush() {
  if (!clip) return;
  await Promise.all([addTag(), ...Object.keys(saved).map(save)]);
}

export function reasonForDropping() {
  dropsNext = true;
  reason.focus();
  reason.select();
}

function dropWithReason() {
  dropsNext = false;
  const value = reason.value.trim();
  saved.reason = value;
  localStorage.removeItem(draftKey(clip.clip, "reason"));
  reason.blur();
  handlers.onDecide({ verdict: "drop", reason: value || null });
}

function addTag() {
  const added = tag.value.trim();
  if (!added) return;
  tag.value = "";
  return handlers.onText(clip.clip, { tags: { add: [added] } });
}

// ---- what is shown -----------------------------------------------------------------------------

const captionNow = (one) => one.caption ?? one.captions[0]?.text ?? "";

export function show(one) {
  clip = one;
  saved.caption = captionNow(one);
  saved.reason = one.reason || "";
  tag.value = "";
  let restored = false;
  for (const [kind, field] of Object.entries(fields())) {
    const draft = localStorage.getItem(draftKey(one.clip, kind));
    field.value = draft ?? saved[kind];
    restored ||= draft !== null && draft.trim() !== saved[kind];
  }
  if (restored) toast("what you typed last time was not stored yet; it is here again");
  node.scrollTop = 0;
  draw();
}

export function update(one) {
  // The same clip after a change: a field that somebody is typing into keeps what is typed.
  clip = one;
  const now = { caption: captionNow(one), reason: one.reason || "" };
  for (const [kind, field] of Object.entries(fields())) {
    if (field.value.trim() === saved[kind]) field.value = now[kind];
    saved[kind] = now[kind];
  }
  draw();
}

function draw() {
  drawVerdicts();
  drawStars();
  drawVariants();
  drawTags();
  drawAlike();
  drawMeasured();
  drawStory();
  const known = [...new Set([...REASONS, ...state.reasons])];
  lists.reasons.replaceChildren(...known.map((value) => el("option", { value })));
  lists.tags.replaceChildren(...state.tags.map((value) => el("option", { value })));
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
  const others = clip.captions.filter((one) => one.text !== caption.value);
  again(
    variants,
    ...others.map((one) =>
      el(
        "button",
        {
          class: "variant",
          title: "Say this",
          onclick: () => {
            caption.value = one.text;
            save("caption");
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
    copies ? el("button", { onclick: () => handlers.onDuplicates(clip), title: "Duplicates (d)" }, "Duplicates") : null,
  );
}

function drawMeasured() {
  const rows = [
    ["length", `${clip.duration_s.toFixed(3)} s, ${clip.frames} frames`],
    ["picture", `${clip.width_px} × ${clip.height_px}`],
    ...(clip.frames_damaged ? [["damaged", `${clip.frames_damaged} frames`]] : []),
    ...Object.entries(clip.scores)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => {
        const meta = state.columns.find((one) => one.name === key);
        return [key, `${number(value)} ${meta?.unit || ""}`, meta?.about];
      }),
  ];
  measured.replaceChildren(
    ...rows.flatMap(([key, value, about]) => [el("dt", { title: about }, key), el("dd", {}, value)]),
  );
}

function drawStory() {
  if (!clip.history.length) {
    story.replaceChildren(el("p", { class: "quiet" }, "Nobody has decided yet."));
    return;
  }
  const said = ({ kind, value }) => {
    if (kind === "verdict") return value || "undecided";
    if (kind === "tags") {
      return [...(value.add || []).map((t) => `+${t}`), ...(value.remove || []).map((t) => `−${t}`)].join(" ");
    }
    return kind === "span" ? "trimmed or divided" : `${kind}: ${value ?? "none"}`;
  };
  story.replaceChildren(
    el(
      "ol",
      { class: "story" },
      ...clip.history
        .slice(-12)
        .reverse()
        .map((one) =>
          el(
            "li",
            { class: one.is_undone ? "undone" : "" },
            el("b", {}, said(one)),
            ` ${one.who}, ${new Date(one.at).toLocaleString()}${one.source === "page" ? "" : ` (${one.source})`}`,
            one.is_undone ? " – taken back" : "",
          ),
        ),
    ),
  );
}

export const focus = (id) => {
  $(id).focus();
  $(id).select?.();
};
