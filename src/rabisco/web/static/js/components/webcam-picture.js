// <webcam-picture hidden><button data-open>…</button><dialog><video>…<p role="status"></p>…</dialog></webcam-picture>
// Takes a picture with the camera of a computer and fires "picture" (detail: a list with its file). Phones have their own
// way, <input capture>, so it shows itself only beside a mouse. data-denied, data-missing say why there is no picture.

class WebcamPicture extends HTMLElement {
  #stream = null;

  connectedCallback() {
    if (!navigator.mediaDevices?.getUserMedia || !matchMedia("(any-pointer: fine)").matches) return;
    this.hidden = false;
    this.dialog = this.querySelector("dialog");
    this.video = this.querySelector("video");
    this.shutter = this.querySelector("[data-shoot]");
    this.querySelector("[data-open]").addEventListener("click", () => this.#open());
    this.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
    this.shutter.addEventListener("click", () => this.#shoot());
    this.dialog.addEventListener("close", () => this.#stop());
  }

  disconnectedCallback() {
    if (this.#stream) this.#stop();
  }

  async #open() {
    this.#say("");
    this.shutter.disabled = true;
    this.dialog.showModal();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 1280 } });
      if (!this.dialog.open) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
      this.shutter.disabled = false;
      this.shutter.focus();
    } catch ({ name }) {
      this.#say(name === "NotAllowedError" ? this.dataset.denied : this.dataset.missing);
    }
  }

  async #shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    this.dialog.close();
    const file = new File([blob], "webcam.png", { type: blob.type });
    this.dispatchEvent(new CustomEvent("picture", { bubbles: true, detail: [file] }));
  }

  #stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.video.srcObject = null;
  }

  #say(words) {
    this.querySelector("[role=status]").textContent = words;
  }
}

customElements.define("webcam-picture", WebcamPicture);
