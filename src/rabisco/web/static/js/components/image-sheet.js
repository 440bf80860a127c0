// The images behind a figure, in a dialog: whatever has data-images, a link or a mark of a chart, opens it.
// showImages(address) does so from elsewhere. What is shown is the <section data-behind> of the page at that address.

import { element } from "../lib/element.js";
import { pageAt } from "../lib/swap.js";
import "./measure-models.js";

const AGAIN_MS = 1500;
let dialog = null;
let shown = "";

export function openImages() {
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-images]:not(confusion-matrix)");
    if (!mark || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    showImages(mark.getAttribute("href") ?? mark.dataset.images);
  });
}

export async function showImages(address) {
  dialog ??= made();
  shown = address;
  dialog.setAttribute("aria-busy", "true");
  if (!dialog.open) dialog.showModal();
  const there = await pageAt(address);
  if (shown !== address) return;
  const section = there?.querySelector("[data-behind]");
  if (!section) return location.assign(address);
  dialog.removeAttribute("aria-busy");
  document.adoptNode(section);
  const heading = section.querySelector("h1");
  heading.replaceWith(element("h2", { id: "behind", tabIndex: -1 }, [...heading.childNodes]));
  dialog.querySelector("[data-behind]").replaceWith(section);
  dialog.querySelector("#behind").focus();
  section.addEventListener("measured", (event) => {
    event.preventDefault();
    showImages(address);
  });
  if (section.dataset.state === "reading") setTimeout(() => again(address), AGAIN_MS);
}

function again(address) {
  if (dialog.open && shown === address) showImages(address);
}

function made() {
  const close = element("button", { type: "button", className: "button quiet close", textContent: "✕" });
  close.setAttribute("aria-label", JSON.parse(document.body.dataset.messages).close);
  close.addEventListener("click", () => one.close());
  const empty = element("section");
  empty.dataset.behind = "";
  const one = element("dialog", { className: "image-sheet" }, [close, empty]);
  one.setAttribute("aria-labelledby", "behind");
  one.addEventListener("click", ({ target }) => target === one && one.close());
  document.body.append(one);
  return one;
}
