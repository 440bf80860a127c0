"""What is transparent in a picture gets a color on which the rest can be seen."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.images.geometry import bounding_box

MOSTLY_VISIBLE = 0.8  # from here on, what is transparent is the exception and takes the page's color
CARD = 0.7  # share of its bounding box that a sheet on a transparent ground fills, a round one too
CARD_CONTRAST = 60  # gray levels between a sheet and its writing; one stroke of one color has none
HIDDEN = 8  # alpha below which a program wrote the channel without meaning it


def opaque(image: Image.Image) -> Image.Image:
    """Return RGBA as RGB, what is transparent filled with the color against which the visible part stands out."""
    alpha = image.getchannel("A")
    lowest, highest = cast(tuple[int, int], alpha.getextrema())
    if lowest == 255:
        return image.convert("RGB")
    pixels = np.asarray(image)
    if highest < HIDDEN and bool(np.ptp(pixels[..., :3], axis=(0, 1)).any()):
        return image.convert("RGB")
    page = Image.new("RGB", image.size, _page_color(pixels))
    page.paste(image, mask=alpha)
    return page


def _page_color(pixels: NDArray[np.uint8]) -> tuple[int, int, int]:
    step = 1 + max(side // 500 for side in pixels.shape[:2])
    pixels = pixels[::step, ::step]
    visible = pixels[pixels[..., 3] > 127, :3]
    if not len(visible):
        return 255, 255, 255
    if len(visible) > MOSTLY_VISIBLE * pixels[..., 3].size or _is_card(pixels):
        red, green, blue = np.median(visible, axis=0)
        return int(red), int(green), int(blue)
    return (255, 255, 255) if visible.mean() < 128 else (0, 0, 0)


def _is_card(pixels: NDArray[np.uint8]) -> bool:
    """Return whether what is visible is a sheet with writing on it, not the writing itself; RGBA ``(H, W, 4)``."""
    shown = pixels[..., 3] > 127
    box = bounding_box(shown)
    shown, gray = shown[box], pixels[box][..., :3].mean(axis=2)
    shades = gray[shown]
    if shown.mean() < CARD or np.ptp(shades) < CARD_CONTRAST:
        return False
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(shown.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    edge = gray[shown & (inner == 0)]
    return bool((np.abs(edge - np.median(shades)) < CARD_CONTRAST / 2).mean() > MOSTLY_VISIBLE)
