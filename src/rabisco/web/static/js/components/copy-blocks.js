// A button beside every block of code on the page copies it.

import { copy } from "../lib/copy.js";

const messages = JSON.parse(document.body.dataset.messages);

for (const block of document.querySelectorAll("pre.command, .route > pre.examples")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet copy-block" });
  button.textContent = messages.copy;
  button.addEventListener("click", async () => {
    button.textContent = (await copy(block)) ? messages.copied : messages.selected;
    setTimeout(() => (button.textContent = messages.copy), 2000);
  });
  const frame = Object.assign(document.createElement("div"), { className: "with-copy" });
  block.replaceWith(frame);
  frame.append(block, button);
}
