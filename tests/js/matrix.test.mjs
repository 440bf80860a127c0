import assert from "node:assert/strict";
import test from "node:test";
import { cellAddress } from "../../src/rabisco/web/static/js/lib/matrix.js";

const table = { names: ["a&b", "7"], counts: [[1, 2], [0, 3]] };

test("a cell's images have an address, an empty cell none", () => {
  assert.equal(cellAddress("/models/m/images", [0, 1], table), "/models/m/images?category=a%26b&read_as=7");
  assert.equal(cellAddress("/models/m/images?version=2", [1, 1], table), "/models/m/images?version=2&category=7&read_as=7");
  assert.equal(cellAddress("/models/m/images", [1, 0], table), "");
  assert.equal(cellAddress("", [0, 0], table), "");
});
