// Server-sent events out of a stream of text: `take(text)` returns the events that are whole, as {name, data}.

export class EventParser {
  #rest = "";

  take(text) {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop();
    return blocks.map(parse).filter(({ data }) => data !== undefined);
  }
}

function parse(block) {
  const event = { name: "message", data: undefined };
  const lines = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event.name = value;
    if (field === "data") lines.push(value);
  }
  if (lines.length) event.data = JSON.parse(lines.join("\n"));
  return event;
}
