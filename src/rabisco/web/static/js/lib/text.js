// Sentences for readers, from messages that the page was given in their language. No DOM.

export const fill = (message, values) => message.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// The first model's refusal speaks for all; another's only silences itself.
export function verdict(readings, messages) {
  if (readings[0].refused) return readings[0].refused.message;
  const [first, second] = readings.filter(({ refused }) => !refused);
  if (!second) return fill(messages.one, { first: first.title, category: first.category });
  if (first.category === second.category) return fill(messages.agree, first);
  return fill(messages.disagree, {
    first: first.title,
    category: first.category,
    second: second.title,
    other: second.category,
  });
}

// No model is certain: what would round to 0 or 100% is shown as less or more than the last figure before it.
export function percent(fraction, language) {
  const digits = { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const { format } = new Intl.NumberFormat(language, digits);
  if (fraction > 0.9995) return `>${format(0.999)}`;
  return fraction < 0.0005 ? `<${format(0.001)}` : format(fraction);
}

export const oneLine = (text) => text.replaceAll("\n", " / ");

export function milliseconds(value, language) {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(value);
}

// A class whose name is too long to be shown as one large character.
export const isWord = (category) => [...category].length > 2;
