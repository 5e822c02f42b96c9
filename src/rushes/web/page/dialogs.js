// What opens over the page: keys, long work, and forms that ask something.

import { me, post, remove } from "./api.js";
import { $, el, hours, toast } from "./dom.js";
import { state } from "./state.js";

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
  if (!dialog.open) dialog.showModal();
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
    dialog.showModal();
  });
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
}

// ---- long work ---------------------------------------------------------------------------------

const VERBS = {
  scan: "Scan", cut: "Cut", score: "Score", caption: "Caption", dedup: "Find duplicates", coverage: "Map coverage",
};

export function showWork(work) {
  const bar = $("progress");
  bar.hidden = !work.is_running;
  const share = work.total ? Math.min(1, work.done / work.total) : 0;
  bar.querySelector("div").style.width = `${100 * share}%`;
  const left = work.eta_s === null ? "" : `, ${hours(work.eta_s)} left`;
  bar.querySelector("span").textContent =
    `${work.label || work.verb}: ${Math.round(100 * share)} %${left}`;
  if (state.isWorking && !work.is_running && work.message) toast(work.message);
  state.isWorking = work.is_running;
}

export function setUpProgress() {
  $("progress").querySelector("button").onclick = () =>
    remove("/api/work").catch((error) => toast(error.message, true));
}

export async function startWork(verb) {
  try {
    showWork(await post("/api/work", { verb }));
    $("dialog").close();
  } catch (error) {
    toast(error.message, true);
  }
}

export function showWorkDialog() {
  const start = (verb) => el("button", { onclick: () => startWork(verb) }, VERBS[verb] || verb);
  showDialog(
    "Work",
    el("p", {}, "What is out of date is done; what is finished is kept if you stop it."),
    el("div", { class: "buttons" }, ...state.verbs.map(start)),
    ...state.notes.map((note) => el("p", { class: "hint" }, note)),
    el("label", {}, "Your name ", el("input", {
      value: me(),
      onchange: (event) => localStorage.setItem("who", event.target.value.trim() || "me"),
    })),
    el("p", { class: "hint" }, "Your name stands beside what you decide, and undo takes back only what is yours."),
  );
}
