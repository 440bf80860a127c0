"""What evaluation knows of a model: it turns images into logits."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidConfigurationError
from rabisco.images import normalize_pixels

# Logit of a class that a model does not know: no answer, and no overflow either.
_UNKNOWN = np.float32(-1e4)


class Reader(Protocol):
    """Anything that reads images; ``rabisco.inference.Predictor`` is one."""

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs, ``(N, classes)``, for images, uint8 ``(N, H, W, C)``."""
        ...


class CardedReader(Reader, Protocol):
    """A reader with a ``rabisco.artifacts.Card``; ``rabisco.inference.Predictor`` is one."""

    card: Any


class DatasetReader:
    """A model that reads a data set: its images in the form the model was trained on, its classes by their names.

    The model may know classes that the data set lacks (predicting one is always wrong) and lack classes that it has
    (never predicted). Models with different classes can thus be judged on the same images.

    Args:
        reader: The model.
        asked: Name of each class of the data set.

    Attributes:
        class_names: The data set's classes, then those that only the model knows: the order of ``logits``.

    Raises:
        InvalidConfigurationError: Model and data set have no class in common.
    """

    def __init__(self, reader: CardedReader, asked: Sequence[str]) -> None:
        known = reader.card.names_for(asked)
        if not set(known) & set(asked):
            raise InvalidConfigurationError(
                N_(
                    "a model is judged on classes it knows. It knows %(first_known)s … %(last_known)s, the data set "
                    "has %(first_asked)s … %(last_asked)s, none in common; choose another data set"
                ),
                first_known=known[0],
                last_known=known[-1],
                first_asked=asked[0],
                last_asked=asked[-1],
            )
        self.class_names = (*asked, *(name for name in known if name not in asked))
        self._reader = reader
        self._places = np.array([self.class_names.index(name) for name in known])

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits, ``(N, len(class_names))``, for a data set's own images, uint8 ``(N, H, W, C)``."""
        logits = np.full((len(images), len(self.class_names)), _UNKNOWN)
        logits[:, self._places] = self._reader.logits(normalize_pixels(images, self._reader.card.normalizer))
        return logits


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
