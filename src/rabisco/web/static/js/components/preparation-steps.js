// <preparation-steps><ol class="steps"></ol></preparation-steps> with .show(steps): how a picture was prepared.

class PreparationSteps extends HTMLElement {
  show(steps) {
    this.hidden = steps.length === 0;
    this.querySelector("ol").replaceChildren(...steps.map(item));
  }
}

function item({ title, image }) {
  const row = document.createElement("li");
  const frame = Object.assign(document.createElement("span"), { className: "frame" });
  frame.append(Object.assign(new Image(), { src: image, alt: "" }));
  row.append(frame, title);
  return row;
}

customElements.define("preparation-steps", PreparationSteps);
