// A data set that is being drawn: so many of each class, one class after the other, or as one likes. No DOM.

export class ExampleSet {
  #drawings;

  constructor(classes, each, drawings = []) {
    this.classes = classes;
    this.each = each;
    this.#drawings = drawings.filter(({ label }) => classes.includes(label));
    this.current = this.#unfinished() ?? classes[0];
  }

  get drawings() {
    return this.#drawings;
  }

  count(label) {
    return this.#drawings.filter((drawing) => drawing.label === label).length;
  }

  get isFull() {
    return this.#unfinished() === undefined;
  }

  // Whether something could be learned from it: some of each of two classes.
  get isEnough() {
    return this.classes.filter((label) => this.count(label) >= 3).length >= 2;
  }

  keep(image) {
    this.#drawings.push({ label: this.current, image });
    if (this.count(this.current) >= this.each) this.current = this.#unfinished() ?? this.current;
  }

  takeBack() {
    const last = this.#drawings.pop();
    if (last) this.current = last.label;
    return last;
  }

  // The next class that lacks drawings, from the current one on.
  #unfinished() {
    const start = Math.max(0, this.classes.indexOf(this.current));
    const order = [...this.classes.slice(start), ...this.classes.slice(0, start)];
    return order.find((label) => this.count(label) < this.each);
  }
}
