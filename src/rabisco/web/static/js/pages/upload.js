// The upload page: dropping and pasting; the results come into view, each can be corrected at once and looked into.

import "../components/correction-form.js";
import "../components/drop-zone.js";
import "../components/row-answer.js";
import "../components/webcam-picture.js";
import { sayWhatWasLearned } from "./learned.js";

const messages = JSON.parse(document.body.dataset.messages);
for (const row of document.querySelectorAll(".correct-row")) {
  sayWhatWasLearned(row, row.querySelector(".learned"), messages, () => {});
}

// One picture is open at a time; what looks inside it is loaded with the first.
let inside = null;

async function lookInside(row) {
  if (inside?.parentElement === row) return;
  if (inside) inside.parentElement.open = false;
  inside?.remove();
  inside = document.querySelector("template#inside").content.firstElementChild.cloneNode(true);
  row.append(inside);
  await Promise.all([import("../components/inside-panel.js"), import("../components/what-mattered.js")]);
  const picture = row.closest("td").querySelector("[name=image]").value;
  for (const part of row.querySelectorAll("inside-panel, what-mattered")) part.show(picture);
}

document.querySelectorAll("[data-inside][open]").forEach(lookInside); // opened before this was loaded
document.addEventListener("toggle", ({ target }) => target.matches("[data-inside][open]") && lookInside(target), true);
if (document.activeElement === document.body) document.querySelector("#results")?.focus();
