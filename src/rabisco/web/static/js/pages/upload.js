// The upload page: dropping and pasting; the results come into view.

import "../components/drop-zone.js";
import "../components/row-answer.js";

document.querySelector("#results")?.focus();
