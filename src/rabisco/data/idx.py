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
