import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, stepped } from "../../src/rabisco/web/static/js/lib/learning.js";

test("the value at an epoch is that of the nearest point, if one is near", () => {
  const points = [{ x: 0.5 }, { x: 1 }, { x: 2 }];
  assert.equal(nearest(points, 1), points[1]);
  assert.equal(nearest(points, 0), points[0]);
  assert.equal(nearest(points, 9), undefined);
  assert.equal(nearest([], 1), undefined);
});

test("keys step through the epochs and stay among them", () => {
  assert.equal(stepped("ArrowRight", 3, 1, 12), 4);
  assert.equal(stepped("ArrowLeft", 1, 1, 12), 1);
  assert.equal(stepped("PageUp", 5, 1, 12), 12);
  assert.equal(stepped("Home", 5, 1, 12), 1);
  assert.equal(stepped("End", 5, 1, 12), 12);
  assert.equal(stepped("a", 5, 1, 12), null);
});
