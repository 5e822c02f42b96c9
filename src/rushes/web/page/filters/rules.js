// Rules as recipes have them ("motion.speed 2..20"), and as filters that a hand changes.

/** @import { Filter } from "../app/types.js" */

const NUMBER = String.raw`-?[\d.]+(?:e[-+]?\d+)?`;
const RANGE = new RegExp(`^(${NUMBER})\\s*\\.\\.\\s*(${NUMBER})$`, "i");
const SIDE = new RegExp(`^(>=|<=|>|<)\\s*(${NUMBER})$`, "i");
const VALUE = /\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)")\s*(\||$)|([^|]*)(\||$)/gy;

/**
 * Return the column and the filter of a rule; null for a quota, which no filter can show. A filter
 * is {low, high, percent} with null where it is open, or {values, isNot}: the values that pass, or
 * those that do not. `exact` is the rule as it was written, until a hand changes the filter.
 * @param {string} text
 * @returns {[string, Filter] | null}
 */
export function readRule(text) {
  const at = text.indexOf(" ");
  const name = text.slice(0, at);
  const exact = text.slice(at + 1);
  if (/^at\s+most\s/.test(exact)) return null;
  const range = exact.match(RANGE);
  if (range) return [name, { low: +range[1], high: +range[2], exact }];
  const side = exact.match(SIDE);
  if (side) {
    const limit = +side[2];
    const isLow = side[1][0] === ">";
    return [name, { low: isLow ? limit : null, high: isLow ? null : limit, exact }];
  }
  if (/^(top|bottom)\s+[\d.]+\s*%$/.test(exact)) {
    return [name, { low: null, high: null, percent: exact, exact }];
  }
  const [, not, words] = exact.match(/^(!?)=?([^]*)$/);
  return [name, { values: readValues(words), isNot: not === "!", exact }];
}

/** @param {string} words */
function readValues(words) {
  const found = new Set();
  VALUE.lastIndex = 0;
  for (let bar = "|"; bar; ) {
    const [, single, double, quotedEnd, bare, bareEnd] = VALUE.exec(words.trim());
    if (single !== undefined) found.add(single.replaceAll("''", "'"));
    else if (double !== undefined) found.add(double.replaceAll('""', '"'));
    else found.add(bare.trim());
    bar = quotedEnd ?? bareEnd;
  }
  if (found.size === 1) found.delete(""); // how it is said that nothing passes
  return found;
}

/** @param {string} value */
export function written(value) {
  // Text in quotes wherever it would be read as something else.
  const isPlain =
    /\p{L}/u.test(value) &&
    !/^['"]|^\s|\s$|\||\sand\s/i.test(value) &&
    Number.isNaN(Number(value.replaceAll("_", "")));
  return isPlain ? value : `'${value.replaceAll("'", "''")}'`;
}

/**
 * Return the rule of a filter; null where everything passes.
 * @param {string} name
 * @param {Filter} filter
 */
export function ruleOf(name, filter, isNumber = true) {
  if (filter.exact) return `${name} ${filter.exact}`;
  if (filter.values) {
    if (filter.isNot && !filter.values.size) return null;
    const words = [...filter.values].map((value) => (isNumber ? value : written(value)));
    return `${name} ${filter.isNot ? "!=" : "="} ${words.join(" | ") || "''"}`;
  }
  if (filter.percent) return `${name} ${filter.percent}`;
  if (filter.low !== null && filter.high !== null) return `${name} ${filter.low}..${filter.high}`;
  if (filter.low !== null) return `${name} >= ${filter.low}`;
  if (filter.high !== null) return `${name} <= ${filter.high}`;
  return null;
}

/**
 * Whether two rules say the same, in any order of their values.
 * @param {string} one
 * @param {string} other
 */
export function isSame(one, other) {
  if (one === other) return true;
  const read = (/** @type {string} */ text) => /** @type {[string, Filter]} */ (readRule(text) || [text, {}]);
  const [[name, a], [also, b]] = [read(one), read(other)];
  return Boolean(
    name === also && a.values && b.values && a.isNot === b.isNot &&
      a.values.size === b.values.size && [...a.values].every((value) => b.values.has(value)),
  );
}
