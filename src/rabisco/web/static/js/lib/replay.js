// The first `count` points of a drawing, as strokes: what was there at that moment.

export const countPoints = (strokes) => strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);

export function upTo(strokes, count) {
  const shown = [];
  for (const stroke of strokes) {
    if (count <= 0) break;
    shown.push({ ...stroke, points: stroke.points.slice(0, count) });
    count -= stroke.points.length;
  }
  return shown;
}
