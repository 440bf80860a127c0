// What every page with a pad does: while a stroke is drawn and when it ends, the drawing is read again; only the newest
// answer counts, and what prevents one is said. `read(picture, signal, done)` shows it, `reset()` shows that nothing is
// drawn. What is returned reads once more.

import { debounce, latest } from "../lib/timing.js";
import { fill } from "../lib/text.js";

const PAUSE = 120; // milliseconds without news within a stroke

export function readWhileDrawing(pad, { read, reset, messages, sentence }) {
  let done = true;
  const again = latest(async (signal) => {
    if (pad.drawing.isEmpty) return reset();
    try {
      await read(pad.toPicture(), signal, done);
    } catch (error) {
      if (error.name === "AbortError") return;
      const reason = error instanceof TypeError ? messages.offline : error.message;
      sentence.textContent = fill(messages.failed, { reason });
    }
  });
  const readAfter = debounce(again);
  pad.addEventListener("drawing", ({ detail }) => {
    done = detail.done;
    readAfter(done ? 0 : PAUSE);
  });
  pad.addEventListener("pen", ({ detail }) => {
    document.querySelector("#pen-status").textContent = detail.down ? messages.pen_down : messages.pen_up;
  });
  return again;
}
