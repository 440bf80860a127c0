// <draw-examples data-address="/uploads/drawn" data-each="10" data-classes='["0", "1"]'>…</draw-examples>
// Counts the drawings of each class, remembers them in this browser, and sends them. connect(pad, root) joins it to a
// drawing pad, and to the buttons and the sentence around that.

import { ExampleSet } from "../lib/example-set.js";
import { browser } from "../lib/kept.js";
import { fill } from "../lib/text.js";

const DRAWINGS = "drawings";
const SHOWN = 12;

class DrawExamples extends HTMLElement {
  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.examples = new ExampleSet(JSON.parse(this.dataset.classes), Number(this.dataset.each), browser.get(DRAWINGS) ?? []);
    for (const button of this.querySelectorAll("[data-class]")) {
      button.addEventListener("click", () => this.#change(() => (this.examples.current = button.dataset.class)));
    }
    this.querySelector("[data-action=send]").addEventListener("click", () => this.#send());
  }

  connect(pad, root) {
    this.pad = pad;
    this.asked = root.querySelector(".asked");
    this.keepButton = root.querySelector("[data-action=keep]");
    this.backButton = root.querySelector("[data-action=back]");
    this.keepButton.addEventListener("click", () => this.#keep());
    this.backButton.addEventListener("click", () => this.#change(() => this.examples.takeBack()));
    pad.addEventListener("drawing", () => (this.keepButton.disabled = pad.drawing.isEmpty));
    pad.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#keep();
    });
    this.update();
  }

  update() {
    const { current, each, drawings, isFull, isEnough } = this.examples;
    const number = this.examples.count(current) + 1;
    this.asked.textContent = isFull ? this.messages.all_drawn : fill(this.messages.draw_class, { name: current, number, each });
    for (const button of this.querySelectorAll("[data-class]")) {
      const count = this.examples.count(button.dataset.class);
      button.setAttribute("aria-pressed", button.dataset.class === current && !isFull);
      button.querySelector(".count").textContent = `${count} / ${each}`;
      button.querySelector(".drawn-bar").style.setProperty("--share", Math.min(1, count / each));
    }
    const last = drawings.slice(-SHOWN).map(({ image }) => Object.assign(new Image(), { src: image, alt: "" }));
    this.querySelector(".last-ones").replaceChildren(...last);
    this.keepButton.disabled = this.pad.drawing.isEmpty;
    this.backButton.disabled = drawings.length === 0;
    this.querySelector("[data-action=send]").disabled = !isEnough;
  }

  #keep() {
    if (this.pad.drawing.isEmpty) return;
    this.#change(() => this.examples.keep(this.pad.toPicture()));
    this.pad.change((drawing) => drawing.forget());
  }

  #change(action) {
    action();
    browser.set(DRAWINGS, this.examples.drawings);
    this.update();
  }

  async #send() {
    const failed = this.querySelector("[role=alert]");
    const button = this.querySelector("[data-action=send]");
    button.disabled = true;
    failed.hidden = true;
    try {
      const response = await fetch(this.dataset.address, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json",
          "X-CSRFToken": this.querySelector("[name=csrf_token]")?.value ?? "",
        },
        body: JSON.stringify({ drawings: this.examples.drawings }),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.detail);
      browser.set(DRAWINGS, []);
      location.assign(response.headers.get("Location"));
    } catch (error) {
      const reason = error instanceof TypeError ? this.messages.offline : error.message;
      failed.textContent = fill(this.messages.failed, { reason });
      failed.hidden = false;
      button.disabled = false;
    }
  }
}

customElements.define("draw-examples", DrawExamples);
