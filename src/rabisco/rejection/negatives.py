"""Pictures that show no single character, drawn by code; each kind with the reason for which it is to be refused."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray
from PIL import Image

from rabisco.data.pen import Random, draw_strokes
from rabisco.rejection.doodles import DRAWINGS, FILLED, SCRIBBLES, Doodle
from rabisco.rejection.rendering import Picture, Strokes, blank_sheet, on_paper, written
from rabisco.rejection.rule import Reason

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Kind:
    """One kind of picture, and why it is to be refused."""

    name: str
    reason: Reason
    draw: Callable[[Random, Images], Picture]  # one, RGB; given characters, uint8 (N, H, W, 1), to put together
    composed: bool = False  # whether it does; other pictures do not depend on the characters


def draw_kind(kind: Kind, count: int, characters: Images, seed: int) -> list[Picture]:
    """Return so many pictures of one kind; the same for the same seed."""
    names = [one.name for one in KINDS]
    random = np.random.default_rng([seed, names.index(kind.name)])
    return [kind.draw(random, characters) for _ in range(count)]


def _doodle(doodle: Doodle, reason: Reason, *, filled: bool = False) -> Kind:
    def draw(random: Random, _: Images) -> Picture:
        return on_paper(draw_strokes(doodle(random), random, filled=filled), random)

    return Kind(doodle.__name__, reason, draw)


def _empty(random: Random, _: Images) -> Picture:
    return on_paper(blank_sheet(random), random)


def _crumpled(random: Random, _: Images) -> Picture:
    sheet = blank_sheet(random)
    folds = _octaves(sheet.shape, random, 8)
    paper = random.uniform(150, 245) + random.uniform(3, 25) * folds
    return _gray(paper + random.normal(0, random.uniform(0.5, 4), sheet.shape))


def _row(random: Random, characters: Images, count: int | None = None) -> Picture:
    line = _line(random, characters, count or int(random.integers(2, 7)))
    return on_paper(_placed(line, random), random)


def _lines(random: Random, characters: Images) -> Picture:
    lines = [_line(random, characters, int(random.integers(1, 5))) for _ in range(int(random.integers(2, 4)))]
    width = max(line.shape[1] for line in lines)
    gap = round(lines[0].shape[0] * random.uniform(0.1, 0.5))
    padded = [np.pad(line, ((0, gap), (0, width - line.shape[1]))) for line in lines]
    return on_paper(_placed(np.concatenate(padded), random), random)


def _line(random: Random, characters: Images, count: int) -> Strokes:
    height = int(random.integers(40, 150))
    chosen = [
        written(characters[random.integers(len(characters))], round(height * random.uniform(0.85, 1.1)), random)
        for _ in range(count)
    ]
    tallest = max(len(one) for one in chosen)
    gap = random.uniform(0.03, 0.4)
    parts = []
    for one in chosen:
        top = int(random.integers(0, tallest - len(one) + 1))
        right = max(1, round(height * gap * random.uniform(0.6, 1.4)))
        parts.append(np.pad(one, ((top, tallest - len(one) - top), (0, right))))
    return np.concatenate(parts, axis=1)


def _placed(ink: Strokes, random: Random) -> Strokes:
    margin = random.uniform(0.05, 0.6) * min(ink.shape)
    sides = random.uniform(0.3, 1, 4) * margin + 3
    return np.pad(ink, sides.astype(int).reshape(2, 2))


def _clouds(random: Random, _: Images) -> Picture:
    shape = blank_sheet(random).shape
    octaves = int(random.integers(2, 6))
    channels = [128 + random.uniform(20, 70) * _octaves(shape, random, octaves) for _ in range(3)]
    return _rgb(channels if random.random() < 0.6 else [channels[0]] * 3)


def _noise(random: Random, _: Images) -> Picture:
    shape = blank_sheet(random).shape
    grain = scipy.ndimage.gaussian_filter(random.normal(0, 1, shape), random.uniform(0.3, 3))
    return _gray(128 + random.uniform(30, 90) * grain / grain.std())


def _stripes(random: Random, _: Images) -> Picture:
    shape = blank_sheet(random).shape
    down, across = np.mgrid[: shape[0], : shape[1]]
    angle = random.uniform(0, np.pi)
    phase = (down * np.sin(angle) + across * np.cos(angle)) * 2 * np.pi / random.uniform(8, 60)
    wave = np.sin(phase) if random.random() < 0.5 else np.sign(np.sin(phase))
    return _colored(wave, random)


def _checks(random: Random, _: Images) -> Picture:
    shape = blank_sheet(random).shape
    down, across = np.mgrid[: shape[0], : shape[1]]
    size = random.uniform(10, 70)
    return _colored(np.where(((down // size) + (across // size)) % 2, 1.0, -1.0), random)


def _blocks(random: Random, _: Images) -> Picture:
    """Return overlapping colored patches under uneven light: a scene without sense."""
    shape = blank_sheet(random).shape
    picture = np.ones((*shape, 3)) * random.uniform(30, 220, 3)
    down, across = np.mgrid[: shape[0], : shape[1]]
    for _patch in range(int(random.integers(3, 12))):
        row, column = random.uniform(0, shape[0]), random.uniform(0, shape[1])
        high, wide = random.uniform(0.08, 0.5, 2) * min(shape)
        distance = ((down - row) / high) ** 2 + ((across - column) / wide) ** 2
        inside = distance < 1 if random.random() < 0.5 else (abs(down - row) < high) & (abs(across - column) < wide)
        picture[inside] = random.uniform(0, 255, 3)
    picture += random.uniform(5, 30) * _octaves(shape, random, 4)[..., np.newaxis]
    return np.asarray(picture.clip(0, 255), np.uint8)


def _colored(wave: NDArray[np.float64], random: Random) -> Picture:
    one, other = random.uniform(0, 255, (2, 3))
    if np.abs(one - other).max() < 50:
        other = 255 - one
    picture = one + (other - one) * (wave[..., np.newaxis] + 1) / 2
    picture += random.normal(0, random.uniform(0, 6), wave.shape)[..., np.newaxis]
    return np.asarray(picture.clip(0, 255), np.uint8)


def _octaves(shape: tuple[int, int], random: Random, count: int) -> NDArray[np.float32]:
    """Return noise of several coarsenesses, with mean 0 and standard deviation 1."""
    field = np.zeros(shape, np.float32)
    for octave in range(count):
        cells = min(2 ** (octave + 2), *shape)
        coarse = Image.fromarray(random.normal(0, 1, (cells, cells)).astype(np.float32))
        field += np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC)) * 0.6**octave
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def _gray(values: NDArray[np.floating]) -> Picture:
    return _rgb([values] * 3)


def _rgb(channels: list[NDArray[np.floating]]) -> Picture:
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


KINDS: tuple[Kind, ...] = (
    Kind("empty", "blank", _empty),
    Kind("crumpled", "blank", _crumpled),
    *(_doodle(doodle, "scribble") for doodle in SCRIBBLES),
    Kind("pair", "more-than-one-character", partial(_row, count=2), composed=True),
    Kind("row", "more-than-one-character", _row, composed=True),
    Kind("lines", "more-than-one-character", _lines, composed=True),
    *(_doodle(doodle, "not-a-character") for doodle in DRAWINGS),
    *(_doodle(doodle, "not-a-character", filled=True) for doodle in FILLED),
    Kind("clouds", "not-a-character", _clouds),
    Kind("noise", "not-a-character", _noise),
    Kind("stripes", "not-a-character", _stripes),
    Kind("checks", "not-a-character", _checks),
    Kind("blocks", "not-a-character", _blocks),
)
