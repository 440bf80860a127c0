// <inside-projector data-words="{…}"> <section data-flow="network" data-model data-among> <h2>, .flow </section> <section
// data-flow="linear" …> … </inside-projector>: how ink becomes ten outputs.
// .show(picture, signal, messages) resolves to what the models read, as a sentence; .clear() when nothing is drawn.

import "./probability-bars.js";
import { explain, predictAll } from "../lib/api.js";
import { element } from "../lib/element.js";
import { figure, number, stage } from "../lib/inside-views.js";
import { fill, verdict } from "../lib/text.js";

const OUTPUTS = 10;

class InsideProjector extends HTMLElement {
  async show(picture, signal, messages) {
    const words = JSON.parse(this.dataset.words);
    const flows = [...this.querySelectorAll("[data-flow]")];
    const models = flows.map(({ dataset }) => dataset.model);
    const [predictions, ...explanations] = await Promise.all([
      predictAll(picture, models, { signal, among: flows[0].dataset.among, all: true }),
      ...flows.map(({ dataset: { model, among, flow } }) =>
        explain(picture, model, { signal, among, parts: flow === "network" ? ["stages"] : ["evidence"] }),
      ),
    ]);
    const readings = predictions.map(({ category, refused, top_k, steps }, index) => {
      const show = flows[index].dataset.flow === "network" ? network : linear;
      this.#fill(flows[index], show(top_k, explanations[index], steps.at(-1).image, words));
      return { category, refused, title: flows[index].querySelector("h2").textContent };
    });
    return verdict(readings, messages);
  }

  clear() {
    this.querySelectorAll(".flow").forEach((flow) => flow.replaceChildren());
  }

  #fill(section, steps) {
    section.querySelector(".flow").replaceChildren(...steps);
    section.querySelectorAll("probability-bars").forEach((bars) => {
      bars.show(bars.candidates);
      const best = Math.max(...bars.candidates.map(({ probability }) => probability));
      bars.candidates.forEach(({ probability }, index) => bars.list.children[index].classList.toggle("best", probability === best));
    });
  }
}

function outputs(top_k, words) {
  const shown = top_k.slice(0, OUTPUTS).sort((first, second) => first.category_index - second.category_index);
  const bars = element("probability-bars", { candidates: shown });
  return element("figure", { className: "outputs" }, [bars, element("figcaption", { textContent: words.outputs })]);
}

function network(top_k, { stages }, ink, words) {
  const side = { height: 28, width: 28 };
  return [figure(ink, fill(words.ink, side), "ink"), ...stages.map((one) => stage(one, words)), outputs(top_k, words)];
}

function linear(top_k, { evidence, category: best }, ink, words) {
  const classes = [...evidence].sort((first, second) => first.category_index - second.category_index);
  const figures = classes.map(({ category, logit, image, weights }) => {
    const both = [
      element("img", { src: weights, alt: words.template }),
      element("span", { className: "times", textContent: "×", ariaHidden: "true" }),
      element("img", { src: image, alt: words.seen }),
    ];
    const caption = fill(words.class, { category, logit: number(logit) });
    const shown = figure(element("span", { className: "column" }, both), caption, "template");
    shown.classList.toggle("best", category === best);
    return shown;
  });
  return [figure(ink, fill(words.ink, { height: 28, width: 28 }), "ink"), ...figures];
}

customElements.define("inside-projector", InsideProjector);
