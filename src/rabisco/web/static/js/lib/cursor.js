// The keyboard's pen: arrows move it by one square of the paper, with Shift by three. No DOM.

import { SIDE } from "./drawing.js";

const SQUARE = SIDE / 28;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const START = { x: SIDE / 2, y: SIDE / 2 };

export function moved(position, key, far, width = SIDE) {
  const arrow = ARROWS[key];
  if (!arrow) return null;
  const step = far ? 3 * SQUARE : SQUARE;
  const inside = (value, most) => Math.min(most, Math.max(0, value));
  return { x: inside(position.x + arrow[0] * step, width), y: inside(position.y + arrow[1] * step, SIDE) };
}
