// Places along an axis of numbers, from 0 to 1: by difference, or by ratio where numbers are skewed.

/** @param {{low: number, high: number, is_log: boolean}} axis */
export function scale({ low, high, is_log: isLog }) {
  const [from, to] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
  const span = to - from || 1;
  return {
    isLog,
    place: (/** @type {number} */ value) => {
      const at = isLog ? (value > 0 ? Math.log(value) : -Infinity) : value;
      return Math.min(1, Math.max(0, (at - from) / span));
    },
    value: (/** @type {number} */ place) => (isLog ? Math.exp(from + place * span) : from + place * span),
  };
}
