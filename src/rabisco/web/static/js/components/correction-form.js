// <correction-form class="card" hidden>…</correction-form>: says what a drawing really is, and sends it without a reload.
// .show(picture, predictions), or .reset() when there is nothing to correct.

class CorrectionForm extends HTMLElement {
  #readings = [];

  connectedCallback() {
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(event.target);
    });
  }

  show(picture, predictions) {
    this.hidden = false;
    const form = this.querySelector("form");
    this.#readings = predictions.map(({ model, version, category, probability }) => ({
      model,
      version,
      predicted: category,
      probability,
    }));
    if (form.image.value !== picture) this.querySelector("[role=status]").textContent = "";
    form.image.value = picture;
    form.true_label.value = `label:${predictions[0].category}`;
  }

  reset() {
    this.hidden = true;
    this.querySelector("details").open = false;
  }

  async #send(form) {
    const said = form.true_label.value;
    const status = this.querySelector("[role=status]");
    try {
      const response = await fetch(form.action, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": form.csrf_token?.value ?? "" },
        body: JSON.stringify({
          image: form.image.value,
          true_label: said === "none" ? null : said.slice("label:".length),
          consent: form.consent.checked,
          readings: this.#readings,
        }),
      });
      const answer = await response.json();
      status.textContent = response.ok ? this.dataset.stored : answer.title;
    } catch {
      status.textContent = this.dataset.offline;
    }
  }
}

customElements.define("correction-form", CorrectionForm);
