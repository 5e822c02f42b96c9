// A look aside, such as at one source's clips or at a cluster, and back to what was looked at before.

import { toast } from "./dom.js";
import { state } from "./state.js";

let before = null;
let onGo = () => {};

export function setUp(handlers) {
  ({ onGo } = handlers);
}

export function look(rules, label, clip = null) {
  const { verdict, sort, group, text, like } = state;
  before ??= { verdict, sort, group, text, like, clip };
  Object.assign(state, { only: { rules, label }, cursor: 0, verdict: "", sort: "", group: "", text: "", like: "" });
  return onGo(clip);
}

export function leave() {
  const { clip = null, ...shown } = before || {};
  Object.assign(state, { only: null }, shown);
  before = null;
  return onGo(clip);
}

export function sameSource(clip) {
  return look([`video = ${clip.video}`], `source: ${clip.video}`, clip.clip);
}

export function duplicates(clip) {
  const group = clip.scores["dedup.group"];
  if (!group) return toast("no duplicates of this clip are known; Work can look for them");
  return look([`dedup.group = ${group}`], `duplicates, group ${group}`, clip.clip);
}
