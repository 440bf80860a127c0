// The images of a data set are being read: the page is asked for again until they are there.

const POLL_MS = 800;

setTimeout(async function ask() {
  try {
    const page = await (await fetch(location.href, { headers: { Accept: "text/html" } })).text();
    if (!page.includes("data-waits")) return location.reload();
  } catch {
    // the server may be away for a moment
  }
  setTimeout(ask, POLL_MS);
}, POLL_MS);
