"""EMNIST: IDX files inside one zip archive, each image transposed; here they are turned upright.

Source: https://www.nist.gov/itl/products-and-services/emnist-dataset, and G. Cohen et al., arXiv:1702.05373.
"""

import zipfile
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.data.archive import open_member, open_zip
from rabisco.data.content import fingerprint
from rabisco.data.dataset import Parts, Split
from rabisco.data.idx import parse_labels, read_idx_gz

# The letters' labels are 1 … 26, those of every other part begin with 0.
_FIRST_LABEL = {"letters": 1}


def read_emnist(source: IO[bytes], split: str, num_classes: int, name: str) -> Parts:
    """Return one part of EMNIST: images uint8 ``(N, 28, 28, 1)``, upright, bright ink on dark; labels from 0.

    Args:
        source: The official ``gzip.zip``.
        split: EMNIST's name of the part: ``balanced``, ``letters``, ``digits``, ``byclass``.
        num_classes: Number of its classes.
        name: Base name of the archive, for the error.

    Raises:
        InvalidDataError: The archive or a member is damaged, or lacks that part.
    """
    with open_zip(source, name) as archive:
        train, train_contents = _read_part(archive, split, "train", num_classes, name)
        test, test_contents = _read_part(archive, split, "test", num_classes, name)
    return Parts(train, test, fingerprint([*train_contents, *test_contents]))


def _read_part(
    archive: zipfile.ZipFile, split: str, part: Literal["train", "test"], num_classes: int, name: str
) -> tuple[Split, list[bytes]]:
    """Return one part, and the contents it was read from."""
    member = f"gzip/emnist-{split}-{part}"
    images, image_content = _read_member(archive, f"{member}-images-idx3-ubyte.gz", 3, name)
    values, label_content = _read_member(archive, f"{member}-labels-idx1-ubyte.gz", 1, name)
    labels = parse_labels(values, f"emnist-{split} labels", num_classes, _FIRST_LABEL.get(split, 0))
    upright = np.ascontiguousarray(images.transpose(0, 2, 1))[..., np.newaxis]
    return Split(upright, labels), [image_content, label_content]


def _read_member(archive: zipfile.ZipFile, member: str, dimensions: int, name: str) -> tuple[NDArray[np.uint8], bytes]:
    with open_member(archive, member, name) as compressed:
        return read_idx_gz(compressed, dimensions, f"{member} in {name}")
