import assert from "node:assert/strict";
import { test } from "node:test";
import { nextBox } from "../../src/rabisco/web/static/js/lib/boxes.js";
import { EXAMPLES, inRow } from "../../src/rabisco/web/static/js/lib/examples.js";
import { oneLine } from "../../src/rabisco/web/static/js/lib/text.js";

test("arrows step through the boxes and go round at the ends", () => {
  assert.equal(nextBox("ArrowRight", 0, 3), 1);
  assert.equal(nextBox("ArrowDown", 2, 3), 0);
  assert.equal(nextBox("ArrowLeft", 0, 3), 2);
  assert.equal(nextBox("End", 0, 3), 2);
  assert.equal(nextBox("Home", 2, 3), 0);
  assert.equal(nextBox("a", 1, 3), null);
});

test("drawings in a row lie side by side on a pad twice as wide as high", () => {
  const row = inRow(EXAMPLES.slice(0, 3));
  const columns = row.flatMap(({ points }) => points.map(({ x }) => x));
  assert.equal(row.length, 3);
  assert.ok(Math.min(...columns) > 0);
  assert.ok(Math.max(...columns) < 560);
  assert.ok(Math.max(...row[0].points.map(({ x }) => x)) < Math.min(...row[1].points.map(({ x }) => x)));
});

test("a string of several lines is said on one", () => {
  assert.equal(oneLine("40\n71"), "40 / 71");
});
