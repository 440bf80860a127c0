// The upload page: dropping and pasting; the results come into view, and each can be corrected at once.

import "../components/correction-form.js";
import "../components/drop-zone.js";
import "../components/row-answer.js";
import "../components/webcam-picture.js";
import { sayWhatWasLearned } from "./learned.js";

const messages = JSON.parse(document.body.dataset.messages);
for (const row of document.querySelectorAll(".correct-row")) {
  sayWhatWasLearned(row, row.querySelector(".learned"), messages, () => {});
}
document.querySelector("#results")?.focus();
