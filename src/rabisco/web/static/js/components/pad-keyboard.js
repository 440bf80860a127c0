// A <drawing-pad> by keyboard: arrows move a cursor, space puts the pen down and lifts it.
// Fires "pen" (detail: {down}) on the pad.

import { START, moved } from "../lib/cursor.js";
import { SIDE } from "../lib/drawing.js";

export class PadKeyboard {
  #at = START;
  #down = false;

  constructor(pad, canvas, cursor) {
    Object.assign(this, { pad, cursor });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#leave());
  }

  #key(event) {
    const target = moved(this.#at, event.key, event.shiftKey, this.pad.width);
    const action = target ? () => this.#move(target) : this.#actions(event)[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  #actions({ ctrlKey, metaKey, shiftKey }) {
    const command = ctrlKey || metaKey;
    const undo = () => this.pad.change((drawing) => (shiftKey ? drawing.redo() : drawing.undo()));
    const redo = () => this.pad.change((drawing) => drawing.redo());
    return {
      " ": () => this.#setPen(!this.#down),
      escape: () => this.#setPen(false),
      enter: () => this.#setPen(false),
      delete: () => this.pad.change((drawing) => drawing.clear()),
      ...(command && { z: undo, y: redo }),
    };
  }

  #move(target) {
    this.#at = target;
    if (this.#down) this.pad.extend([this.#point()]);
    this.#show();
  }

  #setPen(down) {
    if (down === this.#down) return;
    this.#down = down;
    if (down) this.pad.begin(this.#point());
    else this.pad.end();
    this.#show();
    this.pad.dispatchEvent(new CustomEvent("pen", { detail: { down } }));
  }

  #leave() {
    this.#setPen(false);
    this.cursor.hidden = true;
  }

  #point() {
    return { ...this.#at, pressure: 0.5 };
  }

  #show() {
    this.cursor.hidden = false;
    this.cursor.classList.toggle("down", this.#down);
    this.cursor.style.left = `${(this.#at.x * 100) / this.pad.width}%`;
    this.cursor.style.top = `${(this.#at.y * 100) / SIDE}%`;
  }
}
