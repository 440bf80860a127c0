"""What the catalog holds of a data set: an entry, and the files it is read from."""

from dataclasses import dataclass
from typing import Literal

Format = Literal[
    "idx", "emnist", "cifar", "bundled-digits", "digit-forms", "emnist-pages", "emnist-digits-test", "pictures"
]


@dataclass(frozen=True)
class DataFile:
    """One file of a data set.

    Attributes:
        name: Its official name.
        places: Where it may lie in the data folder, relative to it, in the order searched; a download is
            kept in the cache folder under the first.
        urls: Official address first, then mirrors; empty if the file is published nowhere.
        checksum: Of the file as downloaded, ``sha256:<hex>``; empty if it is published nowhere.
        size_bytes: Of the file as downloaded; 0 if it is published nowhere.
        content_sha256: Of the decompressed content, which any compression of the same data shares; empty
            if no such checksum is known.
    """

    name: str
    places: tuple[str, ...]
    urls: tuple[str, ...] = ()
    checksum: str = ""
    size_bytes: int = 0
    content_sha256: str = ""


@dataclass(frozen=True)
class Entry:
    """What the catalog knows of one data set.

    Attributes:
        name: Name in commands, recipes and model cards.
        title: Name for people.
        class_names: Name of each class; the label is the index. A class may have no images.
        format: How they are read.
        train_examples: Examples that load as train and validation together.
        test_examples: Examples that load as test.
        licence: Terms, as far as the authors state them.
        citation: What to cite.
        homepage: Where it is described, and its files are had; empty if nowhere.
        image_shape: Shape of one image, ``(H, W, C)``.
        files: The files it is read from, in the order read; empty if it comes with a library or is drawn.
        split: The name by which EMNIST calls this part of its archive; empty elsewhere.
        normalizer: Normalizer, with its version, that makes such images from pictures.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    format: Format
    train_examples: int
    test_examples: int
    licence: str
    citation: str
    homepage: str = ""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    files: tuple[DataFile, ...] = ()
    split: str = ""
    normalizer: str = "mnist@1"

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def download_bytes(self) -> int:
        """Bytes to download if nothing is there yet; 0 if there is nothing to download."""
        return sum(file.size_bytes for file in self.files)
