// The page of a training: it keeps itself up to date.

import "../components/run-progress.js";
