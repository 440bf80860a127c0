// <row-answer data-model="mnist-cnn" data-title="Neural network">…</row-answer>: the string that one model reads.
// Fires "chosen" (detail: {character, reading, picture}) when the box of a character is chosen.
// .show(reading, picture), or .reset() when there is nothing to read; data-reading holds what the server has read.

import "./probability-bars.js";
import { copy } from "../lib/copy.js";
import { nextBox } from "../lib/boxes.js";
import { fill, milliseconds, percent } from "../lib/text.js";

class RowAnswer extends HTMLElement {
  #boxes = [];
  #chosen = 0;

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
    const again = this.reading?.text === reading.text;
    this.reading = reading;
    this.picture = picture;
    this.dataset.state = "read";
    this.querySelector(".string").textContent = reading.text;
    this.querySelector("[data-copy]").hidden = false;
    this.querySelector("[role=status]").textContent = "";
    this.querySelector(".boxes").hidden = false;
    this.#draw(picture, again ? this.#chosen : 0);
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

  // The boxes are changed, not replaced: an answer that comes late takes the focus from no box that is still there.
  #draw(picture, chosen) {
    const { width, height, characters } = this.reading;
    set(this.svg, { viewBox: `0 0 ${width} ${height}`, role: "radiogroup" });
    set(this.svg.querySelector("image"), { href: picture, width, height, preserveAspectRatio: "none" });
    const focused = this.#boxes.indexOf(document.activeElement);
    const boxes = this.svg.getElementsByTagName("rect");
    while (boxes.length > characters.length) boxes[characters.length].remove();
    while (boxes.length < characters.length) this.svg.append(document.createElementNS(this.svg.namespaceURI, "rect"));
    this.#boxes = [...boxes];
    characters.forEach(({ box, category, probability }, index) => {
      const label = `${category}, ${percent(probability, this.language)}`;
      const place = { x: box.left, y: box.top, width: box.width, height: box.height };
      set(boxes[index], { ...place, role: "radio", "aria-label": label });
    });
    this.#choose(focused < 0 ? chosen : Math.min(focused, characters.length - 1));
    if (focused >= 0) this.#boxes[this.#chosen].focus({ preventScroll: true });
  }

  #choose(index) {
    if (index < 0) return;
    this.#chosen = index;
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

function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
}

customElements.define("row-answer", RowAnswer);
