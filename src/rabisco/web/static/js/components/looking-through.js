// <looking-through data-address="…"><progress>…<span class="rows">: asks how far the looking is, then for the page again.

const POLL_MS = 700;

class LookingThrough extends HTMLElement {
  connectedCallback() {
    this.#ask();
  }

  async #ask() {
    try {
      const response = await fetch(this.dataset.address, { headers: { Accept: "application/json" } });
      const upload = await response.json();
      if (!response.ok || !["queued", "looking"].includes(upload.state)) return location.reload();
      this.#show(upload);
    } catch {
      // the server may be away for a moment
    }
    setTimeout(() => this.isConnected && this.#ask(), POLL_MS);
  }

  #show({ rows, share }) {
    this.querySelector(".rows").textContent = new Intl.NumberFormat(document.documentElement.lang).format(rows);
    if (share !== null) this.querySelector("progress").value = share;
  }
}

customElements.define("looking-through", LookingThrough);
