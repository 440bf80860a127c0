// The drawing page: after each stroke every model reads the drawing, and the newest answer is shown.

import "../components/correction-form.js";
import "../components/drawing-pad.js";
import "../components/model-answer.js";
import "../components/pad-overlay.js";
import "../components/preparation-steps.js";
import "../components/request-code.js";
import "../components/what-mattered.js";
import { address, predict, predictAll } from "../lib/api.js";
import { browser, tab } from "../lib/kept.js";
import { forgetReading, rememberReading } from "../lib/last-reading.js";
import { letterIn } from "../lib/letters.js";
import { strokesOf } from "../lib/strokes.js";
import { swap, swapLinks } from "../lib/swap.js";
import { fill, verdict } from "../lib/text.js";
import { painted } from "../lib/timing.js";
import { sayWhatWasLearned } from "./learned.js";
import { readWhileDrawing } from "./reading.js";
import { connectToolbar } from "./toolbar.js";

const messages = JSON.parse(document.body.dataset.messages);
const main = document.querySelector("main");
const pad = main.querySelector("drawing-pad");
const sentence = main.querySelector(".verdict");
const correction = main.querySelector("correction-form");
const otherKind = main.querySelector(".other-kind");
const answers = () => [...main.querySelectorAll("model-answer")];
const part = (name) => main.querySelector(name);
const overlay = part("pad-overlay");
const wantsOverlay = part("[data-overlay]");

// Loaded when it is opened; then it follows every stroke.
const showInside = (picture) => part("[data-inside][open] inside-panel:defined")?.show(picture);
let insideOpen = false;

function reset() {
  answers().forEach((answer) => answer.reset());
  part("preparation-steps").show([]);
  part("what-mattered").show("");
  overlay.hide();
  showInside("");
  part("request-code").show("", "");
  correction.reset();
  forgetReading();
  forgetLearned();
  sayOtherKind("");
  sentence.textContent = messages.waiting;
}

// What is refused while a stroke is still drawn may be a character in a moment.
function show(predictions, done) {
  const shown = answers();
  predictions.forEach((prediction, index) => shown[index].show(prediction, messages));
  const readings = predictions.map(({ category, refused }, index) => ({
    category,
    refused,
    title: shown[index].dataset.title,
  }));
  if (done || !readings[0].refused) sentence.textContent = verdict(readings, messages);
  main.getBoundingClientRect(); // lays the page out now, while the next frame is still to come
}

async function read(picture, signal, done) {
  const all = part("[data-all]").ariaPressed === "true";
  const shown = answers();
  const { among } = shown[0].dataset;
  const models = shown.map(({ dataset }) => dataset.model);
  const predictions = await predictAll(picture, models, { signal, among, all });
  show(predictions, done);
  await painted(); // the server and the browser share what time there is
  if (signal.aborted) return;
  part("preparation-steps").show(predictions[0].steps);
  correction.show(picture, predictions);
  rememberReading(picture, predictions);
  if (done) part("what-mattered").show(picture);
  if (done) showInside(picture);
  part("request-code").show(address(location.origin, answers()[0].dataset), picture);
  if (done) await lookForLetter(picture, predictions, signal);
}

async function lookForLetter(picture, [{ remembered }], signal) {
  const { letters } = otherKind.dataset;
  const found = letters && !remembered ? await predict(picture, letters, { signal, steps: false }) : null;
  sayOtherKind(letterIn(found));
}

function sayOtherKind(letter) {
  otherKind.querySelector("span").textContent = letter && fill(messages.letter, { letter });
  otherKind.querySelector("a").hidden = !letter;
}

const again = readWhileDrawing(pad, { read, reset, messages, sentence });
const forgetLearned = sayWhatWasLearned(main, main.querySelector(".learned"), messages, again);
pad.addEventListener("drawing", ({ detail }) => {
  overlay.hide();
  if (!detail.done) forgetLearned();
});
main.addEventListener("explained", ({ detail: { remembered, importance } }) => {
  if (remembered) overlay.hide();
  else overlay.show(importance, answers()[0].querySelector(".saw img"));
});
wantsOverlay.checked = browser.get("overlay") !== "no";
overlay.hidden = !wantsOverlay.checked;
wantsOverlay.addEventListener("change", () => {
  overlay.hidden = !wantsOverlay.checked;
  browser.set("overlay", wantsOverlay.checked ? "yes" : "no");
});
async function followInside(details) {
  insideOpen = details.open;
  if (insideOpen) await import("../components/inside-panel.js");
  showInside(pad.drawing.isEmpty ? "" : pad.toPicture());
}
main.addEventListener("toggle", ({ target }) => target.matches("[data-inside]") && followInside(target), true);
if (part("[data-inside]")?.open) followInside(part("[data-inside]")); // opened before this was loaded
connectToolbar(pad, main.querySelector(".draw-side"));

main.addEventListener("click", ({ target }) => {
  if (!target.matches("[data-all]")) return;
  target.ariaPressed = target.ariaPressed !== "true";
  again();
});

function swapped() {
  const { letters, classes } = part("[data-region=read]").dataset;
  otherKind.dataset.letters = letters;
  correction.offer(JSON.parse(classes));
  sayOtherKind("");
  part("[data-inside]").open = insideOpen;
  again();
}
swapLinks(swapped);

main.querySelector(".try").addEventListener("click", async ({ target }) => {
  const chosen = target.closest("[data-example]");
  if (!chosen) return;
  const strokes = strokesOf(chosen.dataset.example);
  if (chosen.hasAttribute("data-many")) {
    tab.set("draw-many", strokes);
    return location.assign("?characters=many");
  }
  pad.change((drawing) => {
    drawing.clear();
    drawing.add(strokes);
  });
  const { kind } = chosen.dataset;
  const current = part("[data-region=read]").dataset.kind;
  if (kind !== "any" && kind !== current && current !== "both") await swap(`?kind=${kind}`, swapped);
});
if (!pad.drawing.isEmpty) again();
