// News: the revision of the project that the page knows, and the state that it read with it.

import { get } from "./api.js";
import { state } from "./state.js";

let revision = 0; // the page has followed up to this one
let clipsRevision = 0; // counts changes of the set of clips, and not of decisions on them
let verdictNo = 0; // of the last verdict that the page knows of
/** @type {(() => any)[]} */
const readers = [];

export const known = () => ({ revision, clipsRevision, verdictNo });

/** @param {() => any} draw called each time the state was read */
export const onState = (draw) => readers.push(draw);

export async function readState() {
  const found = await get("/api/state");
  const { project, columns, tags, reasons, selections, notes, verbs, verdicts } = found;
  Object.assign(state, { project, columns, tags, reasons, selections, notes, verbs, verdicts, total: found.clips });
  clipsRevision = found.clips_revision;
  verdictNo = found.verdict_no;
  readers.forEach((draw) => draw());
  return found;
}

/** @param {{since?: number, revision?: number}} done the answer to a change of our own */
export function followed(done) {
  // It needs no news; where others' changes are among it, the news is still to come.
  if (done.since === revision) revision = done.revision;
}

/** @param {number} to */
export function follow(to) {
  revision = to;
}

export function forget() {
  // A server that was restarted counts from the beginning.
  revision = clipsRevision = 0;
}
