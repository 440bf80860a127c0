// <file-sender><form>…</form><div class="sending" hidden>…</div><p class="sending-failed" hidden></p></file-sender>
// Sends the form's files in the background, shows how far that is, and leads to the page that the server answers with.

import { fill } from "../lib/text.js";

class FileSender extends HTMLElement {
  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.querySelector(".sending button").addEventListener("click", () => this.request.abort());
  }

  #submit(event) {
    event.preventDefault();
    const address = event.submitter?.getAttribute("formaction") ?? this.form.action;
    this.request = new XMLHttpRequest();
    this.request.open("POST", address);
    this.request.setRequestHeader("Accept", "application/json");
    this.request.upload.addEventListener("progress", ({ loaded, total }) => this.#progress(loaded, total));
    this.request.addEventListener("load", () => this.#answered());
    this.request.addEventListener("error", () => this.#fail(this.messages.offline));
    this.request.addEventListener("abort", () => this.#show("form"));
    this.#show("sending");
    this.request.send(new FormData(this.form));
  }

  #progress(loaded, total) {
    this.querySelector("progress").value = loaded / total;
    const format = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    const [done, all] = [loaded, total].map((bytes) => format.format(bytes / 1e6));
    const words = loaded < total ? fill(this.messages.sent, { done, all }) : this.messages.stored;
    const place = this.querySelector(".sending-words");
    if (place.textContent !== words) place.textContent = words;
  }

  #answered() {
    const next = this.request.getResponseHeader("Location");
    if (this.request.status < 300 && next) return location.assign(next);
    let detail = this.request.statusText;
    try {
      detail = JSON.parse(this.request.responseText).detail;
    } catch {
      // an answer that is no JSON comes from something between us and the server
    }
    this.#fail(detail);
  }

  #fail(reason) {
    this.#show("form");
    const place = this.querySelector(".sending-failed");
    place.textContent = fill(this.messages.failed, { reason });
    place.hidden = false;
  }

  #show(part) {
    this.form.hidden = part !== "form";
    this.querySelector(".sending").hidden = part !== "sending";
    this.querySelector(".sending-failed").hidden = true;
    if (part === "sending") this.querySelector(".sending button").focus();
  }
}

customElements.define("file-sender", FileSender);
