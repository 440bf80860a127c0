// The drawing page: after each stroke every model reads the drawing, and the newest answer is shown.

import "../components/correction-form.js";
import "../components/drawing-pad.js";
import "../components/model-answer.js";
import "../components/preparation-steps.js";
import "../components/request-code.js";
import "../components/what-mattered.js";
import { address, predict } from "../lib/api.js";
import { forgetReading, rememberReading } from "../lib/last-reading.js";
import { verdict } from "../lib/text.js";
import { readWhileDrawing } from "./reading.js";
import { connectToolbar } from "./toolbar.js";

const messages = JSON.parse(document.body.dataset.messages);
const pad = document.querySelector("drawing-pad");
const answers = [...document.querySelectorAll("model-answer")];
const steps = document.querySelector("preparation-steps");
const correction = document.querySelector("correction-form");
const mattered = document.querySelector("what-mattered");
const code = document.querySelector("request-code");
const sentence = document.querySelector(".verdict");

function reset() {
  answers.forEach((answer) => answer.reset());
  steps.show([]);
  mattered.show("");
  code.show("", "");
  correction.reset();
  forgetReading();
  sentence.textContent = messages.waiting;
}

function show(predictions) {
  predictions.forEach((prediction, index) => answers[index].show(prediction, messages));
  steps.show(predictions[0].steps);
  const readings = predictions.map(({ category, refused }, index) => ({
    category,
    refused,
    title: answers[index].dataset.title,
  }));
  sentence.textContent = verdict(readings, messages);
}

async function read(picture, signal) {
  const ask = ({ dataset: { model, among } }) => predict(picture, model, { signal, among });
  const predictions = await Promise.all(answers.map(ask));
  show(predictions);
  correction.show(picture, predictions);
  rememberReading(picture, predictions);
  mattered.show(picture);
  code.show(address(location.origin, answers[0].dataset), picture);
}

readWhileDrawing(pad, { read, reset, messages, sentence });
connectToolbar(pad, document.querySelector(".draw-side"));
