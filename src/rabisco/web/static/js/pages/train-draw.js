// The page on which a data set of one's own is drawn, one class after the other.

import "../components/draw-examples.js";
import "../components/drawing-pad.js";
import { connectToolbar } from "./toolbar.js";

const messages = JSON.parse(document.body.dataset.messages);
const pad = document.querySelector("drawing-pad");
const root = document.querySelector(".draw-side");

connectToolbar(pad, root);
document.querySelector("draw-examples").connect(pad, root);
pad.addEventListener("pen", ({ detail }) => {
  document.querySelector("#pen-status").textContent = detail.down ? messages.pen_down : messages.pen_up;
});
