// Mouse, touch and pen on a <drawing-pad>: one pointer at a time, every point the device reports, pressure of pens.

import { SIDE } from "../lib/drawing.js";

export class PadPointer {
  #id = null;

  constructor(pad, canvas) {
    this.pad = pad;
    this.canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, (event) => this.#up(event));
  }

  #down(event) {
    if (this.#id !== null || event.button !== 0) return;
    this.#id = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.pad.begin(this.#point(event));
  }

  #move(event) {
    if (event.pointerId !== this.#id) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.pad.extend((events.length ? events : [event]).map((each) => this.#point(each)));
  }

  #up(event) {
    if (event.pointerId !== this.#id) return;
    this.#id = null;
    this.pad.end();
  }

  #point({ clientX, clientY, pressure, pointerType }) {
    const { left, top, height } = this.canvas.getBoundingClientRect();
    return {
      x: ((clientX - left) * SIDE) / height,
      y: ((clientY - top) * SIDE) / height,
      pressure: pointerType === "pen" ? pressure : 0.5,
    };
  }
}
