"""Pixels as PNG data URLs, and numbers as pixels: maps in gray, signed values in red and blue, what mattered."""

import base64
import io
import math
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.errors import RabiscoError
from rabisco.images import decode

Array = NDArray[np.float32]
Picture = NDArray[np.uint8]
FOR, AGAINST = (255, 170, 40), (90, 120, 255)  # colors of what speaks for the answer and against it
ABOVE, BELOW = np.array((255, 74, 62), np.float32), np.array((84, 132, 255), np.float32)  # of signed values
STRENGTH = 0.8  # of the color where it matters most
FAINT = 0.3  # of the drawing under red and blue
GAP = 70  # gray of the lines between the pictures of a sheet


def data_url(pixels: Picture) -> str:
    """Return uint8 pixels, ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)``, as a PNG data URL."""
    if pixels.ndim == 2 or pixels.shape[-1] == 1:
        content = _gray_png(pixels.reshape(pixels.shape[:2]))
    else:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        content = buffer.getvalue()
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _gray_png(pixels: Picture) -> bytes:
    """Return gray pixels, ``(H, W)``, as a PNG: of ink, which is mostly one tone, in a quarter of Pillow's time.

    Source: W3C, Portable Network Graphics; each row is stored as it is, without a filter. Only runs of one tone are
    packed, for nothing else repeats in ink: the file is a fifteenth larger, and is there in two thirds of the time.
    """
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packing = zlib.compressobj(1, strategy=zlib.Z_RLE)
    chunks = {b"IHDR": header, b"IDAT": packing.compress(rows.data) + packing.flush(), b"IEND": b""}
    parts = [
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        for kind, content in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def stored_thumbnail(image: bytes, side: int) -> str:
    """Return a stored picture as ``thumbnail`` does; an empty sheet where its file is damaged."""
    try:
        return thumbnail(decode(image), side)
    except RabiscoError:
        return data_url(np.full((side, side), 255, np.uint8))


def thumbnail(pixels: Picture, side: int = 192) -> str:
    """Return a picture, reduced to fit a square of ``side`` pixels, as a PNG data URL."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    return data_url(np.asarray(image))


def heat(pixels: Picture, importance: Array) -> Picture:
    """Return what the model saw, uint8 ``(H, W, 3)``, colored by how much each pixel mattered."""
    values = cv2.resize(importance, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., np.newaxis]
    share = STRENGTH * np.abs(values) / max(float(np.abs(values).max()), 1e-6)
    color = np.where(values > 0, FOR, AGAINST)
    return np.asarray((_grey(pixels) * (1 - share) + color * share).round(), np.uint8)


def signed(values: Array, most: float | None = None) -> Picture:
    """Return values, ``(…)``, as a picture, ``(…, 3)``: above 0 red, below 0 blue, 0 black.

    What has the whole color is ``most``; the greatest value by itself if not given.
    """
    shares = values / max(float(np.abs(values).max()) if most is None else most, 1e-9)
    shares = np.clip(shares, -1, 1)[..., np.newaxis]
    return np.asarray(np.where(shares > 0, shares * ABOVE, -shares * BELOW).round(), np.uint8)


def over(pixels: Picture, values: Array, most: float) -> Picture:
    """Return signed values, ``(H, W)``, over a faint drawing, uint8 ``(H, W, C)``."""
    return np.maximum(signed(values, most), (FAINT * _grey(pixels)).astype(np.uint8))


def greys(maps: Array) -> Picture:
    """Return maps, ``(H, W, C)``, as pictures, uint8 ``(C, H, W)``: 0 and less black, the greatest value white."""
    shares = np.clip(maps / max(float(maps.max()), 1e-9), 0, 1)
    return np.asarray((255 * shares.transpose(2, 0, 1)).round(), np.uint8)


def kernel_pictures(kernels: Array) -> Picture:
    """Return kernels, ``(N, H, W, C)``, as pictures, ``(N, H, W, 3)``, each as strong as it can be."""
    most = np.abs(kernels).max(axis=(1, 2, 3), keepdims=True).clip(1e-9)
    if kernels.shape[-1] == 3:
        return np.asarray((127.5 + 127.5 * kernels / most).round(), np.uint8)
    return signed((kernels / most).mean(axis=-1), 1.0)


def columns_of(count: int) -> int:
    """Return how many pictures stand in a row of a sheet of ``count``."""
    return min(count, 8 if count <= 64 else 16 if count <= 256 else 32)


def sheet(pictures: Picture) -> Picture:
    """Return pictures, ``(N, H, W)`` or ``(N, H, W, 3)``, side by side in rows, a pixel apart."""
    count, height, width = pictures.shape[:3]
    columns = columns_of(count)
    rows = math.ceil(count / columns)
    size = (rows * (height + 1) - 1, columns * (width + 1) - 1)
    found = np.full((*size, *pictures.shape[3:]), GAP, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        found[top : top + height, left : left + width] = picture
    return found


def _grey(pixels: Picture) -> Array:
    """Return pixels, ``(H, W, C)``, as their mean over the channels, ``(H, W, 3)``."""
    return np.repeat(pixels.astype(np.float32).mean(axis=-1, keepdims=True), 3, axis=-1)
