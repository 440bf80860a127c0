// Draws the curves of one figure into an element, as SVG of the form of _charts.html; its aria-label says them in words.

import { path, ticks } from "../lib/learning.js";
import { readable } from "./curve-reader.js";
import { fill } from "../lib/text.js";

const SVG = "http://www.w3.org/2000/svg";

export function draw(place, figure, { train, validation }, epochs, { messages, number, percent, language }) {
  const show = { language, number, percent };
  const marks = ticks([...train, ...validation].map(({ y }) => y));
  const words = (value) => (figure === "accuracy" ? show.percent(value, digits(marks)) : show.number(value));
  const sheet = element("svg", { class: "plot", viewBox: "0 0 100 100", preserveAspectRatio: "none" });
  const height = (mark) => 100 - (100 * (mark - marks[0])) / (marks.at(-1) - marks[0]);
  for (const mark of marks) sheet.append(element("path", { class: "gridline", d: `M0 ${height(mark)}H100` }));
  sheet.append(curve(train, 0, epochs, marks), curve(validation, 1, epochs, marks));
  const side = element("svg", { class: "plot y-axis" });
  for (const mark of marks) side.append(label(words(mark), { x: "100%", y: `${height(mark)}%`, dy: 4, "text-anchor": "end" }));
  const foot = element("svg", { class: "plot ticks" });
  foot.append(label(show.number(0), { x: 0, y: 15 }), label(show.number(epochs), { x: "100%", y: 15, "text-anchor": "end" }));
  const chart = Object.assign(document.createElement("div"), { className: "lines" });
  chart.append(side, sheet, document.createElement("span"), foot);
  place.replaceChildren(chart);
  place.dataset.points = `${train.length} ${validation.length}`;
  const titles = JSON.parse(place.dataset.titles);
  const texts = (points) => points.map(({ x, y }) => ({ x, text: exact(y) }));
  const exact = (value) => (figure === "accuracy" ? show.percent(value) : show.number(value, { maximumSignificantDigits: 3 }));
  const series = [train, validation].map((points, index) => ({ title: titles[index], points: texts(points) }));
  readable(place, { plot: sheet, low: 0, high: epochs, series, say: messages.epoch_values });
  place.ariaLabel = inWords(place, figure, train, validation, messages, words);
}

function inWords(place, figure, train, validation, messages, words) {
  const title = place.closest("figure").querySelector("figcaption").textContent;
  const last = (points) => (points.length === 0 ? "–" : words(points.at(-1).y));
  return fill(messages.curve, { figure: title, train: last(train), validation: last(validation), epochs: validation.length });
}

const digits = (marks) => Math.max(0, Math.ceil(-Math.log10((marks[1] - marks[0]) * 100) - 1e-9));

function curve(points, series, epochs, marks) {
  const dot = points.length === 1 ? "h0.01" : "";
  return element("path", { class: `curve series-${series}`, d: path(points, epochs, marks) + dot });
}

function label(text, attributes) {
  const made = element("text", attributes);
  made.textContent = text;
  return made;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
