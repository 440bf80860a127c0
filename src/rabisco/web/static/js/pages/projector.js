// The page for a class: after each stroke, how it becomes an answer.

import "../components/drawing-pad.js";
import "../components/inside-projector.js";
import { readWhileDrawing } from "./reading.js";
import { connectToolbar } from "./toolbar.js";

const messages = JSON.parse(document.body.dataset.messages);
const main = document.querySelector("main");
const [pad, projector, sentence] = ["drawing-pad", "inside-projector", ".verdict"].map((name) => main.querySelector(name));

const again = readWhileDrawing(pad, {
  read: async (picture, signal) => (sentence.textContent = await projector.show(picture, signal, messages)),
  reset: () => {
    projector.clear();
    sentence.textContent = messages.waiting;
  },
  messages,
  sentence,
});
connectToolbar(pad, main.querySelector(".draw-side"));

const full = main.querySelector("[data-fullscreen]");
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : main.requestFullscreen()));
if (!pad.drawing.isEmpty) again();
