"""Rows of five digits are read as strings: at least 97% of the characters and 85% of the strings, however written.

Composed: MNIST's test digits, each used at most once, five in a row (300 pictures of each kind; seed 0), 32 to 90
pixels high, with a baseline that wanders, pens from thin to fat, ink and paper of any gray, shade and noise; with
gaps, with one gap that parts two numbers, with neighbors that touch, and in two lines. Real: the development pictures
of several digits (``realworld/multidigit`` in RABISCO_DATA_DIR) as they are; general faults were found on them, so
they are no test. A string is right if nothing in it is wrong, spaces and line ends included; characters are counted by
edit distance, without spaces.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks import accuracy_of, interval
from benchmarks.realworld import read_manifest, read_pictures
from rabisco import data
from rabisco.data.dataset import Split
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import get_predictor
from rabisco.text_reading import read_many

MODEL = "mnist-cnn"
REAL = "multidigit"
PICTURES = 300
DIGITS = 5
RESAMPLES = 2000
KINDS = {
    "gaps": "with gaps",
    "words": "two numbers",
    "lines": "two lines",
    "close": "no gaps",
    "touching": "each touches the next",
}
Pixels = NDArray[np.uint8]


def run() -> dict[str, Any]:
    """Read every composed and every real picture."""
    predictor = get_predictor(MODEL)
    read = lambda picture: read_many(predictor, picture).text  # noqa: E731
    composed = measure(read, data.load("mnist").test)
    rows = read_manifest(REAL)
    expected = [row["label"].replace("/", "\n") for row in rows]
    real = list(zip(expected, map(read, read_pictures(REAL, rows)), strict=True))
    return {
        "n": sum(figures["strings"]["n"] for figures in composed.values()) + len(real),
        "model": MODEL,
        "composed": composed,
        "real": judge(real),
        "real_readings": [{"expected": expected, "read": text} for expected, text in real],
    }


def table(result: dict[str, Any]) -> str:
    """Return the accuracies of each kind of picture as a Markdown table."""
    kinds = {KINDS[kind]: figures for kind, figures in result["composed"].items()} | {
        "real, development": result["real"]
    }
    rows = [
        (
            kind,
            f"{figures['strings']['n']:,}",
            f"{figures['characters']['accuracy']:.2%}",
            interval(figures["characters"]),
            f"{figures['strings']['accuracy']:.1%}",
            interval(figures["strings"]),
        )
        for kind, figures in kinds.items()
    ]
    return markdown_table(("Rows", "Pictures", "Characters", "95% interval", "Strings", "95% interval"), rows)


def measure(
    read: Callable[[Pixels], str], split: Split, pictures: int = PICTURES, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Return how well rows composed of a split's digits are read, by kind.

    Args:
        read: A picture, RGB uint8 ``(H, W, 3)``, to its string.
        split: Digits, uint8 ``(N, 28, 28, 1)``, and their labels.
        pictures: How many of each kind.
        seed: Of the choice of digits, pens and places.
    """
    return {
        kind: judge([(expected, read(picture)) for expected, picture in compose_all(split, kind, pictures, seed)])
        for kind in KINDS
    }


