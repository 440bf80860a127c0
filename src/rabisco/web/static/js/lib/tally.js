// Who of several reads what: the readings by character, the most read first. No DOM.

import { fill, verdict } from "./text.js";

export function tally(readings) {
  const titles = new Map();
  for (const { category, title } of readings) titles.set(category, [...(titles.get(category) ?? []), title]);
  return [...titles].sort(([, first], [, second]) => second.length - first.length);
}

export function verdictOfAll(readings, messages) {
  if (readings.length < 3) return verdict(readings, messages);
  const groups = tally(readings);
  if (groups.length === 1) return fill(messages.all, { category: groups[0][0] });
  const parts = groups.map(([category, titles]) => `${category}: ${titles.join(", ")}`);
  return fill(messages.split, { readings: parts.join(" · ") });
}
