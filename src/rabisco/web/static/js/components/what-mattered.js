// <what-mattered hidden><details>… <figure data-model><img alt="" hidden></figure> … [role=status] …</details></what-mattered>
// .show(picture): unfolded, it shows which parts of the picture mattered to each model; .show("") when there is none.

import { explain } from "../lib/api.js";
import { latest } from "../lib/timing.js";

class WhatMattered extends HTMLElement {
  #picture = "";

  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.details = this.querySelector("details");
    this.details.addEventListener("toggle", () => this.#ask());
  }

  show(picture) {
    this.#picture = picture;
    this.hidden = !picture;
    this.#ask();
  }

  #ask() {
    if (this.#picture && this.details.open) this.#explain();
  }

  #explain = latest(async (signal) => {
    const figures = [...this.querySelectorAll("figure")];
    const status = this.querySelector("[role=status]");
    status.textContent = "";
    try {
      const ask = ({ dataset: { model, among } }) => explain(this.#picture, model, { signal, among });
      const found = await Promise.all(figures.map(ask));
      found.forEach(({ image }, index) => Object.assign(figures[index].querySelector("img"), { src: image, hidden: false }));
    } catch (error) {
      if (error.name === "AbortError") return;
      status.textContent = error instanceof TypeError ? this.messages.offline : error.message;
    }
  });
}

customElements.define("what-mattered", WhatMattered);
