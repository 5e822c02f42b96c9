// Who decided what about a clip, and when.

import { el } from "../app/dom.js";

const SHOWN = 12;

export const node = el("div");

const list = (words, sign) => (words || []).map((word) => `${sign}${word}`);

function said({ kind, value }) {
  if (kind === "verdict") return value || "undecided";
  if (kind === "tags") return [...list(value.add, "+"), ...list(value.remove, "−")].join(" ");
  return kind === "span" ? "trimmed or divided" : `${kind}: ${value ?? "none"}`;
}

export function draw(clip) {
  if (!clip.history.length) {
    node.replaceChildren(el("p", { class: "quiet" }, "Nobody has decided yet."));
    return;
  }
  const rows = clip.history.slice(-SHOWN).reverse().map((one) =>
    el(
      "li",
      { class: one.is_undone ? "undone" : "" },
      el("b", {}, said(one)),
      ` ${one.who}, ${new Date(one.at).toLocaleString()}${one.source === "page" ? "" : ` (${one.source})`}`,
      one.is_undone ? " – taken back" : "",
    ),
  );
  node.replaceChildren(el("ol", { class: "story" }, ...rows));
}
