// A sweep as it goes on: every two seconds its table and picture are taken from the server anew, until all have ended.

const PAUSE = 2000;

async function again() {
  const region = document.querySelector("[data-live]");
  if (!region) return;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    const there = new DOMParser().parseFromString(await response.text(), "text/html");
    const other = there.querySelector(`[data-region=${region.dataset.region}]`);
    if (other) region.replaceWith(document.adoptNode(other));
  } catch {
    // the server does not answer now; it is asked again
  }
  setTimeout(again, PAUSE);
}

setTimeout(again, PAUSE);
