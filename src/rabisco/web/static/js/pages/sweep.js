// A sweep as it goes on: every two seconds its table and picture are taken from the server anew, until all have ended.

import { pageAt } from "../lib/swap.js";

const PAUSE = 2000;

async function again() {
  const region = document.querySelector("[data-live]");
  if (!region) return;
  const there = await pageAt(location.href); // null while the server does not answer: it is asked again
  const other = there?.querySelector(`[data-region=${region.dataset.region}]`);
  if (other) region.replaceWith(document.adoptNode(other));
  setTimeout(again, PAUSE);
}

setTimeout(again, PAUSE);
