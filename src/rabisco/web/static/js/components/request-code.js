// <request-code><details>… [data-language] with <code>, button, [role=status] …</details></request-code>
// .show(url, image, key): the same request as code; hidden when there is no image.

import { copy } from "../lib/copy.js";
import { SNIPPETS } from "../lib/snippets.js";

class RequestCode extends HTMLElement {
  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.querySelector("details").addEventListener("toggle", () => this.#write());
    this.addEventListener("click", ({ target }) => target.closest("button") && this.#copy(target.closest("section")));
  }

  show(url, image, key = "category") {
    this.request = [url, image, key];
    this.hidden = !image;
    this.#write();
  }

  #write() {
    if (!this.querySelector("details").open) return;
    for (const section of this.querySelectorAll("[data-language]")) {
      section.querySelector("code").textContent = SNIPPETS[section.dataset.language](...this.request);
      section.querySelector("[role=status]").textContent = "";
    }
  }

  async #copy(section) {
    const done = await copy(section.querySelector("code"));
    section.querySelector("[role=status]").textContent = done ? this.messages.copied : this.messages.selected;
  }
}

customElements.define("request-code", RequestCode);
