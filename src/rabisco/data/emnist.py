"""EMNIST: IDX files inside one zip archive, each image transposed; here they are turned upright.

Source: https://www.nist.gov/itl/products-and-services/emnist-dataset, and G. Cohen et al., arXiv:1702.05373.
"""

import zipfile
from typing import IO, Literal

import numpy as np

from rabisco.data.archive import open_member, open_zip
from rabisco.data.content import fingerprint
from rabisco.data.dataset import Parts, Split
from rabisco.data.idx import parse_images, parse_labels, read_idx_gz

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
        train = _contents(archive, split, "train", name)
        test = _contents(archive, split, "test", name)
    return Parts(
        _parse(train, split, num_classes),
        _parse(test, split, num_classes),
        fingerprint([*train, *test]),
    )


def _contents(archive: zipfile.ZipFile, split: str, part: Literal["train", "test"], name: str) -> list[bytes]:
    contents = []
    for kind, dimensions in (("images-idx3", 3), ("labels-idx1", 1)):
        member = f"gzip/emnist-{split}-{part}-{kind}-ubyte.gz"
        with open_member(archive, member, name) as compressed:
            contents.append(read_idx_gz(compressed, dimensions, f"{member} in {name}"))
    return contents


def _parse(contents: list[bytes], split: str, num_classes: int) -> Split:
    images = parse_images(contents[0], f"emnist-{split} images")
    labels = parse_labels(contents[1], f"emnist-{split} labels", num_classes, _FIRST_LABEL.get(split, 0))
    return Split(np.ascontiguousarray(images.transpose(0, 2, 1, 3)), labels)
