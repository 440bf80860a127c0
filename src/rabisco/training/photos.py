"""Random changes to training images in colour, drawn anew for every batch: mirrored, moved, partly hidden."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PhotoAugmentation:
    """How strongly training photographs are changed; 0 is off.

    Attributes:
        flip: Share of the images that are mirrored, 0 to 1.
        shift: Largest move, up, down or sideways, in pixels; what comes in is the mirror image of what lies beside it.
        erasing: Side of a square that is painted over in grey, in pixels; its centre is anywhere in the image.
    """

    flip: float = 0.5
    shift: float = 4.0
    erasing: float = 8.0

    def scaled(self, strength: float) -> "PhotoAugmentation":
        """Return these changes at ``strength`` times their ranges; mirrored or not stays as likely."""
        return PhotoAugmentation(self.flip, self.shift * strength, self.erasing * strength)

    @property
    def gentle(self) -> "PhotoAugmentation":
        """The changes of the last epochs."""
        return self.scaled(0.5)

    def change(self, images: Any, seed: Any) -> Any:
        """Return float32 images ``(B, H, W, C)`` of 0 to 255, changed by the random numbers of ``seed``."""
        import keras
        from keras import ops

        def drawn(low: float, high: float) -> Any:
            return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, seed=seed)

        mirrored = drawn(0, 1) < self.flip
        down, right = (ops.round(drawn(-self.shift, self.shift)) for _ in range(2))
        top, left = drawn(0, float(images.shape[1])), drawn(0, float(images.shape[2]))
        images = _moved(ops.where(mirrored, ops.flip(images, axis=2), images), down, right)
        return ops.where(_square(images, top, left, self.erasing), 127.5, images)


def _moved(images: Any, down: Any, right: Any) -> Any:
    """Return images moved by whole pixels, ``(B, 1, 1, 1)``; the border mirrors what lies within."""
    from keras import ops

    height, width, channels = images.shape[1:]
    rows = _mirrored(ops.arange(height, dtype="float32")[None, :, None, None] - down, height)
    columns = _mirrored(ops.arange(width, dtype="float32")[None, None, :, None] - right, width)
    index = ops.cast(rows * width + columns, "int32")  # (B, H, W, 1)
    flat = ops.reshape(images, (-1, height * width, channels))
    return ops.reshape(
        ops.take_along_axis(flat, ops.reshape(index, (-1, height * width, 1)), axis=1), ops.shape(images)
    )


def _mirrored(places: Any, size: int) -> Any:
    """Return places outside of 0 to ``size - 1``, by less than that, as those that mirror them."""
    from keras import ops

    return (size - 1) - ops.abs((size - 1) - ops.abs(places))


def _square(images: Any, top: Any, left: Any, side: float) -> Any:
    """Return where, ``(B, H, W, 1)``, a square of ``side`` pixels about ``top`` and ``left`` lies."""
    from keras import ops

    rows = ops.arange(images.shape[1], dtype="float32")[None, :, None, None]
    columns = ops.arange(images.shape[2], dtype="float32")[None, None, :, None]
    return (ops.abs(rows - top) < side / 2) & (ops.abs(columns - left) < side / 2)
