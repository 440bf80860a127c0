"""The handwriting that is at hand as ``.npz`` files: a part of EMNIST, and pictures of single characters.

They are read without NumPy's loader, which trusts what a header promises.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (the ``.npy`` format, version 1.0).
"""

import math
import re
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.data.content import fingerprint, invalid, open_member, open_zip, read_exactly
from rabisco.data.dataset import Parts, Split

# Above this correlation with an image of MNIST's test set, an example counts as the same image.
MNIST_TEST_CORRELATION = 0.95

# A picture whose brightest and darkest pixels lie closer than this is blank paper.
LEAST_CONTRAST = 16

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(?P<dtype>\|u1|<f4|<U[1-9][0-9]?)', 'fortran_order': False, "
    rb"'shape': \((?P<shape>[0-9]{1,9}(?:, [0-9]{1,9})*),?\), \} *\n"
)


def read_emnist_pages(source: IO[bytes], class_names: tuple[str, ...], name: str) -> Parts:
    """Return ``emnist_pages62.npz`` without what looks like an image of MNIST's test set.

    Both come from the same NIST forms: a model trained on such an image would have seen the MNIST test. Images are
    uint8 ``(N, 28, 28, 1)``, upright, bright ink on dark.

    Raises:
        InvalidDataError: The file is damaged, or its arrays do not fit each other.
    """
    members = ("x_train", "y_train", "mnist_test_corr_train", "x_test", "y_test", "mnist_test_corr_test")
    arrays, contents = _read_npz(source, members, name)
    train, test = (
        _without_mnist_test(
            _examples(arrays[f"x_{part}"], arrays[f"y_{part}"], class_names, name),
            arrays[f"mnist_test_corr_{part}"],
            name,
        )
        for part in ("train", "test")
    )
    return Parts(train, test, fingerprint(contents))


def read_emnist_digits(source: IO[bytes], class_names: tuple[str, ...], name: str) -> Parts:
    """Return ``emnist_digits_test.npz`` as a test part, with an empty train part.

    Images are as those of the pages.

    Raises:
        InvalidDataError: The file is damaged, or its arrays do not fit each other.
    """
    arrays, contents = _read_npz(source, ("x_test", "y_test"), name)
    test = _examples(arrays["x_test"], arrays["y_test"], class_names, name)
    return Parts(test[:0], test, fingerprint(contents))


def read_pictures(source: IO[bytes], class_names: tuple[str, ...], name: str) -> Parts:
    """Return the pictures of a file of ``x`` and ``y`` as a train part, with an empty test part.

    They are photographs, scans and drawings, dark on light in the file and bright on dark here, in the size they
    have, uint8 ``(N, 64, 64, 1)``: a recipe brings them into a model's form with ``rabisco.images``. Blank ones are
    left out. A test part cut from them would hold the same writers, and flatter.

    Raises:
        InvalidDataError: The file is damaged, or a label is no class name.
    """
    arrays, contents = _read_npz(source, ("x", "y"), name)
    train = _examples(arrays["x"], _indices(arrays["y"], class_names, name), class_names, name)
    inked = np.ptp(train.images, axis=(1, 2, 3)) >= LEAST_CONTRAST
    train = Split(255 - train.images[inked], train.labels[inked])
    return Parts(train, train[:0], fingerprint(contents))


def _examples(images: Any, labels: Any, class_names: tuple[str, ...], name: str) -> Split:
    if images.dtype != np.uint8 or images.ndim != 3 or labels.shape != images.shape[:1] or not images.size:
        raise invalid(name, "gray images and as many labels", f"the shapes {images.shape} and {labels.shape}")
    if labels.dtype.kind not in "ui" or labels.max() >= len(class_names):
        raise invalid(name, f"labels from 0 to {len(class_names) - 1}", "others")
    return Split(images[..., np.newaxis].copy(), labels.astype(np.int64))


def _without_mnist_test(split: Split, correlation: Any, name: str) -> Split:
    if correlation.shape != split.labels.shape:
        raise invalid(name, "one correlation for each image", f"the shape {correlation.shape}")
    return split[correlation <= MNIST_TEST_CORRELATION]


def _indices(characters: Any, class_names: tuple[str, ...], name: str) -> NDArray[np.int64]:
    if characters.dtype.kind != "U" or characters.ndim != 1:
        raise invalid(name, "one character as the label of each picture", f"{characters.dtype} labels")
    matches = characters[:, np.newaxis] == np.array(class_names)
    known = matches.any(axis=1)
    if not known.all():
        row = int(known.argmin()) + 1
        raise invalid(name, f"labels from {class_names[0]} to {class_names[-1]}", f"another in row {row:,}")
    return np.asarray(matches.argmax(axis=1), dtype=np.int64)


def _read_npz(source: IO[bytes], members: tuple[str, ...], name: str) -> tuple[dict[str, Any], list[bytes]]:
    """Return the named arrays of an archive, read-only, uint8, float32 or text, and the contents they were read from.

    Raises:
        InvalidDataError: It is damaged, lacks an array, or an array is not what its header promises.
    """
    arrays = {}
    contents = []
    with open_zip(source, name) as archive:
        for member in members:
            with open_member(archive, f"{member}.npy", name) as stream:
                arrays[member], content = _read_array(stream, f"{member}.npy in {name}")
            contents.append(content)
    return arrays, contents


def _read_array(stream: IO[bytes], name: str) -> tuple[NDArray[Any], bytes]:
    start = stream.read(len(_MAGIC) + 2)
    if len(start) < len(_MAGIC) + 2 or not start.startswith(_MAGIC):
        raise invalid(name, "a NumPy array, format version 1.0", "something else")
    (size,) = struct.unpack("<H", start[-2:])
    header = _HEADER.fullmatch(stream.read(size))
    if header is None:
        raise invalid(name, "a header of an array of bytes, 32-bit numbers or text", "another header")
    dtype = np.dtype(header["dtype"].decode())
    shape = tuple(int(number) for number in re.findall(rb"[0-9]+", header["shape"]))
    content = read_exactly(stream, math.prod(shape) * dtype.itemsize, name)
    return np.frombuffer(content, dtype).reshape(shape), content
