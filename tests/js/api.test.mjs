import assert from "node:assert/strict";
import { test } from "node:test";
import { address } from "../../src/rabisco/web/static/js/lib/api.js";

test("an address says only what is not said anyway", () => {
  const where = "http://127.0.0.1:3000";
  const of = (among, characters) => address(where, { model: "a b", among }, characters);
  assert.equal(of("any"), `${where}/predict/a%20b`);
  assert.equal(of("letters"), `${where}/predict/a%20b?among=letters`);
  assert.equal(of("digits", "many"), `${where}/predict/a%20b?characters=many&among=digits`);
});
