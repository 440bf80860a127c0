// <measure-models data-address data-states><form>…</form><progress hidden></progress><p role="status"></p></measure-models>
// Has models measured on the same images by the server, and says how far that is; the page is loaded anew when it is done,
// unless whoever hears “measured” prevents it.

const POLL_MS = 700;

class MeasureModels extends HTMLElement {
  connectedCallback() {
    this.states = JSON.parse(this.dataset.states);
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    if (this.dataset.address) this.#poll();
  }

  async #start() {
    this.#busy(true);
    try {
      const body = new FormData(this.form);
      const headers = { Accept: "application/json", "X-CSRFToken": body.get("csrf_token") ?? "" };
      const response = await fetch(this.form.action, { method: "POST", headers, body: new URLSearchParams(body) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.detail);
      this.dataset.address = response.headers.get("Location");
      this.#show(answer);
    } catch (error) {
      this.#say(error instanceof TypeError ? this.dataset.offline : error.message);
      this.#busy(false);
    }
  }

  async #poll() {
    try {
      const response = await fetch(this.dataset.address, { headers: { Accept: "application/json" } });
      this.#show(await response.json());
    } catch {
      setTimeout(() => this.isConnected && this.#poll(), POLL_MS); // the server may be away for a moment
    }
  }

  #show({ state, share, message }) {
    this.querySelector("progress").value = share;
    this.#say(message || this.states[state]);
    if (state === "done") {
      const event = new CustomEvent("measured", { bubbles: true, cancelable: true });
      return this.dispatchEvent(event) && location.reload();
    }
    if (state === "failed") return this.#busy(false);
    setTimeout(() => this.isConnected && this.#poll(), POLL_MS);
  }

  #busy(yes) {
    this.form.querySelector("button").disabled = yes;
    this.querySelector("progress").hidden = !yes;
  }

  #say(words) {
    this.querySelector("[role=status]").textContent = words;
  }
}

customElements.define("measure-models", MeasureModels);
