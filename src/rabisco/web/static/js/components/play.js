// Shows strokes being drawn, in about a second; at once for readers who prefer reduced motion.

import { countPoints, upTo } from "../lib/replay.js";

const MILLISECONDS = 900;

export function play(strokes, show, stopped) {
  const total = countPoints(strokes);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return Promise.resolve(show(strokes));
  return new Promise((resolve) => {
    let running = true;
    const started = performance.now();
    const finish = () => resolve((running = false));
    const frame = (now) => {
      if (!running) return;
      const part = Math.min(1, (now - started) / MILLISECONDS);
      show(upTo(strokes, Math.ceil(part * total)));
      if (part < 1) requestAnimationFrame(frame);
      else finish();
    };
    stopped.then(finish);
    requestAnimationFrame(frame);
  });
}
