import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, milliseconds, percent, verdict } from "../../src/rabisco/web/static/js/lib/text.js";
import { debounce, latest } from "../../src/rabisco/web/static/js/lib/timing.js";

const messages = {
  one: "{first} reads {category}.",
  agree: "Both read {category}.",
  disagree: "{first} reads {category}, {second} reads {other}.",
};
const cnn = { title: "CNN", category: "7" };

test("the verdict says whether the models agree", () => {
  assert.equal(verdict([cnn], messages), "CNN reads 7.");
  assert.equal(verdict([cnn, { title: "Linear", category: "7" }], messages), "Both read 7.");
  assert.equal(verdict([cnn, { title: "Linear", category: "1" }], messages), "CNN reads 7, Linear reads 1.");
});

test("the first model's refusal is the verdict; another's is left out of it", () => {
  const refused = { reason: "scribble", message: "Scribbled." };
  assert.equal(verdict([{ ...cnn, refused }, { title: "Linear", category: "7" }], messages), "Scribbled.");
  assert.equal(verdict([cnn, { title: "Linear", category: "1", refused }], messages), "CNN reads 7.");
});

test("what a message is filled with is not filled again", () => {
  assert.equal(fill("{a} {b}", { a: "{b}", b: "$&" }), "{b} $&");
});

test("numbers are written as the language writes them", () => {
  assert.equal(percent(0.5, "en"), "50.0%");
  assert.equal(percent(0.5, "pt-BR"), "50,0%");
  assert.equal(milliseconds(1.234, "es"), "1,2");
});

test("no model is shown as certain", () => {
  assert.equal(percent(0.99999, "en"), ">99.9%");
  assert.equal(percent(0.00001, "en"), "<0.1%");
  assert.equal(percent(0.9994, "en"), "99.9%");
});

test("a debounced task runs once, after the last call", async () => {
  let runs = 0;
  const soon = debounce(() => runs++);
  soon(5);
  soon(5);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(runs, 1);
});

test("a newer run aborts the one before", () => {
  const signals = [];
  const run = latest((signal) => signals.push(signal));
  run();
  run();
  assert.deepEqual(signals.map((signal) => signal.aborted), [true, false]);
});
