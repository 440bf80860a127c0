"""Random changes to training images in colour, drawn anew for every batch: mirrored, moved, resized, partly hidden.

Move and size are one separable resampling, a matrix for the rows and one for the columns of each image, so that every
pixel is interpolated once, and none where the size stays. Beyond the edge an image is continued as in a mirror.
"""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class PhotoAugmentation:
    """How strongly training photographs are changed; 0 is off.

    Attributes:
        flip: Share of the images that are mirrored, 0 to 1.
        shift: Largest move, up, down or sideways, in pixels; what comes in is the mirror image of what lies beside it.
        erasing: Side of a square that is painted over in grey, in pixels; its centre is anywhere in the image.
        zoom: Largest relative change of size, larger or smaller.
        zoomed: Share of the images whose size changes, 0 to 1.
        alternate: Whether each image is mirrored in every other epoch instead, so that each side is seen as often.
    """

    flip: float = 0.5
    shift: float = 4.0
    erasing: float = 8.0
    zoom: float = 0.0
    zoomed: float = 0.0
    alternate: bool = False

    def scaled(self, strength: float) -> "PhotoAugmentation":
        """Return these changes at ``strength`` times their ranges; how many images they reach stays."""
        zoom = min(self.zoom * strength, 0.9)
        return replace(self, shift=self.shift * strength, erasing=self.erasing * strength, zoom=zoom)

    @property
    def gentle(self) -> "PhotoAugmentation":
        """The changes of the last epochs."""
        return self.scaled(0.5)

    def change(self, images: Any, seed: Any) -> Any:
        """Return float32 images ``(B, H, W, C)`` of 0 to 255, changed by the random numbers of ``seed``.

        Alternate flips are not made here but where the batches are, since only they know which image is which.
        """
        import keras
        from keras import ops

        def drawn(low: float, high: float) -> Any:
            return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, seed=seed)

        if self.flip and not self.alternate:
            images = ops.where(drawn(0, 1) < self.flip, ops.flip(images, axis=2), images)
        if self.shift or self.zoom:
            size = ops.where(drawn(0, 1) < self.zoomed, drawn(1 - self.zoom, 1 + self.zoom), 1.0)
            limit = int(self.shift) + 0.499  # every whole number of pixels is as likely
            down, right = (ops.round(drawn(-limit, limit)) for _ in range(2))
            images = _resampled(images, size, down, right)
        if self.erasing:
            top, left = drawn(0, float(images.shape[1])), drawn(0, float(images.shape[2]))
            images = ops.where(_square(images, top, left, self.erasing), 127.5, images)
        return images


def _resampled(images: Any, size: Any, down: Any, right: Any) -> Any:
    """Return images that show ``size`` times as much, moved; each is ``(B, 1, 1, 1)``."""
    from keras import ops

    def shares(side: int, move: Any) -> Any:
        """Return how much of each pixel is in each new one, ``(B, side, side)``."""
        middle = (side - 1) / 2
        places = (ops.arange(side, dtype="float32")[None, :, None] - middle) * size[..., 0] + middle - move[..., 0]
        places = (side - 1) - ops.abs((side - 1) - ops.abs(places))  # mirrored at both edges
        return ops.maximum(1 - ops.abs(places - ops.arange(side, dtype="float32")[None, None]), 0.0)

    images = ops.einsum("bih,bhwc->biwc", shares(images.shape[1], down), images)
    return ops.einsum("bjw,biwc->bijc", shares(images.shape[2], right), images)


def _square(images: Any, top: Any, left: Any, side: float) -> Any:
    """Return where, ``(B, H, W, 1)``, a square of ``side`` pixels about ``top`` and ``left`` lies."""
    from keras import ops

    rows = ops.arange(images.shape[1], dtype="float32")[None, :, None, None]
    columns = ops.arange(images.shape[2], dtype="float32")[None, None, :, None]
    return (ops.abs(rows - top) < side / 2) & (ops.abs(columns - left) < side / 2)
