import assert from "node:assert/strict";
import { test } from "node:test";
import { boxOf, colors, placed } from "../../src/rabisco/web/static/js/lib/overlay.js";

const isInk = (value) => value > 0;

test("the box around ink reaches from its first pixel to one after its last", () => {
  assert.deepEqual(boxOf([0, 0, 0, 0, 9, 9, 0, 9, 0], 3, isInk), { left: 1, top: 1, right: 3, bottom: 3 });
  assert.equal(boxOf([0, 0, 0, 0], 2, isInk), null);
});

test("an image is laid so that its ink covers the ink of the drawing", () => {
  const from = { left: 4, top: 4, right: 24, bottom: 24 };
  const { left, top, side } = placed(from, { left: 100, top: 50, right: 200, bottom: 150 }, 28);
  assert.deepEqual([left, top, side], [80, 30, 140]); // five times as large
});

test("what is thin is laid by its longer side", () => {
  const { left, top, side } = placed({ left: 13, top: 4, right: 15, bottom: 24 }, { left: 10, top: 0, right: 12, bottom: 20 }, 28);
  assert.deepEqual([left, top, side], [-3, -4, 28]);
});

test("what speaks for the answer is orange, what speaks against it blue, and what does not matter clear", () => {
  const found = [...colors([[0.5, -0.25], [0, 0]])];
  const [red, , blue, most] = found;
  assert.ok(red > blue && most > 150);
  assert.ok(found[6] > found[4] && found[7] < most);
  assert.equal(found[11], 0);
});
