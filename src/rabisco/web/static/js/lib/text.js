// Sentences for readers, from messages that the page was given in their language. No DOM.

export const fill = (message, values) => message.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export function verdict(readings, messages) {
  const [first, second] = readings;
  if (!second) return fill(messages.one, { first: first.title, category: first.category });
  if (first.category === second.category) return fill(messages.agree, first);
  return fill(messages.disagree, {
    first: first.title,
    category: first.category,
    second: second.title,
    other: second.category,
  });
}

export function percent(fraction, language) {
  return new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(
    fraction,
  );
}

export function milliseconds(value, language) {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(value);
}
