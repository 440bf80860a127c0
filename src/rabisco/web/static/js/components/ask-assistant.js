// <ask-assistant data-page="/runs/…"><ol class="talk">…</ol><p role="alert" hidden><form>…</form></ask-assistant>
// Sends the form's question without leaving the page and shows the answer as it comes; it can be stopped and copied.

import { copy } from "../lib/copy.js";
import { element } from "../lib/element.js";
import { lastReading } from "../lib/last-reading.js";
import { EventParser } from "../lib/sse.js";

class AskAssistant extends HTMLElement {
  connectedCallback() {
    this.talk = this.querySelector(".talk");
    this.form = this.querySelector("form");
    this.box = this.form.elements.question;
    this.stop = this.querySelector(".stop");
    this.reading = lastReading();
    this.querySelector(".share").hidden = !this.reading?.image || !("connected" in this.dataset);
    this.form.addEventListener("submit", (event) => this.#ask(event));
    this.stop.addEventListener("click", () => this.request?.abort());
    this.box.addEventListener("keydown", (event) => this.#sendByKey(event));
    document.querySelectorAll(".suggested a").forEach((link) => link.addEventListener("click", (event) => this.#take(event)));
    this.talk.querySelectorAll(".answer").forEach((answer) => this.#addCopy(answer));
  }

  #sendByKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #take(event) {
    event.preventDefault();
    this.box.value = event.currentTarget.textContent;
    this.form.requestSubmit();
  }

  async #ask(event) {
    event.preventDefault();
    if (this.request) return;
    const question = this.box.value.trim();
    const asked = this.#bubble("question", this.dataset.you, element("p", { textContent: question }));
    const said = element("div", { className: "said coming" });
    const answer = this.#bubble("answer card", this.dataset.assistant, said);
    this.#busy(new AbortController());
    try {
      const ended = await this.#follow(question, event.submitter?.value ?? "", said, answer);
      if (!ended) throw new Error(JSON.parse(document.body.dataset.messages).offline);
      this.box.value = "";
    } catch (error) {
      this.#failed(error, asked, answer, said);
    } finally {
      this.#busy(null);
    }
  }

  async #follow(question, source, said, answer) {
    const response = await fetch("/assistant/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json" },
      body: JSON.stringify(this.#body(question, source)),
      signal: this.request.signal,
    });
    if (!response.ok) throw new Error((await response.json()).detail);
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      for (const { name, data } of parser.take(part.value)) {
        if (name === "problem") throw new Error(data.detail);
        if (name === "text") said.append(data.text);
        if (name === "tool") this.#looksUp(answer, data.name);
        if (name === "done") {
          this.#finish(answer, said, data);
          return true;
        }
      }
    }
    return false;
  }

  #body(question, source) {
    const body = { question, source, page: this.dataset.page };
    if (this.reading) body.readings = this.reading.readings;
    if (this.reading && this.form.elements.share.checked) body.image = this.reading.image;
    return body;
  }

  #bubble(className, speaker, content) {
    const item = element("li", { className }, [element("h2", { className: "hidden", textContent: speaker }), content]);
    this.talk.append(item);
    return item;
  }

  #looksUp(answer, name) {
    answer.querySelector(".tools")?.remove();
    this.names = [...(this.names ?? []), name];
    const text = `${this.dataset.lookedUp} ${this.names.join(", ")}`;
    answer.append(element("p", { className: "hint tools", textContent: text }));
  }

  #finish(answer, said, { html, note }) {
    said.innerHTML = html; // made safe by the server
    said.classList.remove("coming");
    if (note) answer.append(element("p", { className: "hint", textContent: note }));
    this.#addCopy(answer);
    answer.scrollIntoView({ block: "nearest" });
  }

  // What came before the reader stopped stays; of what failed the question goes back into the box.
  #failed(error, asked, answer, said) {
    if (error.name === "AbortError" && said.textContent) {
      answer.append(element("p", { className: "hint", textContent: this.dataset.stopped }));
      this.#addCopy(answer);
      return;
    }
    asked.remove();
    answer.remove();
    if (error.name === "AbortError") return;
    const offline = error instanceof TypeError;
    this.#say(offline ? JSON.parse(document.body.dataset.messages).offline : error.message);
  }

  #addCopy(answer) {
    const button = element("button", { className: "button quiet", type: "button", textContent: this.dataset.copy });
    button.addEventListener("click", async () => {
      await copy(answer.querySelector(".said"));
      this.form.querySelector(".status").textContent = this.dataset.copied;
    });
    answer.append(button);
  }

  #busy(request) {
    this.request = request;
    this.names = [];
    this.stop.hidden = !request;
    this.talk.setAttribute("aria-busy", String(Boolean(request)));
    this.form.querySelectorAll("button:not(.stop)").forEach((button) => (button.disabled = Boolean(request)));
    if (request) this.#say("");
  }

  #say(problem) {
    const alert = this.querySelector("[role=alert]");
    alert.textContent = problem;
    alert.hidden = !problem;
  }
}

customElements.define("ask-assistant", AskAssistant);
