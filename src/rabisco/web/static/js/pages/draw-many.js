// The drawing page for several characters: after each stroke every model reads the whole drawing as a string.

import "../components/correction-form.js";
import "../components/drawing-pad.js";
import "../components/request-code.js";
import "../components/row-answer.js";
import { address, predictAll } from "../lib/api.js";
import { EXAMPLES, inRow } from "../lib/examples.js";
import { swapLinks } from "../lib/swap.js";
import { oneLine, verdict } from "../lib/text.js";
import { sayWhatWasLearned } from "./learned.js";
import { readWhileDrawing } from "./reading.js";
import { connectToolbar } from "./toolbar.js";

const messages = JSON.parse(document.body.dataset.messages);
const pad = document.querySelector("drawing-pad");
const main = document.querySelector("main");
const correction = main.querySelector("correction-form");
const answers = () => [...main.querySelectorAll("row-answer")];
const code = () => main.querySelector("request-code");
const sentence = document.querySelector(".verdict");

function reset() {
  answers().forEach((answer) => answer.reset());
  code().show("", "");
  correction.reset();
  sentence.textContent = messages.waiting_many;
}

function show(readings, picture) {
  readings.forEach((reading, index) => answers()[index].show(reading, picture));
  if (readings.every(({ blank }) => blank)) {
    sentence.textContent = messages.blank;
    return;
  }
  const titles = answers().map(({ dataset }) => dataset.title);
  const strings = readings.map(({ text }, index) => ({ category: oneLine(text), title: titles[index] }));
  sentence.textContent = verdict(strings, messages);
}

async function read(picture, signal) {
  const asked = answers().map(({ dataset }) => dataset);
  const models = asked.map(({ model }) => model);
  show(await predictAll(picture, models, { signal, among: asked[0].among, characters: "many" }), picture);
  code().show(address(location.origin, answers()[0].dataset, "many"), picture, "text");
}

// The character whose box is chosen is the one that is corrected.
main.addEventListener("chosen", ({ target, detail: { character, reading, picture } }) => {
  const { model, version } = reading;
  const { category, probability, box } = character;
  if (target === answers()[0]) correction.show(picture, [{ model, version, category, probability }], box);
});

const again = readWhileDrawing(pad, { read, reset, messages, sentence });
connectToolbar(pad, document.querySelector(".draw-side"), [inRow([0, 1, 2].map((number) => EXAMPLES[number]))]);
const forgetLearned = sayWhatWasLearned(main, main.querySelector(".learned"), messages, again);
pad.addEventListener("drawing", ({ detail }) => detail.done || forgetLearned());
swapLinks(() => {
  correction.offer(JSON.parse(main.querySelector("[data-region=read]").dataset.classes));
  again();
});
if (!pad.drawing.isEmpty) again();
