// Strokes out of an SVG path of M and L: "M10 20L30 40M…". No DOM.

const WIDTH = 19;

export function strokesOf(path) {
  return path
    .split("M")
    .slice(1)
    .map((line) => ({ width: WIDTH, erases: false, points: line.split("L").map(point) }));
}

function point(text) {
  const [x, y] = text.trim().split(" ").map(Number);
  return { x, y, pressure: 0.5 };
}
