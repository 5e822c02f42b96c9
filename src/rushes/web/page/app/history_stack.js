// The browser's Back closes what lies on top: a dialog, a clip, a look aside. For each of them there
// is an entry in the browser's history; entries of what was closed otherwise are passed over.

let depth = 0; // of the entry that the browser stands on
let layers = () => 0; // how many lie upon one another
let closeTop = async () => {};

export function setUp(handlers) {
  ({ layers, closeTop } = handlers);
  history.replaceState({ depth: 0 }, "", location.search || "/");
  addEventListener("popstate", async ({ state: entry }) => {
    if (!entry) return history.replaceState({ depth }, ""); // an address that was typed
    const isBack = entry.depth < depth;
    depth = entry.depth;
    if (!isBack) return;
    if (layers() <= depth) return history.back();
    while (layers() > depth) await closeTop();
  });
}

export function enter() {
  // Before something opens.
  if (layers() >= depth) history.pushState({ depth: ++depth }, "", location.href);
}
