// A drawing as data: strokes on a square of SIDE units that can be undone, redone and cleared. No DOM.

export const SIDE = 280;

export class Drawing {
  #actions = [];
  #undone = [];
  #stroke = null;

  get strokes() {
    const cleared = this.#actions.lastIndexOf("clear");
    return this.#actions.slice(cleared + 1);
  }

  get isEmpty() {
    return !this.strokes.some((stroke) => !stroke.erases);
  }

  get canUndo() {
    return this.#actions.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  begin(point, { width, erases = false }) {
    this.#stroke = { width, erases, points: [point] };
    this.#do(this.#stroke);
  }

  extend(point) {
    this.#stroke?.points.push(point);
  }

  end() {
    this.#stroke = null;
  }

  clear() {
    this.end();
    if (this.strokes.length > 0) this.#do("clear");
  }

  add(strokes) {
    for (const stroke of strokes) this.#do(stroke);
  }

  // Begins a new drawing; nothing of this one can be brought back.
  forget() {
    this.end();
    this.#actions = [];
    this.#undone = [];
  }

  undo() {
    this.end();
    if (this.canUndo) this.#undone.push(this.#actions.pop());
  }

  redo() {
    if (this.canRedo) this.#actions.push(this.#undone.pop());
  }

  #do(action) {
    this.#actions.push(action);
    this.#undone = [];
  }
}
