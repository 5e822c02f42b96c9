// A look aside, at one source's clips or at copies of one, and back to what was looked at before.

import { toast } from "./dom.js";
import { state } from "./state.js";

let before = null;
let onGo = () => {};

export function setUp(handlers) {
  ({ onGo } = handlers);
}

function look(only, clip) {
  const { verdict, sort, group, text, like } = state;
  before ??= { verdict, sort, group, text, like, clip };
  Object.assign(state, { only, verdict: "", sort: "", group: "", text: "", like: "" });
  return onGo(clip);
}

export function leave() {
  const { clip = null, ...shown } = before || {};
  Object.assign(state, { only: null }, shown);
  before = null;
  return onGo(clip);
}

export function sameSource(clip) {
  return look({ rule: `video = ${clip.video}`, label: `source: ${clip.video}` }, clip.clip);
}

export function duplicates(clip) {
  const group = clip.scores["dedup.group"];
  if (!group) return toast("no duplicates of this clip are known; Work can look for them");
  return look({ rule: `dedup.group = ${group}`, label: `duplicates, group ${group}` }, clip.clip);
}
