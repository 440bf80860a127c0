import assert from "node:assert/strict";
import { test } from "node:test";
import { greatest, placeIn } from "../../src/rabisco/web/static/js/lib/sheets.js";

test("pictures of a sheet are a pixel apart, row by row", () => {
  const sheet = { columns: 8, height: 14, width: 14 };
  assert.deepEqual(placeIn(sheet, 0), { left: 0, top: 0, height: 14, width: 14 });
  assert.deepEqual(placeIn(sheet, 9), { left: 15, top: 15, height: 14, width: 14 });
});

test("the greatest come first, at most so many", () => {
  assert.deepEqual(greatest([3, -1, 8, 5], 3), [2, 3, 0]);
  assert.deepEqual(greatest([], 3), []);
});
