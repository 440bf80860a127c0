import assert from "node:assert/strict";
import { test } from "node:test";
import { moved } from "../../src/rabisco/web/static/js/lib/cursor.js";
import { curve, widthAt } from "../../src/rabisco/web/static/js/lib/curve.js";
import { EXAMPLES } from "../../src/rabisco/web/static/js/lib/examples.js";
import { paint } from "../../src/rabisco/web/static/js/lib/paint.js";
import { countPoints, upTo } from "../../src/rabisco/web/static/js/lib/replay.js";

const points = [0, 10, 30].map((x) => ({ x, y: 0, pressure: 0.5 }));

test("a curve starts and ends where the pen did and has no gaps", () => {
  const segments = curve({ points, width: 10 });
  assert.equal(segments[0].from.x, 0);
  assert.equal(segments.at(-1).to.x, 30);
  for (let i = 1; i < segments.length; i++) assert.deepEqual(segments[i].from, segments[i - 1].to);
});

test("a single point is a dot", () => {
  const [dot] = curve({ points: points.slice(0, 1), width: 10 });
  assert.deepEqual([dot.from, dot.to], [points[0], points[0]]);
});

test("a mouse draws at full width, a pen by its pressure, and nothing beyond its range", () => {
  assert.equal(widthAt(20), 20);
  assert.equal(widthAt(20, 0), 10);
  assert.equal(widthAt(20, 1), 30);
  assert.equal(widthAt(20, 7), 30);
});

test("the keyboard's pen moves by one square, with shift by three, and stays on the paper", () => {
  assert.deepEqual(moved({ x: 140, y: 140 }, "ArrowLeft", false), { x: 130, y: 140 });
  assert.deepEqual(moved({ x: 140, y: 140 }, "ArrowDown", true), { x: 140, y: 170 });
  assert.deepEqual(moved({ x: 275, y: 0 }, "ArrowRight", false), { x: 280, y: 0 });
  assert.equal(moved({ x: 0, y: 0 }, "a", false), null);
});

test("a replay shows the first points, stroke by stroke", () => {
  const strokes = [{ points: [1, 2, 3] }, { points: [4, 5] }];
  assert.equal(countPoints(strokes), 5);
  assert.deepEqual(upTo(strokes, 0), []);
  assert.deepEqual(upTo(strokes, 4), [{ points: [1, 2, 3] }, { points: [4] }]);
  assert.deepEqual(upTo(strokes, 5), strokes);
});

test("an eraser removes what is under it instead of painting", () => {
  const operations = [];
  const context = new Proxy(
    {},
    {
      get: () => () => {},
      set: (_, name, value) => (name === "globalCompositeOperation" && operations.push(value), true),
    },
  );
  paint(context, [{ points, width: 9 }, { points, width: 9, erases: true }], { size: 280, ink: "black" });
  assert.deepEqual(operations, ["source-over", "destination-out"]);
});

test("the examples lie on the paper", () => {
  const all = EXAMPLES.flat().flatMap((stroke) => stroke.points);
  assert.ok(all.every(({ x, y }) => x > 0 && x < 280 && y > 0 && y < 280));
});
