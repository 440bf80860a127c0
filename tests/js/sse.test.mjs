import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../../src/rabisco/web/static/js/lib/sse.js";

test("events are whole wherever the stream was cut", () => {
  const stream = 'retry: 2000\n\nevent: text\ndata: {"text": "a"}\n\n: still here\n\nevent: done\ndata: {"answer":\ndata: "b"}\n\n';
  for (let at = 0; at <= stream.length; at++) {
    const parser = new EventParser();
    const events = [...parser.take(stream.slice(0, at)), ...parser.take(stream.slice(at))];
    assert.deepEqual(events, [
      { name: "text", data: { text: "a" } },
      { name: "done", data: { answer: "b" } },
    ]);
  }
});
