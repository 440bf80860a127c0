// Strokes onto a 2D context; `size` is its height in pixels.

import { SIDE } from "./drawing.js";
import { curve } from "./curve.js";

export function paint(context, strokes, { size, ink }) {
  context.save();
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.scale(size / SIDE, size / SIDE);
  Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: ink });
  for (const stroke of strokes) {
    context.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
    for (const segment of curve(stroke)) line(context, segment);
  }
  context.restore();
}

function line(context, { from, control, to, width }) {
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.quadraticCurveTo(control.x, control.y, to.x, to.y);
  context.stroke();
}
