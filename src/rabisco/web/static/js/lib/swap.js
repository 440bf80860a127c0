// Another page in place of this one without a reload: every [data-region] of it takes the place of the one so called.
// onSwap() hears of it. Where the pages differ in their regions, the browser goes there.

export function swapLinks(onSwap) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    swap(link.href, onSwap);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-swap]")) return;
    event.preventDefault();
    swap(`${location.pathname}?${new URLSearchParams(new FormData(event.target))}`, onSwap);
  });
}

export async function swap(url, onSwap) {
  const there = await pageAt(url);
  const regions = [...document.querySelectorAll("[data-region]")];
  const others = there && regions.map(({ dataset }) => there.querySelector(`[data-region=${dataset.region}]`));
  if (!there || others.some((one) => !one)) return location.assign(url);
  const focused = document.activeElement?.closest("[data-region]")?.dataset.region;
  regions.forEach((region, index) => region.replaceWith(document.adoptNode(others[index])));
  document.title = there.title;
  history.replaceState(null, "", url);
  if (focused) document.querySelector(`[data-region=${focused}] [aria-current]`)?.focus();
  onSwap();
}

// The document at an address; null where there is none, or no answer.
export async function pageAt(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" } });
    return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    return null;
  }
}
