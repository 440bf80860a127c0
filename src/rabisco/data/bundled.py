"""The digits that come with scikit-learn: real handwriting of 43 people, no network needed.

They are 8×8 counts from 0 to 16; here they become 28×28 pixels in the manner of MNIST: the ink's box scaled to
20×20 with its proportions kept, and its center of mass put into the middle.

Source: https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabisco.data.content import fingerprint
from rabisco.data.dataset import Parts, Split, stratified_cut
from rabisco.errors import N_, MissingExtraError
from rabisco.images.geometry import counts_as_mnist

_TEST_FRACTION = 0.2
_TEST_SEED = 25


def read_bundled_digits(class_names: tuple[str, ...]) -> Parts:
    """Return the 1,797 digits: images uint8 ``(N, 28, 28, 1)``, bright ink on dark, and labels from 0 to 9.

    Their authors cut no test part from them. It is cut here, a fifth, and is the same for every seed of a split.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    digits, known_as = _as_mnist()
    train, test = stratified_cut(digits.labels, _TEST_FRACTION, _TEST_SEED, class_names)
    return Parts(digits[train], digits[test], known_as)


@cache
def _as_mnist() -> tuple[Split, str]:
    """Return the digits and their fingerprint; made once, for a sweep asks for them many times."""
    counts, labels = read_counts()
    images = np.stack([counts_as_mnist(count) for count in counts])[..., np.newaxis]
    return Split(images, labels), fingerprint([counts.tobytes(), labels.tobytes()])


def read_counts() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the digits as scikit-learn has them: counts from 0 to 16, ``(1797, 8, 8)``, and labels from 0 to 9.

    The file is read directly, because importing scikit-learn takes a second that a training on these digits would
    otherwise not spend.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise MissingExtraError(
            N_(
                "data set 'digits' comes with scikit-learn, which is not installed; "
                "install what training needs: pip install 'rabisco[train]'"
            )
        )
    table = np.loadtxt(Path(package.origin).with_name("datasets") / "data" / "digits.csv.gz", delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int64)
