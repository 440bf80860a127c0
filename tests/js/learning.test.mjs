import assert from "node:assert/strict";
import { test } from "node:test";
import { after, curves, duration, empty, path, share, ticks, timeLeft } from "../../src/rabisco/web/static/js/lib/learning.js";

const progress = (number, epoch, step, accuracy) => ({
  number,
  kind: "progress",
  payload: { epoch, epochs: 2, step, steps: 4, accuracy, loss: 1 - accuracy },
});
const epoch = (number, epoch, accuracy) => ({
  number,
  kind: "epoch",
  payload: { epoch, accuracy, loss: 1, validation_accuracy: accuracy, validation_loss: 1 },
});
const told = (...events) => events.reduce(after, empty());

test("an event counts once, and one that came before is ignored", () => {
  const view = told(progress(1, 1, 1, 0.2), progress(2, 1, 2, 0.4), progress(2, 1, 2, 0.4), progress(1, 1, 1, 0.2));
  assert.deepEqual(curves(view, "accuracy").train, [{ x: 0.25, y: 0.2 }, { x: 0.5, y: 0.4 }]);
  assert.equal(view.last, 2);
});

test("an epoch's end is a point of both curves; told twice after an interruption, the later counts", () => {
  const view = told(progress(1, 1, 2, 0.4), epoch(2, 1, 0.5), epoch(3, 2, 0.7), progress(4, 2, 1, 0.6), epoch(5, 2, 0.8));
  const { train, validation } = curves(view, "accuracy");
  assert.deepEqual(validation, [{ x: 1, y: 0.5 }, { x: 2, y: 0.8 }]);
  assert.deepEqual(train.map(({ x }) => x), [0.5, 1, 1.25, 2]);
});

test("where a run stands is told by the end of an epoch too: its last batches may not have been told by themselves", () => {
  const ended = { number: 2, kind: "epoch", payload: { epoch: 2, epochs: 2, step: 4, steps: 4, accuracy: 0.5 } };
  const { progress: last } = told(progress(1, 2, 3, 0.4), ended);
  assert.deepEqual([last.step, share(last)], [4, 1]);
});

test("figures that are no numbers are left out of the curve", () => {
  const view = told(progress(1, 1, 1, 0.2), { ...progress(2, 1, 2, 0), payload: { epoch: 1, step: 2, steps: 4, accuracy: null } });
  assert.equal(curves(view, "accuracy").train.length, 1);
});

test("state and phase are those told last; a run that is resumed begins with neither phase", () => {
  const view = told(
    { number: 1, kind: "state", payload: { state: "running" } },
    { number: 2, kind: "phase", payload: { phase: "training" } },
  );
  assert.equal(view.state, "running");
  assert.equal(view.phase.phase, "training");
  const resumed = after(view, { number: 3, kind: "state", payload: { state: "queued" } });
  assert.deepEqual([resumed.state, resumed.phase], ["queued", {}]);
});

test("the share done counts the batches of the epoch that goes on", () => {
  assert.equal(share({ epoch: 2, epochs: 4, step: 5, steps: 10 }), 0.375);
});

test("marks are round, few, and hold all values", () => {
  assert.deepEqual(ticks([0.93, 0.991]), [0.92, 0.94, 0.96, 0.98, 1]);
  assert.deepEqual(ticks([]), [0, 1]);
  for (const values of [[0, 2.3], [0.5, 0.5], [1e-4, 3e-4], [12, 480]]) {
    const marks = ticks(values);
    assert.ok(marks.length >= 2 && marks.length <= 8, String(marks));
    assert.ok(marks[0] <= Math.min(...values) && marks.at(-1) >= Math.max(...values), String(marks));
  }
});

test("a path goes through its points, the highest mark above", () => {
  assert.equal(path([{ x: 0, y: 0 }, { x: 2, y: 1 }], 2, [0, 1]), "M0.00 100.00L100.00 0.00");
});

test("a duration is given in the unit that people would use", () => {
  assert.deepEqual([12.4, 100, 7300].map(duration), [[12, "second"], [2, "minute"], [2, "hour"]]);
});

test("the time left is that of this phase and of those after it, as they took it the last time", () => {
  const expected = { loading: 4, training: 60, judging: 6 };
  assert.equal(timeLeft(expected, "loading", 1), 69);
  assert.equal(timeLeft(expected, "training", 1, 30), 36);
  assert.equal(timeLeft(expected, "judging", 9), 0);
  assert.equal(timeLeft({}, "loading", 1), null);
  assert.equal(timeLeft({}, "training", 1, 30), 30);
});
