// The API as a function. Rejects with an Error whose message is fit for the reader.

export async function predict(image, model, { signal, characters = "one" } = {}) {
  const response = await fetch(`/predict/${encodeURIComponent(model)}?steps=1&characters=${characters}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ image }),
    signal,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.title);
  return answer.predictions[0];
}
