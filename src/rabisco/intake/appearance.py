"""What images look like: dark on light, lying on their side, the order of their channels, their normalizer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabisco.images.geometry import border
from rabisco.intake.report import Dialect, Layout

Images = NDArray[np.uint8]

LEAST_EXAMPLES = 8
CERTAIN = 3.0  # standard errors
TALLEST_MNIST = 22  # pixels; MNIST's characters fill a box of 20, EMNIST's one of 24


def arrange(values: NDArray[np.uint8], dialect: Dialect) -> Images:
    """Return the pixels of rows, uint8 ``(N, P)``, as images, uint8 ``(N, H, W, C)``: upright, light on dark."""
    height, width, channels = dialect.image_shape
    if dialect.layout == "planar":
        images = values.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    else:
        images = values.reshape(-1, height, width, channels)
    if dialect.transposed:
        images = images.transpose(0, 2, 1, 3)
    if dialect.inverted:
        images = 255 - images
    return np.ascontiguousarray(images)


def is_inverted(images: Images) -> bool:
    """Return whether gray images are dark on light: most of them have a light border around darker pixels."""
    light = np.median(_edges(images), axis=0) > 127
    inked = np.ptp(images.reshape(len(images), -1), axis=1) > 64
    return bool(inked.any() and light[inked].mean() > 0.7)


def is_transposed(images: Images) -> bool:
    """Return whether gray images of characters, light on dark, have rows and columns exchanged.

    People write taller than wide: on average, ink spreads further along the rows than along the columns. Measured on
    MNIST and EMNIST the mean of (variance down − variance across) / (their sum) is 0.35 and 0.18, with a standard
    deviation of 0.3. Images whose ink reaches their border, such as photographs, are not judged.
    """
    edges = _edges(images)
    if (np.median(edges, axis=0) > 0).mean() > 0.2 or (edges > 127).mean() > 0.1:
        return False
    ink = images[..., 0].astype(np.float64)
    total = ink.sum(axis=(1, 2))
    ink, total = ink[total > 0], total[total > 0]
    if len(ink) < LEAST_EXAMPLES:
        return False
    spreads = []
    for axis in (2, 1):
        profile = ink.sum(axis=axis) / total[:, np.newaxis]
        place = np.arange(profile.shape[1])
        spreads.append(profile @ place**2 - (profile @ place) ** 2)
    tallness = (spreads[0] - spreads[1]) / np.maximum(spreads[0] + spreads[1], 1e-9)
    error = max(float(tallness.std(ddof=1)), 0.05) / np.sqrt(len(tallness))
    return bool(tallness.mean() < -CERTAIN * error)


def find_layout(values: NDArray[np.uint8], side: int) -> Layout:
    """Return in which order the channels of color images follow: that in which neighbors differ least."""
    planar = values.reshape(-1, 3, side, side).astype(np.int16)
    interleaved = values.reshape(-1, side, side, 3).astype(np.int16)
    rough = np.abs(np.diff(planar, axis=3)).mean() + np.abs(np.diff(planar, axis=2)).mean()
    rough_interleaved = np.abs(np.diff(interleaved, axis=2)).mean() + np.abs(np.diff(interleaved, axis=1)).mean()
    return "planar" if rough <= rough_interleaved else "interleaved"


def find_normalizer(images: Images) -> str:
    """Return the normalizer that makes pictures into what a model of these images reads."""
    if images.shape[-1] == 3:
        return find_photo_normalizer([images.shape[1:]])
    if images.shape[1:3] != (28, 28):
        return "mnist@1"
    inked = images[..., 0] > 50
    tallest = np.maximum(inked.any(axis=2).sum(axis=1), inked.any(axis=1).sum(axis=1))
    tallest = tallest[tallest > 0]
    clear = not (_edges(images) > 127).mean() > 0.1
    return "emnist@1" if clear and len(tallest) and np.median(tallest) >= TALLEST_MNIST else "mnist@1"


def find_photo_normalizer(shapes: Sequence[tuple[int, ...]]) -> str:
    """Return the normalizer for photographs of shapes ``(H, W, C)``: 64×64 where all have that size, else 32×32."""
    return "photo64@2" if {shape[:2] for shape in shapes} == {(64, 64)} else "photo32@2"


def _edges(images: Images) -> NDArray[np.uint8]:
    """Return the outermost pixels of gray images, uint8 ``(P, N)``."""
    return border(np.moveaxis(images[..., 0], 0, -1))
