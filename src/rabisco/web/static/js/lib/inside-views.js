// What `/explain` found as elements, part by part: each function returns them, [] where the model has no such part.

import { element } from "./element.js";
import { greatest, placeIn } from "./sheets.js";
import { fill, percent } from "./text.js";

const MOST_KERNELS = 8;
const MARK = "#ffe14d";
const language = () => document.documentElement.lang;
export const number = (value) =>
  new Intl.NumberFormat(language(), { maximumFractionDigits: 2, minimumFractionDigits: 2, signDisplay: "exceptZero" }).format(value);

export function figure(picture, caption, className = "") {
  const image = typeof picture === "string" ? element("img", { src: picture, alt: "" }) : picture;
  return element("figure", { className }, [image, element("figcaption", { textContent: caption })]);
}

export function stage({ name, shape: [height, width, count], image }, words) {
  const [, numbered] = name.match(/^stage(\d+)$/) ?? [];
  const caption = fill(numbered ? words.stage : words.stem, { number: numbered, count, height, width });
  return figure(image, caption, "sheet");
}

// One picture of a sheet; `mark` draws on it.
function cut(source, size, index, mark) {
  const { left, top, width, height } = placeIn(size, index);
  const canvas = element("canvas", { width, height, ariaHidden: "true" });
  const context = canvas.getContext("2d");
  context.drawImage(source, left, top, width, height, 0, 0, width, height);
  mark?.(context);
  return canvas;
}

async function loaded(src) {
  const image = element("img", { src });
  await image.decode();
  return image;
}

async function kernels(found, words) {
  if (!found.kernels) return [];
  const { shape, columns, image, answers, strongest } = found.kernels;
  const [sheet, answered] = await Promise.all([loaded(image), loaded(answers)]);
  const [count, height, width] = shape;
  const rows = Math.ceil(count / columns);
  const size = { columns, height: (answered.height + 1) / rows - 1, width: (answered.width + 1) / columns - 1 };
  const pairs = greatest(strongest.map(({ answer }) => answer), MOST_KERNELS).map((index) => {
    const { row, column, answer } = strongest[index];
    const spot = (context) => {
      context.strokeStyle = MARK;
      context.strokeRect(column - 1.5, row - 1.5, 4, 4);
    };
    const both = element("span", { className: "pair" }, [
      cut(sheet, { columns, height, width }, index),
      cut(answered, size, index, spot),
    ]);
    return figure(both, fill(words.kernel, { number: index + 1, answer: number(answer) }), "kernel");
  });
  return [...pairs, figure(image, fill(words.kernels, { count }), "sheet"), figure(answers, words.answers, "sheet")];
}

function features(found, words) {
  if (!found.features) return [];
  const { speaking_for, speaking_against, logit } = found.features;
  const shown = [...speaking_for, ...speaking_against.slice(0, 3)];
  const rest = logit - shown.reduce((sum, { part }) => sum + part, 0);
  const called = ({ index, map, row, column }) => {
    if (map === null) return fill(words.plain, { index: index + 1 });
    return fill(row === null ? words.whole : words.feature, { map: map + 1, row: row + 1, column: column + 1 });
  };
  const line = (label, sum, value) =>
    element("li", { className: value < 0 ? "against" : "for" }, [
      element("span", { textContent: label }),
      element("span", { textContent: sum }),
      element("b", { textContent: number(value) }),
    ]);
  const rows = shown.map((one) => line(called(one), `${number(one.value)} × ${number(one.weight)}`, one.part));
  const total = line(fill(words.score, found), "", logit);
  total.className = "total";
  return [element("ol", { className: "sum" }, [...rows, line(words.rest, "", rest), total])];
}

function evidence(found, words) {
  return found.evidence.map(({ category, logit, image, weights }) => {
    const both = element("span", { className: "pair" }, [image, weights].map((src) => element("img", { src, alt: "" })));
    return figure(both, fill(words.class, { category, logit: number(logit) }), "kernel");
  });
}

function nearest(found, words) {
  if (!found.nearest) return [element("p", { className: "hint", textContent: words.no_images })];
  return found.nearest.map(({ category, image }) => figure(image, category));
}

export function flips(found, words) {
  if (found.flips.length === 0) return [element("p", { className: "hint", textContent: words.unmoved })];
  return found.flips.map(({ change, category, probability, image, box }) => {
    const shown = element("canvas", { width: 112, height: 112, ariaHidden: "true" });
    loaded(image).then((picture) => {
      const [context, scale] = [shown.getContext("2d"), 112 / picture.width];
      context.imageSmoothingEnabled = false;
      context.drawImage(picture, 0, 0, 112, 112);
      Object.assign(context, { strokeStyle: MARK, lineWidth: 2 });
      context.strokeRect(box.left * scale, box.top * scale, box.width * scale, box.height * scale);
    });
    const sentence = fill(words[change], { category, probability: percent(probability, language()) });
    return figure(shown, sentence, "flip");
  });
}

export const VIEWS = {
  nearest,
  stages: (found, words) => found.stages.map((one) => stage(one, words)),
  kernels,
  grad_cam: (found, words) => (found.grad_cam ? [figure(found.grad_cam.image, fill(words.grad_cam, found))] : []),
  features,
  evidence,
};
