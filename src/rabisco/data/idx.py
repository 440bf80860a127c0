"""The IDX format of MNIST and its descendants: a header with the shape, then one byte per pixel or label.

EMNIST has such files inside one zip archive, each image transposed; here they are turned upright.

Source: https://yann.lecun.com/exdb/mnist/ ("the IDX file format"); for EMNIST
https://www.nist.gov/itl/products-and-services/emnist-dataset, and G. Cohen et al., arXiv:1702.05373.
"""

import math
import struct
import zipfile
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.data.content import fingerprint, gunzip, invalid, open_member, open_zip, read_exactly
from rabisco.data.dataset import Parts, Split

_UNSIGNED_BYTE = 0x08
_FIRST_LABEL = {"letters": 1}  # EMNIST's letters are 1 … 26; every other part begins with 0


def read_idx_gz(source: IO[bytes], dimensions: int, name: str) -> tuple[NDArray[np.uint8], bytes]:
    """Return the array in an IDX file, read-only, and the whole file, decompressed as far as its header promises.

    Args:
        source: The compressed bytes.
        dimensions: 3 for images, ``(N, H, W)``; 1 for labels, ``(N,)``.
        name: Base name of the file, for the error.

    Raises:
        InvalidDataError: It is not gzip, not IDX of that many dimensions, truncated, or longer than its
            header says.
    """
    with gunzip(source, name) as stream:
        header = stream.read(4 + 4 * dimensions)
        shape = _shape(header, dimensions, name)
        content = header + read_exactly(stream, math.prod(shape), name)
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape), content


def parse_labels(values: NDArray[np.uint8], name: str, num_classes: int, first: int = 0) -> NDArray[np.int64]:
    """Return the labels of an IDX file, int64 ``(N,)``, in ``0 … num_classes - 1``.

    Args:
        values: The labels as the file has them, ``(N,)``.
        name: Base name of the file, for the error.
        num_classes: How many classes there are.
        first: The label by which the file means the first class (EMNIST's letters begin with 1).

    Raises:
        InvalidDataError: A label is out of range.
    """
    labels = values.astype(np.int64) - first
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        row = int(outside.argmax())
        raise invalid(
            name,
            f"labels from {first} to {first + num_classes - 1}",
            f"{labels[row] + first} as label number {row + 1:,}",
        )
    return labels


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


def _shape(header: bytes, dimensions: int, name: str) -> tuple[int, ...]:
    if len(header) < 4 + 4 * dimensions:
        raise invalid(name, f"an IDX header of {4 + 4 * dimensions} bytes", f"{len(header)} bytes in all")
    expected = _UNSIGNED_BYTE << 8 | dimensions
    magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if magic != expected:
        raise invalid(name, f"an IDX file that begins with {expected:08x}", f"{magic:08x}")
    if 0 in shape:
        raise invalid(name, "an IDX file with something in it", f"the shape {tuple(shape)}")
    return tuple(shape)
