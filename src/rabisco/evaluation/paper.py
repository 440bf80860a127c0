"""Ink on paper, drawn by code: the same strokes as a canvas, a scan and a telephone's photo would show them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIDE = 280
Strokes = NDArray[np.float32]
Picture = NDArray[np.uint8]


def on_paper(ink: Strokes, random: np.random.Generator) -> Picture:
    """Return ink as a picture, RGB uint8 ``(H, W, 3)``: on a clean canvas, on tinted paper, or photographed.

    Args:
        ink: float32 ``(H, W)`` in [0, 1].
        random: Chooses colours, light, noise and rules.
    """
    kind = random.choice(["canvas", "paper", "photo"], p=[0.4, 0.25, 0.35])
    paper, pen = _colours(random, clean=kind == "canvas")
    values = ink[..., np.newaxis]
    picture = paper + (pen - paper) * values
    if kind != "canvas":
        if random.random() < 0.3:
            rules = _rules(ink.shape, random)[..., np.newaxis] * random.uniform(0.05, 0.4)
            picture += (pen - paper) * rules * (1 - values)
        if kind == "photo":
            picture *= _light(ink.shape, random)[..., np.newaxis]
        picture += random.normal(0, random.uniform(0.3, 4), ink.shape)[..., np.newaxis]
    pixels = picture.clip(0, 255).astype(np.uint8)
    if kind != "canvas" and random.random() < 0.5:
        pixels = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.2))))
    return pixels


def redraw(image: NDArray[np.uint8], random: np.random.Generator) -> Strokes:
    """Return a character, uint8 ``(H, W, 1)``, bright = ink, as sharp strokes anywhere on a sheet.

    Size, pen and slant vary; the sheet is cut close now and then.
    """
    drawn = written(image, int(random.integers(60, 250)), random)
    height, width = drawn.shape
    sheet = SIDE if random.random() < 0.7 else round(max(drawn.shape) * random.uniform(1.1, 2.5))
    sheet = max(sheet, height + 6, width + 6)
    field = np.zeros((sheet, sheet), np.float32)
    top, left = int(random.integers(3, sheet - height - 2)), int(random.integers(3, sheet - width - 2))
    field[top : top + height, left : left + width] = drawn
    return field


def written(image: NDArray[np.uint8], longer: int, random: np.random.Generator) -> Strokes:
    """Return a character cut to its ink, its longer side about ``longer`` pixels, with a pen of its own."""
    character = Image.fromarray(image[..., 0])
    character = character.crop(character.point(lambda level: 255 if level > 60 else 0).getbbox() or (0, 0, 28, 28))
    scale = longer / max(character.size)
    size = max(3, round(character.width * scale)), max(3, round(character.height * scale))
    large = character.resize(size, Image.Resampling.BICUBIC).rotate(
        random.normal(0, 5), Image.Resampling.BILINEAR, expand=True
    )
    soft = np.asarray(large.filter(ImageFilter.GaussianBlur(scale / 4)), np.float32) / 255
    threshold = random.uniform(0.25, 0.5) * float(soft.max())
    return np.asarray(((soft - threshold) * scale / 1.5 + 0.5).clip(0, 1), np.float32)


def blank_sheet(random: np.random.Generator) -> Strokes:
    """Return an empty sheet of some size."""
    side = SIDE if random.random() < 0.6 else int(random.integers(64, 400))
    return np.zeros((side, round(side * random.uniform(0.8, 1.25))), np.float32)


def _colours(random: np.random.Generator, clean: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if clean:
        pen = np.zeros(3) if random.random() < 0.6 else random.uniform(0, 140, 3)
        paper = np.full(3, 255.0)
    else:
        paper = random.uniform(170, 255) + random.normal(0, 5, 3)
        pen = paper * random.uniform(0.1, 0.6) * random.uniform(0.6, 1.0, 3)
    return (255 - paper, 255 - pen) if random.random() < 0.2 else (paper, pen)


def _rules(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float64]:
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
    return np.asarray(image) / 255.0


def _light(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float64]:
    """Return how much light falls on each pixel: a gradient, sometimes with a soft shadow across it."""
    down, across = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    direction = random.uniform(0, 2 * np.pi)
    slant = across * np.cos(direction) + down * np.sin(direction)
    light = 1 - random.uniform(0, 0.4) * (slant + 1.4) / 2.8
    if random.random() < 0.3:
        edge = random.uniform(-0.8, 0.8)
        soft = 1 / (1 + np.exp(-(down + 0.4 * across - edge) / random.uniform(0.02, 0.2)))
        light = light * (1 - random.uniform(0.1, 0.35) * soft)
    return light
