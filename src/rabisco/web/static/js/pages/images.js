// The page of the images behind a figure: it comes again once the rest of them is read.

import "../components/measure-models.js";

const AGAIN_MS = 1500;
if (document.querySelector("[data-behind][data-state=reading]")) setTimeout(() => location.reload(), AGAIN_MS);
