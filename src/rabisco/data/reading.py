"""From the files of a catalog entry to its official parts, each file's format by its reader."""

import hashlib
from collections.abc import Callable
from typing import IO

import numpy as np
from numpy.typing import NDArray

from rabisco.data.bundled import read_bundled_digits
from rabisco.data.cifar import read_cifar
from rabisco.data.content import fingerprint, invalid, open_binary
from rabisco.data.dataset import Parts, Split
from rabisco.data.download import locate
from rabisco.data.entry import DataFile, Entry, Format
from rabisco.data.forms import read_digit_forms
from rabisco.data.handwriting import read_emnist_digits, read_emnist_pages, read_pictures
from rabisco.data.idx import parse_labels, read_emnist, read_idx_gz


def read_parts(entry: Entry) -> Parts:
    """Return the official parts of ``entry``, downloaded if need be.

    Raises:
        DataUnavailableError: A file is neither here nor to be had.
        InvalidDataError: A file is damaged, or is not what the catalog says.
        MissingExtraError: It comes with a library that is not installed.
    """
    parts = _READERS[entry.format](entry)
    for split in (parts.train, parts.test):
        _check(split, entry)
    return parts


def _check(split: Split, entry: Entry) -> None:
    name = entry.files[0].name if entry.files else entry.title
    if split.images.shape[1:] != entry.image_shape:
        raise invalid(name, f"images of shape {entry.image_shape}", f"{split.images.shape[1:]}")
    if len(split.images) != len(split.labels):
        raise invalid(name, f"as many labels as images, {len(split.images):,}", f"{len(split.labels):,}")


def _read_idx(entry: Entry) -> Parts:
    arrays, contents = zip(*(_read_idx_file(entry, file) for file in entry.files), strict=True)
    train, test = (
        Split(
            arrays[at][..., np.newaxis].copy(),
            parse_labels(arrays[at + 1], entry.files[at + 1].name, entry.num_classes),
        )
        for at in (0, 2)
    )
    return Parts(train, test, fingerprint(contents))


def _read_idx_file(entry: Entry, file: DataFile) -> tuple[NDArray[np.uint8], bytes]:
    with open_binary(locate(entry, file)) as source:
        array, content = read_idx_gz(source, 3 if "images" in file.name else 1, file.name)
    if file.content_sha256 and hashlib.sha256(content).hexdigest() != file.content_sha256:
        raise invalid(file.name, f"the official content of {entry.title}", "something else of that form")
    return array, content


def _read_one(read: Callable[[IO[bytes], Entry, str], Parts]) -> Callable[[Entry], Parts]:
    def read_entry(entry: Entry) -> Parts:
        (file,) = entry.files
        with open_binary(locate(entry, file)) as source:
            return read(source, entry, file.name)

    return read_entry


_READERS: dict[Format, Callable[[Entry], Parts]] = {
    "idx": _read_idx,
    "emnist": _read_one(lambda source, entry, name: read_emnist(source, entry.split, entry.num_classes, name)),
    "cifar": lambda entry: read_cifar(locate(entry, entry.files[0])),
    "bundled-digits": lambda entry: read_bundled_digits(entry.class_names),
    "digit-forms": lambda entry: read_digit_forms(entry.class_names),
    "emnist-pages": _read_one(lambda source, entry, name: read_emnist_pages(source, entry.class_names, name)),
    "emnist-digits-test": _read_one(lambda source, entry, name: read_emnist_digits(source, entry.class_names, name)),
    "pictures": _read_one(lambda source, entry, name: read_pictures(source, entry.class_names, name)),
}
