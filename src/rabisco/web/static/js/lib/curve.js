// Points of a pen become a smooth line: quadratic curves through the midpoints. No DOM.

const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

// A mouse reports pressure 0.5 and must draw at full width; a pen draws from half to one and a half of it.
export const widthAt = (width, pressure = 0.5) => width * (0.5 + Math.min(1, Math.max(0, pressure)));

export function curve({ points, width }) {
  const last = points.length - 1;
  return points.map((point, index) => ({
    from: index === 0 ? point : middle(points[index - 1], point),
    control: point,
    to: index === last ? point : middle(point, points[index + 1]),
    width: widthAt(width, point.pressure),
  }));
}
