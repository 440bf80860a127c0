"""From the files of a catalog entry to its official parts, each file's format by its reader."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.data.catalog import DataFile, Entry, Format
from rabisco.data.content import invalid, open_binary
from rabisco.data.dataset import Split
from rabisco.data.download import locate
from rabisco.data.idx import parse_images, parse_labels, read_idx_gz


@dataclass(frozen=True)
class Parts:
    """A data set as its authors divided it.

    Attributes:
        train: What train and validation are cut from.
        test: The official test part.
        fingerprint: sha256 (hex) over the sha256 of each content read, in order.
    """

    train: Split
    test: Split
    fingerprint: str


def read_parts(entry: Entry) -> Parts:
    """Return the official parts of ``entry``, downloaded if need be.

    Raises:
        DataUnavailableError: A file is neither here nor to be had.
        InvalidDataError: A file is damaged, or is not what the catalog says.
        MissingExtraError: It comes with a library that is not installed.
    """
    return _READERS[entry.format](entry)


def fingerprint(contents: list[bytes]) -> str:
    """Return one sha256 (hex) for several contents: that of their sha256, one after another."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()


def make_split(images: NDArray[np.uint8], labels: NDArray[np.int64], entry: Entry, name: str) -> Split:
    """Return images and labels as a split, once they fit each other and the entry.

    Raises:
        InvalidDataError: There are not as many labels as images, or the images are not of the entry's shape.
    """
    if images.shape[1:] != entry.image_shape:
        raise invalid(name, f"images of shape {entry.image_shape}", f"{images.shape[1:]}")
    if len(images) != len(labels):
        raise invalid(name, f"as many images as labels, {len(labels):,}", f"{len(images):,}")
    return Split(images, labels)


def _read_idx(entry: Entry) -> Parts:
    contents = [_idx_content(entry, file) for file in entry.files]
    names = [file.name for file in entry.files]
    splits = [
        make_split(
            parse_images(contents[at], names[at]).copy(),
            parse_labels(contents[at + 1], names[at + 1], entry.num_classes),
            entry,
            names[at],
        )
        for at in (0, 2)
    ]
    return Parts(splits[0], splits[1], fingerprint(contents))


def _idx_content(entry: Entry, file: DataFile) -> bytes:
    with open_binary(locate(entry, file)) as source:
        content = read_idx_gz(source, 3 if "images" in file.name else 1, file.name)
    if file.content_sha256 and hashlib.sha256(content).hexdigest() != file.content_sha256:
        raise invalid(file.name, f"the official content of {entry.title}", "something else of that form")
    return content


_READERS: dict[Format, Callable[[Entry], Parts]] = {"idx": _read_idx}
