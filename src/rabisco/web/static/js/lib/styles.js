// A style sheet that only what is opened later needs; resolves once it counts.

export function addStyles(url) {
  const link = document.createElement("link");
  const ready = new Promise((resolve) => link.addEventListener("load", resolve, { once: true }));
  Object.assign(link, { rel: "stylesheet", href: url });
  document.head.append(link);
  return ready;
}
