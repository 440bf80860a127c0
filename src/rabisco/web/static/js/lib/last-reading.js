// What models read in the last drawing of this window, for the assistant: kept by the browser, sent only with a question.

const KEY = "rabisco-reading";

export function rememberReading(image, predictions) {
  const readings = predictions.map(({ model, category, probability, top_k, refused }) => ({
    model,
    category,
    probability,
    top_k: (top_k ?? []).slice(0, 5).map(({ category: name, probability: share }) => ({ category: name, probability: share })),
    refused: refused?.message ?? null,
  }));
  store(() => sessionStorage.setItem(KEY, JSON.stringify({ image, readings })));
}

export function forgetReading() {
  store(() => sessionStorage.removeItem(KEY));
}

export function lastReading() {
  return store(() => JSON.parse(sessionStorage.getItem(KEY))) ?? null;
}

// A browser may forbid to store, or be full: then there is nothing to ask about.
function store(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
