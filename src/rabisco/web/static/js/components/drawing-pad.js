// <drawing-pad><canvas tabindex="0"></canvas><span class="cursor" hidden></span></drawing-pad>
// SIDE units high, and as wide; data-ratio="2" makes it twice as wide.
// data-keeps="draw" keeps the drawing under that name until the window is closed, so that it survives a reload.
// Fires "drawing" (detail: {done}) whenever the drawing changes; `done` is false while a stroke is being drawn.

import { Drawing, SIDE } from "../lib/drawing.js";
import { tab } from "../lib/kept.js";
import { paint } from "../lib/paint.js";
import { PadKeyboard } from "./pad-keyboard.js";
import { PadPointer } from "./pad-pointer.js";
import { play } from "./play.js";

class DrawingPad extends HTMLElement {
  drawing = new Drawing();
  pen = { width: 19, erases: false };
  #picture = document.createElement("canvas"); // in memory, where it is read: not on a graphics card
  #context = this.#picture.getContext("2d", { willReadFrequently: true });
  #stopPlaying = null;

  get width() {
    return SIDE * Number(this.dataset.ratio ?? 1);
  }

  connectedCallback() {
    this.canvas = this.querySelector("canvas");
    Object.assign(this.#picture, { width: this.width, height: SIDE });
    if (this.dataset.keeps) this.drawing.add(tab.get(this.dataset.keeps) ?? []);
    new PadPointer(this, this.canvas);
    new PadKeyboard(this, this.canvas, this.querySelector(".cursor"));
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.update());
    document.addEventListener("themechange", () => this.update());
  }

  begin(point) {
    this.#stopPlaying?.();
    this.drawing.begin(point, this.pen);
    this.#changed(false);
  }

  extend(points) {
    points.forEach((point) => this.drawing.extend(point));
    this.#changed(false);
  }

  // What is drawn is on the pad already.
  end() {
    this.drawing.end();
    this.#tell(true);
  }

  change(action) {
    this.#stopPlaying?.();
    action(this.drawing);
    this.#changed(true);
  }

  async replay() {
    this.#stopPlaying?.();
    const stopped = new Promise((resolve) => (this.#stopPlaying = resolve));
    await play(this.drawing.strokes, (strokes) => this.update(strokes), stopped);
    this.update();
  }

  update(strokes = this.drawing.strokes) {
    const { height } = this.canvas;
    paint(this.canvas.getContext("2d"), strokes, { size: height, ink: getComputedStyle(this.canvas).color });
    this.toggleAttribute("data-drawn", !this.drawing.isEmpty);
  }

  // Black on white whatever the theme, so that the same drawing is always the same picture.
  toPicture() {
    const context = this.#context;
    paint(context, this.drawing.strokes, { size: SIDE, ink: "black" });
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "white";
    context.fillRect(0, 0, this.width, SIDE);
    context.globalCompositeOperation = "source-over";
    return this.#picture.toDataURL("image/png");
  }

  #fit() {
    const width = Math.round(this.canvas.clientWidth * devicePixelRatio);
    const height = Math.round((width * SIDE) / this.width);
    if (width && this.canvas.width !== width) Object.assign(this.canvas, { width, height });
    this.update();
  }

  #changed(done) {
    this.update();
    this.#tell(done);
  }

  #tell(done) {
    this.dispatchEvent(new CustomEvent("drawing", { detail: { done } }));
    if (done && this.dataset.keeps) tab.set(this.dataset.keeps, this.drawing.strokes);
  }
}

customElements.define("drawing-pad", DrawingPad);
