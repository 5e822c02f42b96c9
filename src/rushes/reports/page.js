
"use strict";
{
  const tools = document.getElementById("tools");
  const flat = document.getElementById("flat");
  const cards = [...document.querySelectorAll(".cut")];
  const homes = new Map(cards.map((card) => [card, card.parentElement]));
  const sureness = (card) => Number(card.dataset.confidence);

  // By time, cards lie under their videos; by sureness, all lie in one row.
  function arrange() {
    const bySureness = tools.elements.order.value === "sure";
    const inOrder = bySureness ? [...cards].sort((a, b) => sureness(a) - sureness(b)) : cards;
    for (const card of inOrder) (bySureness ? flat : homes.get(card)).append(card);
    flat.hidden = !bySureness;
    document.body.classList.toggle("flat", bySureness);
  }

  function filter() {
    const boxes = [...tools.querySelectorAll("[name=kind]")];
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    for (const card of cards) card.hidden = !kinds.has(card.dataset.kind);
    const count = cards.filter((card) => !card.hidden).length;
    tools.querySelector("output").textContent = `${count} of ${cards.length} cuts`;
  }

  function step(by) {
    const visible = [...document.querySelectorAll(".cut:not([hidden])")];
    const at = visible.indexOf(document.activeElement?.closest(".cut"));
    const next = visible[at < 0 ? 0 : at + by];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  if (tools) {
    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    tools.addEventListener("change", () => { arrange(); filter(); });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.target.closest?.("select")) return;
      if (event.key === "j") step(1);
      if (event.key === "k") step(-1);
    });
    arrange();
    filter();
  }
}