def judge(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the accuracy of characters and of strings, with 95% intervals: bootstrapped and Wilson's."""
    lengths = np.array([len(_solid(expected)) for expected, _ in pairs])
    wrong = np.array([edit_distance(_solid(expected), _solid(text)) for expected, text in pairs])
    right = sum(expected == text for expected, text in pairs)
    chosen = np.random.default_rng(0).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    resampled = 1 - wrong[chosen].sum(axis=1) / lengths[chosen].sum(axis=1)
    low, high = (float(bound) for bound in np.percentile(resampled, [2.5, 97.5]))
    return {
        "characters": {
            "n": int(lengths.sum()),
            "accuracy": float(1 - wrong.sum() / lengths.sum()),
            "accuracy_interval": [low, high],
        },
        "strings": accuracy_of(right, len(pairs)),
    }


def compose_all(split: Split, kind: str, pictures: int, seed: int) -> Iterator[tuple[str, Pixels]]:
    """Return strings and pictures of them, each digit of the split used at most once."""
    random = np.random.default_rng([seed, list(KINDS).index(kind)])
    lines = 2 if kind == "lines" else 1
    order = random.permutation(len(split.labels))[: pictures * DIGITS * lines]
    for chosen in order.reshape(pictures, lines, DIGITS):
        rows, strings = [], []
        style = _Style(random, kind)
        for line in chosen:
            row, space = style.row([split.images[index, :, :, 0] for index in line])
            digits = [str(split.labels[index]) for index in line]
            strings.append("".join(digits[:space]) + " " + "".join(digits[space:]) if space else "".join(digits))
            rows.append(row)
        yield "\n".join(strings), style.page(rows)


class _Style:
    """How one picture is written: sizes, pen, gaps, paper and light."""

    def __init__(self, random: np.random.Generator, kind: str) -> None:
        self.random, self.kind = random, kind
        self.height = random.uniform(32, 90)
        self.gap = random.uniform(0.05, 0.4)
        self.pen = random.uniform(-0.5, 0.9)  # by how much it is wider than MNIST's, in the digits' own pixels

    def row(self, digits: list[Pixels]) -> tuple[NDArray[np.float64], int]:
        """Return one row, dark = 0 to 1 = ink, and before which digit a space stands; 0 if nowhere."""
        space = int(self.random.integers(2, DIGITS - 1)) if self.kind == "words" else 0
        slope, phase = self.random.uniform(-0.04, 0.04), self.random.uniform(0, 6)
        field = np.zeros((round(self.height * 3.4), round(self.height * (DIGITS + 1) * 1.8)))
        middle, right = field.shape[0] // 2, 0
        for number, digit in enumerate(digits):
            image = self._written(digit)
            place = middle + round(self.height * (slope * number + 0.06 * np.sin(phase + number)) - len(image) / 2)
            window = field[place : place + len(image)]
            if number:
                right = (
                    self._touching(window, image) if self.kind == "touching" else right + self._space(number, space)
                )
            view = window[:, right : right + image.shape[1]]
            view[:] = np.maximum(view, image)
            right += image.shape[1]
        rows, columns = np.flatnonzero(field.any(axis=1)), np.flatnonzero(field.any(axis=0))
        return field[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], space

    def _space(self, number: int, space: int) -> int:
        if self.kind == "close":
            return 0
        width = (
            self.random.uniform(0.9, 1.4) + self.gap if number == space else self.gap * self.random.uniform(0.5, 1.5)
        )
        return max(2, round(self.height * width))

    def _touching(self, window: NDArray[np.float64], image: NDArray[np.float64]) -> int:
        """Return the column at which the next digit touches what stands there, by a few hundredths of the height."""
        solid, written = image > 0.5, window > 0.5
        ends = np.where(written.any(axis=1), written.shape[1] - written[:, ::-1].argmax(axis=1), -10_000)
        starts = np.where(solid.any(axis=1), solid.argmax(axis=1), 10_000)
        touching = int((ends - starts).max())
        return max(0, touching - round(self.height * self.random.uniform(0, 0.03)))

    def _written(self, digit: Pixels) -> NDArray[np.float64]:
        """Return a digit, ink 0 to 1, cut to its ink, in this picture's size and pen."""
        ink = ndimage.zoom(digit / 255.0, 4, order=3).clip(0, 1)
        distance = 4 * (self.pen / 2 + 0.25) - ndimage.distance_transform_edt(ink < 0.4)
        ink = np.maximum(ink, (distance / 2).clip(0, 1))
        ink[ink < 0.1] = 0
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        scale = self.height * self.random.uniform(0.88, 1.12) / 80
        size = (max(3, round(ink.shape[1] * scale)), max(3, round(ink.shape[0] * scale)))
        resized = Image.fromarray((ink * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX if scale < 1 else 3)
        return np.asarray(resized) / 255.0

    def page(self, rows: list[NDArray[np.float64]]) -> Pixels:
        """Return the rows on paper, RGB."""
        margin = round(self.height * self.random.uniform(0.4, 1.0))
        gap = round(self.height * self.random.uniform(0.35, 0.8))
        width = max(row.shape[1] for row in rows) + 2 * margin
        height = sum(len(row) for row in rows) + gap * (len(rows) - 1) + 2 * margin
        ink = np.zeros((height, width))
        top = margin
        for row in rows:
            left = margin + int(self.random.integers(0, width - 2 * margin - row.shape[1] + 1))
            ink[top : top + len(row), left : left + row.shape[1]] = row
            top += len(row) + gap
        paper = self.random.uniform(190, 255)
        pen = self.random.uniform(0, 0.45) * paper
        darkest, direction = self.random.uniform(0.65, 1), self.random.uniform(0, 2 * np.pi)
        across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        slant = (1 + (across * np.cos(direction) + down * np.sin(direction)) / np.sqrt(2)) / 2
        light = 1 - (1 - darkest) * slant
        noise = self.random.normal(0, self.random.uniform(0, 3), ink.shape)
        gray = np.clip((paper + (pen - paper) * ink) * light + noise, 0, 255)
        return np.repeat(gray[..., np.newaxis], 3, axis=2).astype(np.uint8)


def edit_distance(one: str, other: str) -> int:
    """Return Levenshtein's distance: insertions, deletions and replacements that make one of the other."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        before, row[0] = row[0], number
        for column, against in enumerate(other, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (character != against)),
            )
    return row[-1]


def _solid(text: str) -> str:
    return "".join(text.split())
