// <row-answer data-model="mnist-cnn" data-title="Neural network">…</row-answer>: the string that one model reads.
// Fires "chosen" (detail: {character, reading, picture}) when the box of a character is chosen.
// .show(reading, picture), or .reset() when there is nothing to read; data-reading holds what the server has read.

import "./probability-bars.js";
import { copy } from "../lib/copy.js";
import { nextBox } from "../lib/boxes.js";
import { fill, milliseconds, percent } from "../lib/text.js";

class RowAnswer extends HTMLElement {
  #boxes = [];

  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.language = document.documentElement.lang;
    this.svg = this.querySelector(".boxes svg");
    this.querySelector("[data-copy]").addEventListener("click", () => this.#copy());
    this.svg?.addEventListener("click", ({ target }) => this.#choose(this.#boxes.indexOf(target)));
    this.svg?.addEventListener("keydown", (event) => this.#key(event));
    const reading = JSON.parse(this.dataset.reading ?? "null");
    if (reading && !reading.blank) this.show(reading, this.svg.querySelector("image").getAttribute("href"));
  }

  show(reading, picture) {
    if (reading.blank) return this.reset();
    this.reading = reading;
    this.picture = picture;
    this.dataset.state = "read";
    this.querySelector(".string").textContent = reading.text;
    this.querySelector("[data-copy]").hidden = false;
    this.querySelector("[role=status]").textContent = "";
    this.querySelector(".boxes").hidden = false;
    this.#draw(picture);
    this.#choose(0);
    const time = milliseconds(reading.latency_ms, this.language);
    this.querySelector(".latency").textContent = fill(this.messages.latency, { milliseconds: time });
  }

  reset() {
    this.dataset.state = "waiting";
    this.querySelector(".string").textContent = "?";
    this.querySelector("[data-copy]").hidden = true;
    this.querySelector("[role=status]").textContent = "";
    this.querySelector(".latency").textContent = "";
    for (const part of this.querySelectorAll(".boxes, .chosen")) part.hidden = true;
  }

  #draw(picture) {
    const { width, height, characters } = this.reading;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("role", "radiogroup");
    const image = element("image", { href: picture, width, height, preserveAspectRatio: "none" });
    this.#boxes = characters.map(({ box, category, probability }) => {
      const label = `${category}, ${percent(probability, this.language)}`;
      const place = { x: box.left, y: box.top, width: box.width, height: box.height };
      return element("rect", { ...place, role: "radio", "aria-label": label });
    });
    this.svg.replaceChildren(image, ...this.#boxes);
  }

  #choose(index) {
    if (index < 0) return;
    this.#boxes.forEach((box, each) => {
      box.setAttribute("aria-checked", each === index);
      box.setAttribute("tabindex", each === index ? 0 : -1);
    });
    const { category, top_k: candidates } = this.reading.characters[index];
    this.querySelector(".chosen").hidden = false;
    this.querySelector(".chosen .character").textContent = category;
    this.querySelector("probability-bars").show(candidates);
    const detail = { character: this.reading.characters[index], reading: this.reading, picture: this.picture };
    this.dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail }));
  }

  #key(event) {
    const next = nextBox(event.key, this.#boxes.indexOf(event.target), this.#boxes.length);
    if (next === null) return;
    event.preventDefault();
    this.#choose(next);
    this.#boxes[next].focus();
  }

  async #copy() {
    const done = await copy(this.querySelector(".string"));
    this.querySelector("[role=status]").textContent = done ? this.messages.copied : this.messages.selected;
  }
}

function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

customElements.define("row-answer", RowAnswer);
