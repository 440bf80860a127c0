// <what-mattered hidden>… <figure data-model><img alt="" hidden></figure> … [role=status] …</what-mattered>
// .show(picture): which parts of the picture mattered to each model; .show("") when there is none.
// Fires "explained" (detail: what was found of the first model).

import { explain } from "../lib/api.js";
import { latest } from "../lib/timing.js";

class WhatMattered extends HTMLElement {
  show(picture) {
    this.hidden = !picture;
    this.#explain(picture);
  }

  #explain = latest(async (signal, picture) => {
    if (!picture) return;
    const messages = JSON.parse(document.body.dataset.messages);
    const figures = [...this.querySelectorAll("figure")];
    const status = this.querySelector("[role=status]");
    status.textContent = "";
    try {
      const ask = ({ dataset: { model, among } }) => explain(picture, model, { signal, among });
      const found = await Promise.all(figures.map(ask));
      found.forEach(({ image, remembered }, index) => {
        figures[index].hidden = remembered; // of what is known by heart, every part matters alike
        Object.assign(figures[index].querySelector("img"), { src: image, hidden: false });
      });
      status.textContent = found.some(({ remembered }) => remembered) ? messages.by_heart : "";
      this.dispatchEvent(new CustomEvent("explained", { bubbles: true, detail: found[0] }));
    } catch (error) {
      if (error.name === "AbortError") return;
      status.textContent = error instanceof TypeError ? messages.offline : error.message;
    }
  });
}

customElements.define("what-mattered", WhatMattered);
