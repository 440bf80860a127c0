// Values of curves where they are pointed at, or moved to by the arrow keys: readable(place, {plot, low, high, series, say}).
// `place` becomes a slider over the epochs with its words below in its .curve-values; `series` are {title, points}, a point
// {x, text}. Called again with newer curves it stays where it is.

import { nearest, stepped } from "../lib/learning.js";
import { fill } from "../lib/text.js";

const readers = new WeakMap();

export function readable(place, view) {
  if (!readers.has(place)) readers.set(place, new CurveReader(place));
  readers.get(place).show(view);
}

// Curves that the server drew, with what they say in data-curve-values and data-titles.
export function readDrawn(root = document) {
  const say = JSON.parse(document.body.dataset.messages).epoch_values;
  for (const place of root.querySelectorAll("[data-curve-values]")) {
    const { curveValues, titles } = place.dataset;
    const points = (values) => values.map((text, index) => ({ x: index + 1, text }));
    const [all, names] = [JSON.parse(curveValues), JSON.parse(titles)];
    const series = all.map((values, index) => ({ title: names[index], points: points(values) }));
    const high = Math.max(...all.map(({ length }) => length));
    readable(place, { plot: place.querySelector(".plot[viewBox]"), low: 1, high, series, say });
  }
}

class CurveReader {
  #epoch = null;

  constructor(place) {
    this.place = place;
    place.addEventListener("pointermove", (event) => this.#point(event));
    place.addEventListener("pointerdown", (event) => this.#point(event));
    place.addEventListener("pointerleave", () => document.activeElement === place || this.#choose(null));
    place.addEventListener("focus", () => this.#choose(this.#epoch ?? this.#last));
    place.addEventListener("keydown", (event) => this.#key(event));
    this.line = Object.assign(document.createElement("i"), { className: "curve-cursor", hidden: true });
  }

  get #last() {
    return Math.max(...this.view.series.flatMap(({ points }) => points.map(({ x }) => x)), this.view.low);
  }

  show(view) {
    this.view = view;
    view.plot.after(this.line);
    if (!view.series.some(({ points }) => points.length)) return;
    const { place } = this;
    Object.assign(place, { tabIndex: 0, role: "slider", ariaValueMin: Math.min(1, this.#last), ariaValueMax: this.#last });
    this.#choose(this.#epoch);
  }

  #point({ clientX }) {
    const { left, width } = this.view.plot.getBoundingClientRect();
    const { low, high } = this.view;
    const epoch = Math.round(low + ((high - low) * (clientX - left)) / width);
    this.#choose(Math.min(this.#last, Math.max(Math.min(1, this.#last), epoch)));
  }

  #key(event) {
    const next = stepped(event.key, this.#epoch ?? this.#last, Math.min(1, this.#last), this.#last);
    if (next === null) return;
    event.preventDefault();
    this.#choose(next);
  }

  #choose(epoch) {
    this.#epoch = epoch;
    const { low, high, series, say } = this.view;
    this.line.hidden = epoch === null;
    const at = epoch ?? this.#last;
    const found = series.map(({ title, points }) => ({ title, point: nearest(points, at) })).filter(({ point }) => point);
    const values = found.map(({ title, point }) => `${title} ${point.text}`).join(", ");
    const words = fill(say, { epoch: new Intl.NumberFormat(document.documentElement.lang).format(at), values });
    Object.assign(this.place, { ariaValueNow: at, ariaValueText: words });
    this.line.style.marginInlineStart = `${(100 * (at - low)) / Math.max(1e-9, high - low)}%`;
    const shown = this.place.parentElement.querySelector(".curve-values");
    shown.dataset.hint ??= shown.textContent;
    shown.textContent = epoch === null ? shown.dataset.hint : words;
  }
}
