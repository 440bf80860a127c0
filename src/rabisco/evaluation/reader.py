"""What evaluation knows of a model: it turns images into logits."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Reader(Protocol):
    """Anything that reads images; ``rabisco.inference.Predictor`` is one."""

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs, ``(N, classes)``, for images, uint8 ``(N, H, W, C)``."""
        ...


def read_logits(reader: Reader, images: NDArray[np.uint8], batch_size: int = 128) -> NDArray[np.float32]:
    """Return the logits of all images, read batch by batch so that memory stays small.

    Args:
        reader: The model.
        images: uint8, ``(N, H, W, C)``, N ≥ 1.
        batch_size: Images read at a time.

    Returns:
        float32, ``(N, classes)``.
    """
    starts = range(0, len(images), batch_size)
    return np.concatenate([reader.logits(images[start : start + batch_size]) for start in starts])
