// A run as its events tell it: where it stands, and the points of its curves. No DOM.

export const empty = () => ({ last: 0, state: "", phase: {}, progress: null, train: [], epochs: [] });

// Each event once, in order; one that came before is ignored.
export function after(view, { number, kind, payload }) {
  if (number <= view.last) return view;
  const next = { ...view, last: number };
  if (kind === "state") {
    next.state = payload.state;
    if (payload.state === "queued") next.phase = {};
  }
  if (kind === "phase") next.phase = payload;
  if (kind === "progress") {
    next.progress = payload;
    next.train = [...view.train, { x: place(payload), accuracy: payload.accuracy, loss: payload.loss }];
  }
  if (kind === "epoch") {
    next.progress = payload; // its last batch, which may have come too soon after the one before to be told by itself
    next.epochs = [...view.epochs.filter(({ epoch }) => epoch < payload.epoch), payload];
  }
  return next;
}

// Epochs done, with the part of the one that goes on.
export const place = ({ epoch, step, steps }) => epoch - 1 + step / steps;

export const share = (progress) => place(progress) / progress.epochs;

// Points of the two curves of a figure, "accuracy" or "loss": what happened after a resumption replaces what was before.
export function curves(view, figure) {
  const ended = view.epochs.map((row) => ({ x: row.epoch, y: row[figure] }));
  const within = view.train.map((point) => ({ x: point.x, y: point[figure] }));
  return {
    train: forward([...ended, ...within].sort((a, b) => a.x - b.x)),
    validation: view.epochs.map((row) => ({ x: row.epoch, y: row[`validation_${figure}`] })),
  };
}

const drawable = ({ x, y }) => Number.isFinite(x) && Number.isFinite(y);
const forward = (points) =>
  points.filter((point, index) => drawable(point) && (index === 0 || point.x > points[index - 1].x));

const STEPS = [1, 2, 5].flatMap((digit) => [-4, -3, -2, -1, 0, 1, 2, 3].map((power) => digit * 10 ** power)).sort((a, b) => a - b);

// Round marks around values, both ends among them, at most seven.
export function ticks(values) {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const step = STEPS.find((one) => Math.ceil(high / one) - Math.floor(low / one) < 7) ?? STEPS.at(-1);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(6)));
}

// An SVG path through points, on a sheet of 100 × 100 whose upper edge is the highest mark.
export function path(points, width, marks) {
  const [low, high] = [marks[0], marks.at(-1)];
  const spot = ({ x, y }) => `${((100 * x) / width).toFixed(2)} ${(100 - (100 * (y - low)) / (high - low)).toFixed(2)}`;
  return points.map((point, index) => `${index === 0 ? "M" : "L"}${spot(point)}`).join("");
}

// Seconds in words: 95 → [2, "minute"].
export function duration(seconds) {
  if (seconds < 90) return [Math.max(0, Math.round(seconds)), "second"];
  return seconds < 5400 ? [Math.round(seconds / 60), "minute"] : [Math.round(seconds / 3600), "hour"];
}

// Seconds until the end: what is left of a phase, and what those after it took the last time; null if nothing tells.
export function timeLeft(expected, phase, spent, eta = null) {
  const phases = Object.keys(expected);
  const place = phases.indexOf(phase);
  const later = place < 0 ? 0 : phases.slice(place + 1).reduce((sum, name) => sum + expected[name], 0);
  const usual = place < 0 ? null : Math.max(0, expected[phase] - spent);
  const now = phase === "training" ? (eta ?? usual) : usual;
  return now === null ? null : now + later;
}

// The point whose x is nearest; undefined where there is none, or none within one epoch.
export function nearest(points, x) {
  const [first] = points.toSorted((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x));
  return first && Math.abs(first.x - x) <= 1 ? first : undefined;
}

// The epoch that a key leads to; null for other keys.
export function stepped(key, epoch, first, last) {
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  const to = { Home: first, End: last }[key] ?? (key in steps ? Math.round(epoch) + steps[key] : null);
  return to === null ? null : Math.min(last, Math.max(first, to));
}
