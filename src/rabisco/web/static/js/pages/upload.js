// The upload page: dropping and pasting; the results come into view.

import "../components/drop-zone.js";

document.querySelector("#results")?.focus();
