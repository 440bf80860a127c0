"""Ink on paper, drawn by code: the same strokes as a canvas, a scan and a telephone's photo would show them."""

import io

import cv2
import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIDE = 280
SMALL = 0.35  # share of the pictures that come as small files
_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # from north, clockwise
Strokes = NDArray[np.float32]
Picture = NDArray[np.uint8]


def on_paper(ink: Strokes, random: np.random.Generator) -> Picture:
    """Return ink as a picture, RGB uint8 ``(H, W, 3)``: on a clean canvas, on scanned paper, or photographed.

    Args:
        ink: float32 ``(H, W)`` in [0, 1].
        random: Chooses colors, light, texture, noise, rules, dents and how the file was compressed.
    """
    kind = random.choice(["canvas", "paper", "photo"], p=[0.35, 0.2, 0.45])
    paper, pen = _colors(random, kind)
    if kind == "canvas":
        pixels = _as_picture(_painted(ink, paper, pen))
        return resized(pixels, random) if random.random() < SMALL else pixels
    values = ink * _grain(ink.shape, random)
    channels = _painted(values + _marks(ink.shape, random) * (1 - values), paper, pen)
    if kind == "photo":
        light = _light(ink.shape, random)
        channels = [channel * light for channel in channels]
    if random.random() < 0.5:
        texture = _texture(ink.shape, random) * np.float32(random.uniform(1, 14))
        channels = [channel + texture for channel in channels]
    noise = random.standard_normal(ink.shape, np.float32) * np.float32(random.uniform(0.3, 4))
    image = Image.fromarray(_as_picture([channel + noise for channel in channels]))
    if random.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.2)))
    pixels = resized(np.asarray(image), random) if random.random() < SMALL else np.asarray(image)
    return _compressed(pixels, random) if random.random() < 0.6 else pixels


def resized(picture: Picture, random: np.random.Generator) -> Picture:
    """Return a picture in another size, from 28 pixels, as small as files of digits are, to 200."""
    scale = min(1.0, random.choice((28, 28, 40, 64, 100, 200)) / max(picture.shape[:2]))
    size = max(8, round(picture.shape[1] * scale)), max(8, round(picture.shape[0] * scale))
    methods = (Image.Resampling.BOX, Image.Resampling.BICUBIC, Image.Resampling.NEAREST)
    method = random.choice(methods if scale > 0.35 else methods[:2])  # the nearest pixels of a thin line tear it
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling(method)))


def redraw(image: NDArray[np.uint8], random: np.random.Generator) -> Strokes:
    """Return a character, uint8 ``(H, W, 1)``, bright = ink, as sharp strokes anywhere on a sheet.

    Size, pen and slant vary; the sheet is cut close now and then, and then not square.
    """
    drawn = written(image, int(random.integers(60, 250)), random)
    height, width = drawn.shape
    if random.random() < 0.6:
        sheet = (max(SIDE, height + 6), max(SIDE, width + 6))
    else:
        rows, columns = random.uniform(0.1, 1.5, 2) * (max(drawn.shape) if random.random() < 0.5 else drawn.shape)
        sheet = (height + 6 + round(rows), width + 6 + round(columns))
    field = np.zeros(sheet, np.float32)
    top, left = int(random.integers(3, sheet[0] - height - 2)), int(random.integers(3, sheet[1] - width - 2))
    field[top : top + height, left : left + width] = drawn
    return field


def written(image: NDArray[np.uint8], longer: int, random: np.random.Generator) -> Strokes:
    """Return a character cut to its ink, its longer side about ``longer`` pixels, with a pen of its own.

    Half of them keep the strokes they have; of the others only the middle line is kept, and drawn with another pen.
    """
    character = Image.fromarray(image[..., 0])
    character = character.crop(character.point(lambda level: 255 if level > 60 else 0).getbbox() or (0, 0, 28, 28))
    scale = longer / max(character.size)
    size = max(3, round(character.width * scale)), max(3, round(character.height * scale))
    angle = random.normal(0, 5)
    if random.random() < 0.5:
        large = character.resize(size, Image.Resampling.BICUBIC).rotate(angle, Image.Resampling.BILINEAR, expand=True)
        soft = np.asarray(large.filter(ImageFilter.GaussianBlur(scale / 5)), np.float32) / 255
        threshold = random.uniform(0.25, 0.6) * float(soft.max())
        return np.asarray(((soft - threshold) * scale / 1.5 + 0.5).clip(0, 1), np.float32)
    twice = character.resize((2 * character.width, 2 * character.height), Image.Resampling.BICUBIC)
    margin = 6
    line = thin(np.pad(np.asarray(twice) > 100, margin))
    distance = Image.fromarray(scipy.ndimage.distance_transform_edt(~line).astype(np.float32))
    full = round(distance.width * scale / 2), round(distance.height * scale / 2)
    apart = np.asarray(distance.resize(full, Image.Resampling.BICUBIC)) * (scale / 2)
    radius = max(0.5, longer * np.exp(random.uniform(np.log(0.01), np.log(0.15))) / 2)
    drawn = Image.fromarray((radius - apart + 0.5).clip(0, 1).astype(np.float32))
    drawn = drawn.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    return np.asarray(drawn.crop(drawn.point(lambda value: value * 255).convert("L").getbbox()))


