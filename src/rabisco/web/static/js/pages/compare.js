// The comparison: one drawing, read by every model that stands on the page.

import "../components/drawing-pad.js";
import { readDrawn } from "../components/curve-reader.js";
import { openImages } from "../components/image-sheet.js";
import "../components/measure-models.js";
import "../components/model-answer.js";
import "../components/report-files.js";
import { predictAll } from "../lib/api.js";
import { verdictOfAll } from "../lib/tally.js";
import { readWhileDrawing } from "./reading.js";
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

async function read(picture, signal) {
  const models = answers.map(({ dataset }) => dataset.model);
  show(await predictAll(picture, models, { signal }));
}

if (pad) { // photographs are not drawn
  const again = readWhileDrawing(pad, { read, reset, messages, sentence });
  connectToolbar(pad, document.querySelector(".live .draw-side"));
  if (!pad.drawing.isEmpty) again();
}
readDrawn();
openImages();
