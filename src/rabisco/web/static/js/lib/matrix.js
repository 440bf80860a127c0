// Moving about a square matrix, and one of its cells in words. No DOM.

import { fill, percent } from "./text.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export function cellAfter([row, column], key, size) {
  if (key === "Home") return [row, 0];
  if (key === "End") return [row, size - 1];
  const arrow = ARROWS[key];
  if (!arrow) return null;
  const inside = (value) => Math.min(size - 1, Math.max(0, value));
  return [inside(row + arrow[0]), inside(column + arrow[1])];
}

export function cellInWords([row, column], { names, counts }, messages, language) {
  const total = counts[row].reduce((sum, count) => sum + count, 0);
  const format = new Intl.NumberFormat(language).format;
  return fill(row === column ? messages.cell_right : messages.cell, {
    category: names[row],
    read_as: names[column],
    count: format(counts[row][column]),
    total: format(total),
    share: share(counts[row][column], total, language),
  });
}

// Where the images of a cell are, by the address of all; nothing for an empty cell.
export function cellAddress(base, [row, column], { names, counts }) {
  if (!base || !counts[row][column]) return "";
  const asked = new URLSearchParams({ category: names[row], read_as: names[column] });
  return `${base}${base.includes("?") ? "&" : "?"}${asked}`;
}

function share(count, total, language) {
  if (count > 0 && count < total) return percent(count / total, language);
  return new Intl.NumberFormat(language, { style: "percent" }).format(count && 1);
}
