// What mattered, laid over a drawing: where the model's image lies on it, and its colors. No DOM.

const FOR = [255, 150, 0];
const AGAINST = [70, 100, 255];
const STRENGTH = 190; // opacity, of 255, where it matters most

// The box around what is drawn in `values`, `width` a row, from their first index to one after the last; null without ink.
export function boxOf(values, width, isInk) {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  values.forEach((value, index) => {
    if (!isInk(value)) return;
    const [x, y] = [index % width, Math.floor(index / width)];
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  });
  return right < 0 ? null : { left, top, right: right + 1, bottom: bottom + 1 };
}

// Where an image `side` long must lie so that box `from` in it covers box `to`; in the units of `to`.
export function placed(from, to, side) {
  const longest = ({ left, top, right, bottom }) => Math.max(right - left, bottom - top);
  const scale = longest(to) / longest(from);
  const middle = (low, high) => (low + high) / 2;
  return {
    left: middle(to.left, to.right) - scale * middle(from.left, from.right),
    top: middle(to.top, to.bottom) - scale * middle(from.top, from.bottom),
    side: scale * side,
  };
}

// RGBA of each pixel, of rows of numbers: orange where it speaks for the answer, blue against it, the stronger the more.
export function colors(importance) {
  const values = importance.flat();
  const most = Math.max(1e-6, ...values.map(Math.abs));
  return Uint8ClampedArray.from(
    values.flatMap((value) => [...(value > 0 ? FOR : AGAINST), (STRENGTH * Math.abs(value)) / most]),
  );
}
