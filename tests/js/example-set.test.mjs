import assert from "node:assert/strict";
import { test } from "node:test";
import { ExampleSet } from "../../src/rabisco/web/static/js/lib/example-set.js";

test("one class after the other is asked for, until all are drawn", () => {
  const set = new ExampleSet(["a", "b"], 2);
  const asked = [];
  while (!set.isFull) {
    asked.push(set.current);
    set.keep("picture");
  }
  assert.deepEqual(asked, ["a", "a", "b", "b"]);
  assert.equal(set.current, "b");
});

test("whoever begins in the middle is led to the classes before it at last", () => {
  const set = new ExampleSet(["a", "b", "c"], 1);
  set.current = "b";
  set.keep("1");
  assert.equal(set.current, "c");
  set.keep("2");
  assert.equal(set.current, "a");
});

test("a full class may have more", () => {
  const set = new ExampleSet(["a", "b"], 1);
  set.keep("1");
  set.current = "a";
  set.keep("2");
  assert.equal(set.count("a"), 2);
  assert.equal(set.current, "b");
});

test("the last drawing is taken back, and its class is asked for again", () => {
  const set = new ExampleSet(["a", "b"], 1);
  set.keep("1");
  set.takeBack();
  assert.deepEqual(set.drawings, []);
  assert.equal(set.current, "a");
  assert.equal(set.takeBack(), undefined);
});

test("what is remembered goes on where it was, without classes that are no longer drawn", () => {
  const remembered = [{ label: "a", image: "1" }, { label: "z", image: "2" }];
  const set = new ExampleSet(["a", "b"], 1, remembered);
  assert.deepEqual(set.drawings, [remembered[0]]);
  assert.equal(set.current, "b");
});

test("three of each of two classes are enough to learn from", () => {
  const set = new ExampleSet(["a", "b", "c"], 3);
  for (let count = 0; count < 5; count += 1) set.keep("picture");
  assert.equal(set.isEnough, false);
  set.keep("picture");
  assert.equal(set.isEnough, true);
});
