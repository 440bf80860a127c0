// What came of a correction, beside it: learned, and nothing else got worse, with a way to undo it. `again()` reads anew.

import { fill } from "../lib/text.js";

export function sayWhatWasLearned(root, place, messages, again) {
  const words = place.querySelector("span");
  const undo = place.querySelector("button");
  let stored = null;

  root.addEventListener("corrected", ({ detail }) => {
    stored = detail.corrections?.[0]?.id ?? null;
    undo.hidden = !stored;
    words.textContent = sentence(detail, messages);
    place.dataset.done = !detail.failed;
    again();
  });
  undo.addEventListener("click", async () => {
    const token = root.querySelector("[name=csrf_token]")?.value ?? "";
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const response = await fetch(`/corrections/${stored}/delete`, { method: "POST", headers }).catch(() => null);
    if (!response?.ok) return void (words.textContent = messages.offline);
    forget();
    words.textContent = messages.undone;
    again();
  });

  function forget() {
    words.textContent = "";
    undo.hidden = true;
    delete place.dataset.done;
  }
  return forget;
}

function sentence({ failed, taught, label }, messages) {
  if (failed) return failed === "offline" ? messages.offline : failed;
  if (taught.length === 0) return messages.thanks;
  const counted = taught.filter((one) => one.counted > 0);
  const least = counted.sort((a, b) => a.unchanged / a.counted - b.unchanged / b.counted)[0];
  const said = { null: messages.learned_none, "another-character": messages.learned_other };
  const learned = fill(said[label] ?? messages.learned, { label });
  if (!least) return learned;
  const number = (value) => new Intl.NumberFormat(document.documentElement.lang).format(value);
  const numbers = { unchanged: number(least.unchanged), counted: number(least.counted) };
  return `${learned} ${fill(least.unchanged === least.counted ? messages.nothing_worse : messages.some_changed, numbers)}`;
}
