"""The digits that come with scikit-learn: real handwriting of 43 people, no network needed.

They are 8×8 counts from 0 to 16; here they become 28×28 pixels in the manner of MNIST: the ink's box scaled to
20×20 with its proportions kept, and its centre of mass put into the middle.

Source: https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.data.content import fingerprint
from rabisco.data.dataset import Parts, Split
from rabisco.data.split import stratified_cut
from rabisco.errors import MissingExtraError

_SIDE = 28
_BOX = 20
_TEST_FRACTION = 0.2
_TEST_SEED = 25


def read_bundled_digits(class_names: tuple[str, ...]) -> Parts:
    """Return the 1,797 digits: images uint8 ``(N, 28, 28, 1)``, bright ink on dark, and labels from 0 to 9.

    Their authors cut no test part from them. It is cut here, a fifth, and is the same for every seed of a split.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise MissingExtraError(
            "data set 'digits' comes with scikit-learn, which is not installed; "
            "install what training needs: pip install 'rabisco[train]'"
        ) from None
    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    images = np.stack([to_mnist(counts) for counts in bunch.images])[..., np.newaxis]
    train, test = stratified_cut(labels, _TEST_FRACTION, _TEST_SEED, class_names)
    return Parts(
        Split(images[train], labels[train]),
        Split(images[test], labels[test]),
        fingerprint([bunch.images.tobytes(), labels.tobytes()]),
    )


def to_mnist(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return one image as MNIST would show it, uint8 ``(28, 28)``, from counts in [0, 16], ``(8, 8)``."""
    ink = _scale_to_box(_crop(counts) * (255 / 16))
    total = ink.sum(dtype=np.float64)
    canvas = np.zeros((_SIDE, _SIDE), np.uint8)
    corner = []
    for axis, size in enumerate(ink.shape):
        centre = float((ink.sum(axis=1 - axis) * (np.arange(size) + 0.5)).sum() / total)
        corner.append(min(max(round(_SIDE / 2 - centre), 0), _SIDE - size))
    canvas[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink
    return canvas


def _crop(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.flatnonzero(counts.any(axis=1))
    columns = np.flatnonzero(counts.any(axis=0))
    return counts[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scale_to_box(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    factor = _BOX / max(ink.shape)
    height, width = (max(1, round(size * factor)) for size in ink.shape)
    picture = Image.fromarray(ink.astype(np.float32))
    scaled = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    return np.asarray(np.clip(scaled, 0, 255).round(), dtype=np.uint8)
