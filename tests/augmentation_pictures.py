"""What augmentation does to images, as the pictures of the training form: ``python -m tests.augmentation_pictures``.

They are made by the very function that training uses, from digits that come with scikit-learn, and kept as files. A
test makes them anew.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import rabisco
from rabisco import data
from rabisco.training.augment import Augmentation, augmented

FOLDER = Path(rabisco.__file__).parent / "web" / "static" / "img"
STRENGTHS = ("1", "0.5")  # those of the form that change anything
DIGITS = (2, 4, 5, 7)
COLUMNS = 8
GAP = 2  # pixels between two images; thrice that after the first column
BACKGROUND = 128
SEED = 7


def draw(strength: str) -> NDArray[np.uint8]:
    """Return rows of a digit and what training may make of it, gray uint8 ``(H, W)``."""
    train = data.load("digits").train
    originals = np.stack([train.images[np.flatnonzero(train.labels == digit)[0]] for digit in DIGITS])
    changes = Augmentation().scaled(float(strength))
    changed = augmented(np.repeat(originals, COLUMNS, axis=0), changes, np.random.default_rng(SEED))
    rows = [_row(one, changed[place * COLUMNS :][:COLUMNS]) for place, one in enumerate(originals)]
    return np.concatenate([part for row in rows for part in (row, _gap(row.shape[1], 1).T)][:-1])


def path_of(strength: str) -> Path:
    """Return where the picture of a strength is kept."""
    return FOLDER / f"augmentation-{strength}.png"


def _row(original: NDArray[np.uint8], changed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = original.shape[0]
    parts = [original[..., 0], _gap(height, 3)]
    for one in changed:
        parts += [one[..., 0], _gap(height, 1)]
    return np.concatenate(parts[:-1], axis=1)


def _gap(length: int, times: int) -> NDArray[np.uint8]:
    return np.full((length, GAP * times), BACKGROUND, np.uint8)


if __name__ == "__main__":
    for strength in STRENGTHS:
        Image.fromarray(draw(strength)).save(path_of(strength), optimize=True)
