// A finger that is drawn across the picture goes to the next clip, or to the one before.

const LEAST_PX = 50;

/**
 * @param {HTMLElement} area
 * @param {(by: number) => any} onStep
 */
export function setUpSwipe(area, onStep) {
  /** @type {{x: number, y: number} | null} */
  let start = null;
  area.addEventListener("touchstart", ({ touches }) => {
    start = touches.length === 1 ? { x: touches[0].clientX, y: touches[0].clientY } : null;
  }, { passive: true });
  area.addEventListener("touchend", ({ changedTouches: [touch] }) => {
    if (!start) return;
    const [x, y] = [touch.clientX - start.x, touch.clientY - start.y];
    start = null;
    if (Math.abs(x) > LEAST_PX && Math.abs(x) > 2 * Math.abs(y)) onStep(x < 0 ? 1 : -1);
  }, { passive: true });
}
