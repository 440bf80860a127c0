import assert from "node:assert/strict";
import { test } from "node:test";
import { Drawing } from "../../src/rabisco/web/static/js/lib/drawing.js";

const pen = { width: 19 };

function drawingOf(...strokes) {
  const drawing = new Drawing();
  for (const [first, ...rest] of strokes) {
    drawing.begin(first, pen);
    rest.forEach((point) => drawing.extend(point));
    drawing.end();
  }
  return drawing;
}

const a = { x: 1, y: 1 };
const b = { x: 2, y: 2 };

test("a stroke keeps its points in order", () => {
  assert.deepEqual(drawingOf([a, b]).strokes, [{ width: 19, erases: false, points: [a, b] }]);
});

test("undo takes back the last stroke and redo brings it again", () => {
  const drawing = drawingOf([a], [b]);
  drawing.undo();
  assert.equal(drawing.strokes.length, 1);
  drawing.redo();
  assert.deepEqual(drawing.strokes.at(-1).points, [b]);
  assert.equal(drawing.canRedo, false);
});

test("clearing can be undone", () => {
  const drawing = drawingOf([a], [b]);
  drawing.clear();
  assert.equal(drawing.isEmpty, true);
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
});

test("clearing an empty drawing leaves nothing to undo", () => {
  const drawing = new Drawing();
  drawing.clear();
  assert.equal(drawing.canUndo, false);
});

test("a new stroke forgets what was undone", () => {
  const drawing = drawingOf([a]);
  drawing.undo();
  drawing.begin(b, pen);
  assert.equal(drawing.canRedo, false);
});

test("a drawing of eraser strokes alone is empty", () => {
  const drawing = new Drawing();
  drawing.begin(a, { width: 19, erases: true });
  assert.equal(drawing.isEmpty, true);
});

test("points after the end of a stroke are ignored", () => {
  const drawing = drawingOf([a]);
  drawing.extend(b);
  assert.deepEqual(drawing.strokes[0].points, [a]);
});

test("undo and redo of nothing do nothing", () => {
  const drawing = new Drawing();
  drawing.undo();
  drawing.redo();
  assert.deepEqual(drawing.strokes, []);
});
