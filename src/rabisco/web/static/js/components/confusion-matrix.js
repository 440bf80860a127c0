// <confusion-matrix data-names='["0", …]' data-counts="[[…], …]"><div tabindex="0"><svg>…</svg></div><p role="status">
// Says in words which cell is pointed at, touched, or moved to by the arrow keys; with data-images, an address, a click or
// Enter shows the images of the cell.

import { cellAddress, cellAfter, cellInWords } from "../lib/matrix.js";
import { showImages } from "./image-sheet.js";

const SIDE = 10; // of a cell, in the units of the picture

class ConfusionMatrix extends HTMLElement {
  #cell = null;

  connectedCallback() {
    this.table = { names: JSON.parse(this.dataset.names), counts: JSON.parse(this.dataset.counts) };
    this.messages = JSON.parse(document.body.dataset.messages);
    this.picture = this.querySelector("svg");
    this.picture.addEventListener("pointermove", (event) => this.#point(event));
    this.picture.addEventListener("pointerdown", (event) => this.#point(event));
    this.picture.addEventListener("click", (event) => this.#point(event) && this.#show());
    this.querySelector("[tabindex]").addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.key === "Enter" && this.#cell) {
      event.preventDefault(); // lest it presses what the dialog puts the focus on
      return this.#show();
    }
    const next = cellAfter(this.#cell ?? [0, -1], event.key, this.table.names.length);
    if (!next) return;
    event.preventDefault();
    this.#choose(next);
    this.chosen.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #point({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.picture.getScreenCTM().inverse());
    const cell = [Math.floor(y / SIDE), Math.floor(x / SIDE)];
    const inside = cell.every((place) => place >= 0 && place < this.table.names.length);
    if (inside) this.#choose(cell);
    return inside;
  }

  #show() {
    const address = cellAddress(this.dataset.images ?? "", this.#cell, this.table);
    if (address) showImages(address);
  }

  get chosen() {
    return this.picture.querySelector(".chosen");
  }

  #choose([row, column]) {
    this.#cell = [row, column];
    this.chosen.setAttribute("x", column * SIDE);
    this.chosen.setAttribute("y", row * SIDE);
    this.chosen.setAttribute("visibility", "visible");
    const words = cellInWords(this.#cell, this.table, this.messages, document.documentElement.lang);
    this.querySelector("[role=status]").textContent = words;
  }
}

customElements.define("confusion-matrix", ConfusionMatrix);
