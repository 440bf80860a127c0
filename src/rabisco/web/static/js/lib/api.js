// The API as functions. They reject with an Error whose message is fit for the reader.

export async function predict(image, model, { signal, characters = "one" } = {}) {
  const path = `/predict/${encodeURIComponent(model)}?steps=1&characters=${characters}`;
  return (await send(path, image, signal)).predictions[0];
}

export async function explain(image, model, { signal } = {}) {
  return (await send(`/explain?model=${encodeURIComponent(model)}`, image, signal)).explanations[0];
}

async function send(path, image, signal) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ image }),
    signal,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.title);
  return answer;
}
