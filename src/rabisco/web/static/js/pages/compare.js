// The comparison: one drawing, read by every model that stands on the page.

import "../components/drawing-pad.js";
import "../components/model-answer.js";
import { predict } from "../lib/api.js";
import { debounce, latest } from "../lib/timing.js";
import { fill } from "../lib/text.js";
import { verdictOfAll } from "../lib/tally.js";
import { connectToolbar } from "./toolbar.js";

const messages = JSON.parse(document.body.dataset.messages);
const pad = document.querySelector("drawing-pad");
const answers = [...document.querySelectorAll("model-answer")];
const sentence = document.querySelector(".verdict");

function reset() {
  answers.forEach((answer) => answer.reset());
  sentence.textContent = messages.waiting;
}

function show(predictions) {
  predictions.forEach((prediction, index) => answers[index].show(prediction, messages));
  const readings = predictions.map(({ category }, index) => ({ category, title: answers[index].dataset.title }));
  sentence.textContent = verdictOfAll(readings, messages);
}

const read = latest(async (signal) => {
  if (pad.drawing.isEmpty) return reset();
  const picture = pad.toPicture();
  try {
    show(await Promise.all(answers.map(({ dataset }) => predict(picture, dataset.model, { signal }))));
  } catch (error) {
    if (error.name === "AbortError") return;
    const reason = error instanceof TypeError ? messages.offline : error.message;
    sentence.textContent = fill(messages.failed, { reason });
  }
});

const readAfter = debounce(read);
pad.addEventListener("drawing", ({ detail }) => readAfter(detail.done ? 0 : 120));
pad.addEventListener("pen", ({ detail }) => {
  document.querySelector("#pen-status").textContent = detail.down ? messages.pen_down : messages.pen_up;
});
connectToolbar(pad, document.querySelector(".live .draw-side"));
