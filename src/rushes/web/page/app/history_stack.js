// The browser's history: an entry for each view that was gone to, and for each layer over it (a side
// view, a clip, a dialog). Back closes the upper layer, or goes to the view before; entries of layers
// that were closed otherwise are passed over.

let depth = 0; // of the entry that the browser stands on: so many layers lay over one another there

let handlers = {
  view: () => "", // the view in sight
  layers: () => 0, // how many layers lie over one another in it
  closeTop: async () => {},
  onView: async (/** @type {string} */ _name) => {},
};

/** @param {typeof handlers} given */
export function setUp(given) {
  handlers = given;
  history.replaceState({ view: handlers.view(), depth: 0 }, "", location.search || "/");
  addEventListener("popstate", async ({ state: entry }) => {
    const view = handlers.view();
    if (!entry) return history.replaceState({ view, depth }, ""); // an address that was typed
    if (entry.view !== view) {
      depth = entry.depth;
      return handlers.onView(entry.view);
    }
    const isBack = entry.depth < depth;
    depth = entry.depth;
    if (!isBack) return;
    if (handlers.layers() <= depth) return history.back();
    while (handlers.layers() > depth) await handlers.closeTop();
  });
}

export function enter() {
  // Before a layer opens.
  if (handlers.layers() < depth) return;
  history.pushState({ view: handlers.view(), depth: ++depth }, "", location.href);
}

/**
 * Before another view is shown; `layers`: how many lie over one another in it already.
 * @param {string} view
 * @param {string} address
 */
export function enterView(view, address, layers = 0) {
  depth = layers;
  history.pushState({ view, depth }, "", address);
}
