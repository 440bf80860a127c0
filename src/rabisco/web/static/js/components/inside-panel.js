// <inside-panel data-words="{…}">… [role=status] … .models > [data-model data-among] … <section data-part="stages"
// hidden>… .shown …</section> …</inside-panel>: what each model computed on the way to its answer.
// .show(picture); .show("") when there is none.

import { explain } from "../lib/api.js";
import { element } from "../lib/element.js";
import { VIEWS, flips } from "../lib/inside-views.js";
import { addStyles } from "../lib/styles.js";
import { latest } from "../lib/timing.js";

const PARTS = ["stages", "kernels", "features", "evidence", "grad-cam", "nearest"];
await addStyles(new URL("../../css/inside.css", import.meta.url));

class InsidePanel extends HTMLElement {
  show(picture) {
    this.#explain(picture);
  }

  #explain = latest(async (signal, picture) => {
    const messages = JSON.parse(document.body.dataset.messages);
    const [words, status] = [JSON.parse(this.dataset.words), this.querySelector("[role=status]")];
    const models = [...this.querySelectorAll("[data-model]")];
    const ask = (parts) =>
      Promise.all(models.map(({ dataset: { model, among } }) => explain(picture, model, { signal, among, parts })));
    if (!picture) {
      status.textContent = messages.waiting;
      return this.querySelectorAll("[data-part]").forEach((part) => (part.hidden = true));
    }
    try {
      const found = await ask(PARTS);
      status.textContent = found.some(({ remembered }) => remembered) ? words.by_heart : "";
      for (const [part, view] of Object.entries(VIEWS)) {
        const shown = await Promise.all(found.map((one) => view(one, words)));
        if (signal.aborted) return;
        this.#fill(part, models, shown);
      }
      const changed = await ask(["flips"]);
      this.#fill("flips", models, changed.map((one) => flips(one, words)));
    } catch (error) {
      if (error.name === "AbortError") return;
      status.textContent = error instanceof TypeError ? messages.offline : error.message;
    }
  });

  #fill(name, models, shown) {
    const part = this.querySelector(`[data-part=${name}]`);
    const groups = shown.flatMap((elements, index) =>
      elements.length === 0
        ? []
        : [
            element("h4", { textContent: models[index].textContent }),
            element("div", { className: "row" }, elements),
          ],
    );
    part.querySelector(".shown").replaceChildren(...groups);
    part.hidden = groups.length === 0;
  }
}

customElements.define("inside-panel", InsidePanel);
