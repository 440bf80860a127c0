// Pictures in a sheet stand side by side in rows, a pixel apart. No DOM.

// Where picture `index` of a sheet lies, in its pixels.
export function placeIn({ columns, height, width }, index) {
  return { left: (index % columns) * (width + 1), top: Math.floor(index / columns) * (height + 1), height, width };
}

// The indices of the greatest values, the greatest first.
export function greatest(values, count) {
  return values
    .map((value, index) => [value, index])
    .sort(([first], [second]) => second - first)
    .slice(0, count)
    .map(([, index]) => index);
}
