// The API as functions. They reject with an Error whose message is fit for the reader.

export async function predict(image, model, options) {
  return (await predictAll(image, [model], options))[0];
}

// What each of the models reads in a picture that is sent once.
export async function predictAll(image, models, { signal, characters = "one", among = "any", steps = true, all = false } = {}) {
  const names = models.map(encodeURIComponent).join();
  const path = `/predict/${names}?steps=${Number(steps)}&characters=${characters}&among=${among}${all ? "&top_k=1000" : ""}`;
  return (await send(path, image, signal)).predictions;
}

// Where code asks what the page asks: without what needs not be said.
export function address(origin, { model, among }, characters = "one") {
  const asked = Object.entries({ characters, among }).filter(([, choice]) => choice !== "one" && choice !== "any");
  const query = new URLSearchParams(asked).toString();
  return `${origin}/predict/${encodeURIComponent(model)}${query && `?${query}`}`;
}

export async function explain(image, model, { signal, among = "any", parts = ["mattered"] } = {}) {
  const query = new URLSearchParams([["model", model], ["among", among], ...parts.map((part) => ["parts", part])]);
  return (await send(`/explain?${query}`, image, signal)).explanations[0];
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
