// <pad-overlay><img alt="" hidden></pad-overlay> within a <drawing-pad>: what mattered, laid over the drawing.
// .show(importance, seen): rows of numbers, and the <img> that the model saw; .hide() when there is nothing to show.

import { boxOf, colors, placed } from "../lib/overlay.js";

const INK = 96; // of 255
const FINE = 140; // pixels in which the drawing's box is looked for

class PadOverlay extends HTMLElement {
  #turn = 0;

  async show(importance, seen) {
    const turn = ++this.#turn;
    const image = this.querySelector("img");
    const alpha = (pixel) => pixel[3];
    const drawn = boxIn(this.closest("drawing-pad").querySelector("canvas"), FINE, alpha);
    try {
      await seen.decode();
    } catch {
      return; // another image has taken its place, whose own answer follows
    }
    if (turn !== this.#turn) return;
    const side = importance.length;
    const read = boxIn(seen, side, (pixel) => pixel[0]);
    if (!drawn || !read) return this.hide();
    const place = placed(read, drawn, side);
    const share = (value) => `${(100 * value) / FINE}%`;
    Object.assign(image.style, { left: share(place.left), top: share(place.top), width: share(place.side) });
    image.src = pictureOf(importance);
    image.hidden = false;
  }

  hide() {
    this.#turn++;
    this.querySelector("img").hidden = true;
  }
}

function boxIn(picture, side, level) {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  const levels = Array.from({ length: side * side }, (_, index) => level(data.subarray(4 * index, 4 * index + 4)));
  return boxOf(levels, side, (value) => value > INK);
}

function pictureOf(importance) {
  const [width, height] = [importance[0].length, importance.length];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").putImageData(new ImageData(colors(importance), width, height), 0, 0);
  return canvas.toDataURL();
}

customElements.define("pad-overlay", PadOverlay);
