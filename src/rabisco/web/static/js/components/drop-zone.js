// <drop-zone><form>…<input type="file" name="file" multiple></form></drop-zone>: files dropped here or pasted, and
// what an <input capture> takes, are sent by the form.

class DropZone extends HTMLElement {
  connectedCallback() {
    this.addEventListener("dragover", (event) => this.#hover(event, true));
    this.addEventListener("dragleave", (event) => this.#hover(event, false));
    this.addEventListener("drop", (event) => {
      this.#hover(event, false);
      this.#send(event.dataTransfer.files);
    });
    this.querySelector("[capture]").addEventListener("change", ({ target }) => this.#send(target.files));
    document.addEventListener("paste", (event) => this.#send(event.clipboardData.files));
  }

  #hover(event, over) {
    event.preventDefault();
    this.classList.toggle("over", over);
  }

  #send(files) {
    if (files.length === 0) return;
    this.querySelector("[name=file]").files = files;
    this.querySelector("form").requestSubmit();
  }
}

customElements.define("drop-zone", DropZone);
