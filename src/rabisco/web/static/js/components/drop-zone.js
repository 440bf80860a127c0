// <drop-zone><form>…<input type="file" name="file" multiple></form></drop-zone>: files that are chosen, dropped anywhere on
// the page or pasted, and what an <input capture> or a <webcam-picture> takes, are sent by the form at once.

const PAUSE_MS = 250; // in which whoever chose files may still press the button

class DropZone extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    document.addEventListener("dragover", (event) => this.#hover(event, true));
    document.addEventListener("dragleave", (event) => this.#hover(event, false));
    document.addEventListener("drop", (event) => {
      this.#hover(event, false);
      this.#send(event.dataTransfer.files);
      this.querySelector(".dropped-link").hidden = event.dataTransfer.files.length > 0;
    });
    document.addEventListener("paste", (event) => this.#send(event.clipboardData.files));
    this.querySelector("[capture]").addEventListener("change", ({ target }) => this.#send(target.files));
    this.addEventListener("picture", ({ detail }) => this.#send(detail));
    this.form.addEventListener("submit", () => clearTimeout(this.waiting));
    this.form.file.addEventListener("change", ({ target }) => {
      if (target.files.length > 0) this.waiting = setTimeout(() => this.form.requestSubmit(), PAUSE_MS);
    });
  }

  #hover(event, over) {
    if (event.target.closest?.("input, textarea")) return; // which takes files and text by itself
    event.preventDefault(); // else a link that is dropped leads away
    this.classList.toggle("over", over && event.dataTransfer.types.includes("Files"));
  }

  #send(files) {
    if (files.length === 0) return;
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    this.form.file.files = held.files;
    this.form.requestSubmit();
  }
}

customElements.define("drop-zone", DropZone);
