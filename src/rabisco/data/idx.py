"""The IDX format of MNIST and its descendants: a header with the shape, then one byte per pixel or label.

Source: https://yann.lecun.com/exdb/mnist/ ("the IDX file format").
"""

import math
import struct
from typing import IO

import numpy as np
from numpy.typing import NDArray

from rabisco.data.content import gunzip, invalid, read_exactly

_UNSIGNED_BYTE = 0x08
_WORD = struct.Struct(">I")


def read_idx_gz(source: IO[bytes], dimensions: int, name: str) -> bytes:
    """Return the decompressed content of an IDX file, never decompressing more than its header promises.

    Args:
        source: The compressed bytes.
        dimensions: 3 for images, 1 for labels.
        name: Base name of the file, for the error.

    Raises:
        InvalidDataError: It is not gzip, not IDX of that many dimensions, truncated, or longer than its
            header says.
    """
    with gunzip(source, name) as stream:
        header = stream.read(4 + 4 * dimensions)
        shape = _shape(header, dimensions, name)
        return header + read_exactly(stream, math.prod(shape), name)


def parse_images(content: bytes, name: str) -> NDArray[np.uint8]:
    """Return the images in the content of an IDX file, uint8 ``(N, H, W, 1)``, read-only.

    Raises:
        InvalidDataError: The content is no IDX file of three dimensions, or its size is not what its header
            says.
    """
    return _parse(content, 3, name)[..., np.newaxis]


def parse_labels(content: bytes, name: str, num_classes: int, first: int = 0) -> NDArray[np.int64]:
    """Return the labels in the content of an IDX file, int64 ``(N,)``, in ``0 … num_classes - 1``.

    Args:
        content: The whole file, decompressed.
        name: Base name of the file, for the error.
        num_classes: How many classes there are.
        first: The label by which the file means the first class (EMNIST's letters begin with 1).

    Raises:
        InvalidDataError: As for images, or a label is out of range.
    """
    labels = _parse(content, 1, name).astype(np.int64) - first
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        row = int(outside.argmax())
        raise invalid(
            name,
            f"labels from {first} to {first + num_classes - 1}",
            f"{labels[row] + first} as label number {row + 1:,}",
        )
    return labels


def _parse(content: bytes, dimensions: int, name: str) -> NDArray[np.uint8]:
    offset = 4 + 4 * dimensions
    shape = _shape(content[:offset], dimensions, name)
    if len(content) - offset != math.prod(shape):
        raise invalid(name, f"{math.prod(shape):,} bytes after its header", f"{len(content) - offset:,}")
    return np.frombuffer(content, np.uint8, offset=offset).reshape(shape)


def _shape(header: bytes, dimensions: int, name: str) -> tuple[int, ...]:
    if len(header) < 4 + 4 * dimensions:
        raise invalid(name, f"an IDX header of {4 + 4 * dimensions} bytes", f"{len(header)} bytes in all")
    magic = _UNSIGNED_BYTE << 8 | dimensions
    words = [word for (word,) in _WORD.iter_unpack(header)]
    if words[0] != magic:
        raise invalid(name, f"an IDX file that begins with {magic:08x}", f"{words[0]:08x}")
    if 0 in words[1:]:
        raise invalid(name, "an IDX file with something in it", f"the shape {tuple(words[1:])}")
    return tuple(words[1:])
