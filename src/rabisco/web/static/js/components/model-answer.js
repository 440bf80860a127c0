// <model-answer data-model="mnist-cnn" data-title="Neural network">…</model-answer>: what one model reads.
// .show(prediction), or .reset() when there is nothing to read.

import "./probability-bars.js";
import { fill, isWord, milliseconds } from "../lib/text.js";

class ModelAnswer extends HTMLElement {
  show({ category, top_k, alike, latency_ms, steps, refused, remembered }, messages) {
    this.dataset.state = refused ? "refused" : "read";
    this.#say(".alike", alike.length > 0 ? fill(messages.alike, { names: alike.join(", ") }) : "");
    this.#answer(category);
    this.querySelector("probability-bars").show(top_k);
    const saw = this.querySelector(".saw img");
    saw.src = steps.at(-1).image;
    saw.hidden = false;
    const time = milliseconds(latency_ms, document.documentElement.lang);
    this.querySelector(".latency").textContent = remembered ? messages.remembered : fill(messages.latency, { milliseconds: time });
    this.toggleAttribute("data-remembered", remembered);
  }

  reset() {
    this.dataset.state = "waiting";
    this.#say(".alike", "");
    this.#answer("?");
    this.querySelector("probability-bars").show([]);
    this.querySelector(".saw img").hidden = true;
    this.querySelector(".latency").textContent = "";
  }

  #answer(category) {
    const shown = this.querySelector(".character");
    shown.textContent = category;
    shown.classList.toggle("word", isWord(category));
  }

  #say(place, words) {
    const sentence = this.querySelector(place);
    sentence.textContent = words;
    sentence.hidden = words === "";
  }
}

customElements.define("model-answer", ModelAnswer);
