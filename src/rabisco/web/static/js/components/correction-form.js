// <correction-form hidden><details><form>… <button name="true_label"> …</form></details></correction-form>
// With data-own the form holds picture and readings, as on the upload page.
// Says what a picture really is by one click or key, and sends it without a reload. .show(picture, predictions, box), or
// .reset() when there is nothing to correct. Fires "corrected" (detail: the answer) when a model has learned it.

import { browser } from "../lib/kept.js";

const CONSENT = "consent";
const OTHER = "another-character";

class CorrectionForm extends HTMLElement {
  #about = {};

  connectedCallback() {
    this.form = this.querySelector("form");
    this.details = this.querySelector("details");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(event.submitter?.value ?? "");
    });
    document.addEventListener("keydown", this.#key);
    this.#agree(browser.get(CONSENT) === "yes");
    if (this.hasAttribute("data-own")) this.#takeOwn();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#key);
  }

  show(picture, predictions, box) {
    this.hidden = false;
    if (this.#about.image !== picture) this.details.open = false;
    const readings = predictions.map(({ model, version, category, probability }) => ({
      model,
      version,
      predicted: category,
      probability,
    }));
    this.#about = { image: picture, readings, ...(box && { box }) };
  }

  // Of an uploaded picture the form itself holds what is sent.
  #takeOwn() {
    const all = (name) => [...this.form.querySelectorAll(`[name=${name}]`)].map(({ value }) => value);
    const [models, versions, predicted, probabilities] = ["read_by", "version", "predicted", "probability"].map(all);
    const readings = models.map((model, index) => ({
      model,
      version: Number(versions[index]),
      predicted: predicted[index],
      probability: Number(probabilities[index]),
    }));
    this.#about = { image: this.form.image.value, readings };
  }

  reset() {
    this.hidden = true;
    this.details.open = false;
  }

  // A page of other models brings other classes along.
  offer(labels) {
    const other = this.form.querySelector(`[value="label:${OTHER}"]`);
    for (const chip of this.form.querySelectorAll("[value^='label:']")) if (chip !== other) chip.remove();
    for (const label of labels) {
      const chip = Object.assign(document.createElement("button"), { name: "true_label", value: `label:${label}` });
      chip.textContent = label;
      chip.classList.toggle("word", label.length > 2);
      other.before(chip);
    }
  }

  #key = (event) => {
    const { key, ctrlKey, metaKey, altKey, target } = event;
    if (!this.details.open || this.hidden || ctrlKey || metaKey || altKey) return;
    if (target.matches("input:not([type=checkbox]), textarea, select")) return;
    if (key === "Escape") return void (this.details.open = false);
    if (!/^[\p{L}\p{N}]$/u.test(key)) return;
    event.preventDefault();
    const chip = this.form.querySelector(`[value="label:${CSS.escape(key)}"]`);
    if (chip) this.form.requestSubmit(chip);
    else if (this.form.reportValidity()) this.#send(`label:${key}`);
  };

  #agree(yes) {
    this.form.consent.checked = yes;
    this.querySelector(".consent").hidden = yes;
  }

  async #send(said) {
    const label = said === "none" ? null : said.slice("label:".length);
    browser.set(CONSENT, "yes");
    this.#agree(true);
    let detail = { failed: "offline" };
    try {
      const response = await fetch(this.form.action, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json",
          "X-CSRFToken": this.form.csrf_token?.value ?? "",
        },
        body: JSON.stringify({ ...this.#about, true_label: label, consent: true }),
      });
      const answer = await response.json();
      detail = response.ok ? { ...answer, label } : { failed: answer.title };
    } catch {
      // the server cannot be reached: said so
    }
    this.details.open = false;
    this.dispatchEvent(new CustomEvent("corrected", { bubbles: true, detail }));
  }
}

customElements.define("correction-form", CorrectionForm);