def thin(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middle line of strokes, one pixel wide; the outermost pixels of ``mask`` must be empty.

    Source: Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", CACM 27(3), 1984.
    """
    mask = mask.copy()
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            padded = np.pad(mask, 1)
            height, width = mask.shape
            around = [padded[1 + row : 1 + row + height, 1 + column : 1 + column + width] for row, column in _RING]
            count = np.sum(around, axis=0)
            steps = np.sum([~one & other for one, other in zip(around, around[1:] + around[:1], strict=True)], axis=0)
            north, east, south, west = around[0], around[2], around[4], around[6]
            if first:
                open_side = ~(north & east & south) & ~(east & south & west)
            else:
                open_side = ~(north & east & west) & ~(north & south & west)
            drop = mask & (count >= 2) & (count <= 6) & (steps == 1) & open_side
            if drop.any():
                mask &= ~drop
                changed = True
    return mask


def blank_sheet(random: np.random.Generator) -> Strokes:
    """Return an empty sheet of some size."""
    side = SIDE if random.random() < 0.6 else int(random.integers(64, 400))
    return np.zeros((side, round(side * random.uniform(0.8, 1.25))), np.float32)


def _colors(random: np.random.Generator, kind: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if kind == "canvas":
        pen = np.zeros(3) if random.random() < 0.6 else random.uniform(0, 140, 3)
        paper = np.full(3, 255.0)
    else:
        paper = random.uniform(110 if kind == "photo" else 170, 255) + random.normal(0, 5, 3)
        if random.random() < 0.4:
            paper = paper * random.uniform(0.5, 1, 3)
        pen = paper * random.uniform(0.05, 0.72) * random.uniform(0.7, 1.0, 3)
    paper, pen = (255 - paper, 255 - pen) if random.random() < 0.2 else (paper, pen)
    return paper.astype(np.float32), pen.astype(np.float32)


def _grain(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Return how much ink stays on rough paper, in [0, 1]."""
    rough = random.random([side // 3 + 2 for side in shape], np.float32)
    return 1 - np.float32(random.uniform(0, 0.5)) * _stretched(rough, shape)


def _stretched(coarse: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def _marks(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Return what stands on the paper beside the ink, weaker than it: rules, dents, the edge of another line."""
    marks = np.zeros(shape, np.float32)
    if random.random() < 0.3:
        marks += _rules(shape, random) * np.float32(random.uniform(0.05, 0.4))
    if random.random() < 0.15:
        image = Image.new("L", (shape[1], shape[0]))
        for _ in range(int(random.integers(1, 4))):
            ends = random.uniform(0, 1, 4) * (shape[1], shape[0], shape[1], shape[0])
            ImageDraw.Draw(image).line(ends.tolist(), fill=255, width=int(random.integers(1, 3)))
        marks += np.asarray(image, np.float32) * np.float32(random.uniform(0.04, 0.2) / 255)
    return np.minimum(marks, 1)


def _texture(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Return fibers, flecks and stains, of mean 0 and about standard deviation 1."""
    field = np.zeros(shape, np.float32)
    for cell, share in ((random.uniform(1.5, 4), 0.8), (random.uniform(8, 60), 0.6)):
        stretch = random.uniform(1, 4) if random.random() < 0.4 else 1.0
        rows, columns = max(2, round(shape[0] / cell / stretch)), max(2, round(shape[1] / cell))
        field += np.float32(share) * _stretched(random.standard_normal((rows, columns), np.float32), shape)
    flecks = field > random.uniform(1.5, 3)
    return np.where(flecks, 2 * field, field)


def _compressed(pixels: Picture, random: np.random.Generator) -> Picture:
    """Return a picture as a JPEG file would keep it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=int(random.integers(35, 95)))
    return np.asarray(Image.open(file))


def _painted(ink: Strokes, paper: NDArray[np.float32], pen: NDArray[np.float32]) -> list[Strokes]:
    """Return red, green and blue of ink on paper, each by itself: numpy takes twice as long for all in one array."""
    return [background + (color - background) * ink for background, color in zip(paper, pen, strict=True)]


def _as_picture(channels: list[Strokes]) -> Picture:
    return np.asarray(cv2.merge([channel.clip(0, 255).astype(np.uint8) for channel in channels]), np.uint8)


def _rules(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Return ruled or squared paper, 1 on the rules."""
    image = Image.new("L", (shape[1], shape[0]))
    pencil = ImageDraw.Draw(image)
    gap = random.uniform(14, 60)
    start = random.uniform(0, gap)
    thickness = int(random.integers(1, 3))
    for place in np.arange(start, shape[0], gap):
        pencil.line((0, place, shape[1], place), fill=255, width=thickness)
    if random.random() < 0.4:
        for place in np.arange(start, shape[1], gap):
            pencil.line((place, 0, place, shape[0]), fill=255, width=thickness)
    return np.asarray(image, np.float32) / np.float32(255)


def _light(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Return how much light falls on each pixel: a gradient, sometimes with a soft shadow across it."""
    down = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, np.newaxis]
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)[np.newaxis]
    direction = random.uniform(0, 2 * np.pi)
    slant = across * np.float32(np.cos(direction)) + down * np.float32(np.sin(direction))
    light = 1 - np.float32(random.uniform(0, 0.4) / 2.8) * (slant + np.float32(1.4))
    if random.random() < 0.3:
        edge, width = np.float32(random.uniform(-0.8, 0.8)), np.float32(random.uniform(0.02, 0.2))
        soft = (1 + np.tanh((down + np.float32(0.4) * across - edge) / (2 * width))) / 2
        light = light * (1 - np.float32(random.uniform(0.1, 0.35)) * soft)
    return np.asarray(light)
