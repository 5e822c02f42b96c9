// The pointer over a card leafs through the clip's stills.

import { stillUrl } from "../app/api.js";
import { targetOf } from "../app/dom.js";

/** @param {HTMLElement} grid */
export function setUpScrub(grid) {
  grid.addEventListener("pointermove", scrub);
  grid.addEventListener("pointerleave", () => unscrub(null));
}

/** @param {HTMLElement | null} but */
function unscrub(but) {
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".card.scrubbed"))) {
    if (one === but) continue;
    one.classList.remove("scrubbed");
    const picture = one.querySelector("img");
    if (picture) picture.src = stillUrl(one.dataset.clip, Math.floor(+one.dataset.stills / 2), 180);
  }
}

/** @param {PointerEvent} event */
function scrub(event) {
  if (event.pointerType === "touch") return;
  const card = targetOf(event).closest(".card");
  const count = card ? +card.dataset.stills : 0;
  unscrub(card);
  if (!card || count < 2 || event.buttons) return;
  const box = card.getBoundingClientRect();
  const share = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
  const url = stillUrl(card.dataset.clip, Math.floor(share * count), 180);
  const picture = card.querySelector("img");
  if (!picture.src.endsWith(url)) picture.src = url;
  card.classList.add("scrubbed");
  card.querySelector(".needle").style.left = `${share * 100}%`;
}
