// <probability-bars></probability-bars> with .show(candidates): the most probable classes, best first.

import { isWord, percent } from "../lib/text.js";

const BAR = '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect height="1"/></svg>';
const ROW = `<li><span class="label"></span>${BAR}<span class="percent"></span></li>`;

class ProbabilityBars extends HTMLElement {
  connectedCallback() {
    this.list = document.createElement("ol");
    this.list.className = "bars";
    this.append(this.list);
  }

  show(candidates) {
    while (this.list.children.length > candidates.length) this.list.lastElementChild.remove();
    while (this.list.children.length < candidates.length) this.list.insertAdjacentHTML("beforeend", ROW);
    this.list.classList.toggle("words", candidates.some(({ category }) => isWord(category)));
    candidates.forEach((candidate, index) => this.#update(this.list.children[index], candidate));
  }

  #update(row, { category, probability }) {
    row.querySelector(".label").textContent = category;
    row.querySelector("rect").setAttribute("width", (probability * 100).toFixed(2));
    row.querySelector(".percent").textContent = percent(probability, document.documentElement.lang);
  }
}

customElements.define("probability-bars", ProbabilityBars);
