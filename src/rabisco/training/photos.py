"""Random changes to training images in color, drawn anew for every batch: mirrored, moved, resized, partly hidden.

Move and size are one separable resampling, a matrix for the rows and one for the columns of each image, so that every
pixel is interpolated once, and none where the size stays. Beyond the edge an image is continued as in a mirror.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PhotoAugmentation:
    """How strongly training photographs are changed; 0 is off."""

    flip: float = 0.5  # share of the images that are mirrored, 0 to 1
    shift: float = 4.0  # largest move, up, down or sideways, in pixels; what comes in is mirrored from beside it
    erasing: float = 8.0  # side of a square that is painted over in gray, in pixels; its center is anywhere
    zoom: float = 0.0  # largest relative change of size, larger or smaller
    zoomed: float = 0.0  # share of the images whose size changes, 0 to 1
    alternate: bool = False  # mirrored in every other epoch instead, so that each side is seen as often

    def scaled(self, strength: float) -> "PhotoAugmentation":
        """Return these changes at ``strength`` times their ranges; how many images they reach stays."""
        zoom = min(self.zoom * strength, 0.9)
        return replace(self, shift=self.shift * strength, erasing=self.erasing * strength, zoom=zoom)

    @property
    def gentle(self) -> "PhotoAugmentation":
        """The changes of the last epochs."""
        return self.scaled(0.5)

    def change(self, images: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
        """Return uint8 images ``(B, H, W, C)`` changed, float32 of 0 to 255.

        Alternate flips are not made here but where the batches are, since only they know which image is which.
        """
        count, height, width = images.shape[:3]

        def drawn(low: float, high: float) -> NDArray[np.float32]:
            return random.uniform(low, high, (count, 1, 1)).astype(np.float32)

        maps = images.astype(np.float32)
        if self.flip and not self.alternate:
            mirrored = random.random(count) < self.flip
            maps[mirrored] = maps[mirrored, :, ::-1]
        if self.shift or self.zoom:
            size = np.where(drawn(0, 1) < self.zoomed, drawn(1 - self.zoom, 1 + self.zoom), np.float32(1))
            limit = int(self.shift) + 0.499  # every whole number of pixels is as likely
            down, right = (np.rint(drawn(-limit, limit)) for _ in range(2))
            maps = _resampled(maps, size, down, right)
        if self.erasing:
            rows = np.abs(np.arange(height)[:, None] - drawn(0, height)) < self.erasing / 2
            columns = np.abs(np.arange(width) - drawn(0, width)) < self.erasing / 2
            maps[rows & columns] = 127.5
        return maps


def _resampled(
    images: NDArray[np.float32], size: NDArray[np.float32], down: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return images that show ``size`` times as much, moved; each is ``(B, 1, 1)``."""

    def shares_of(side: int, move: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much of each pixel is in each new one, ``(B, side, side)``."""
        middle = np.float32((side - 1) / 2)
        places = (np.arange(side, dtype=np.float32)[:, None] - middle) * size + middle - move
        places = (side - 1) - np.abs((side - 1) - np.abs(places))  # mirrored at both edges
        shares: NDArray[np.float32] = np.maximum(1 - np.abs(places - np.arange(side, dtype=np.float32)), 0)
        return shares

    count, height, width = images.shape[:3]
    images = (shares_of(height, down) @ images.reshape(count, height, -1)).reshape(images.shape)
    return shares_of(width, right)[:, None] @ images


def shrunk(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return uint8 images ``(B, H, W, C)`` as ``(B, side, side, C)``: the mean of what each pixel covers, cut off."""

    def shares_of(full: int) -> NDArray[np.float32]:
        """Return how much of each pixel is in each new one, ``(side, full)``."""
        edges = np.arange(side + 1) * full / side
        low, high = edges[:-1, None], edges[1:, None]
        pixels = np.arange(full)
        covered = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0, None)
        shares: NDArray[np.float32] = (covered * side / full).astype(np.float32)
        return shares

    count, height, width, channels = images.shape
    if (height, width) == (side, side):
        return images
    maps = (shares_of(height) @ images.reshape(count, height, -1)).reshape(count, side, width, channels)
    return (shares_of(width) @ maps).astype(np.uint8)
