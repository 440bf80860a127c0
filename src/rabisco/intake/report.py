"""What is known of a user's data before training: how it is written, what the user chose, what was found.

All three can be kept as JSON with a run (``to_dict``, ``from_dict``); images as shape and base64 of their pixels.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from rabisco.intake.findings import Finding

Layout = Literal["grey", "planar", "interleaved"]
Kind = Literal["table", "pictures"]
Outermost = Literal["parts", "classes"]
Images = NDArray[np.uint8]


def _packed(image: Images) -> dict[str, Any]:
    return {"shape": list(image.shape), "pixels": base64.b64encode(image.tobytes()).decode()}


def _unpacked(value: Mapping[str, Any]) -> Images:
    return np.frombuffer(base64.b64decode(value["pixels"]), np.uint8).reshape(value["shape"])


KeptImage = Annotated[Images, PlainValidator(_unpacked), PlainSerializer(_packed)]
KeptFinding = Annotated[Finding, PlainValidator(Finding.from_dict), PlainSerializer(Finding.to_dict)]


class _Kept:
    """A dataclass that can be kept as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return dict(self._form().dump_python(self, mode="json"))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Return what ``to_dict`` wrote."""
        kept: Self = cls._form().validate_python(value)
        return kept

    @classmethod
    @cache
    def _form(cls) -> TypeAdapter[Any]:
        return TypeAdapter(cls)


@dataclass(frozen=True)
class Choices(_Kept):
    """What the user decided; ``None`` where the data decide.

    Attributes:
        delimiter: One of ``, ; \\t space |``.
        has_header: Whether the first line names the columns.
        label_column: ``first``, ``last`` or a name in the header.
        scale: Maximum pixel value: 1, 16 or 255.
        inverted: Whether the images are dark on light.
        transposed: Whether rows and columns of the images are exchanged, as in EMNIST's files.
        layout: How the channels of color images follow each other.
        normalizer: Normalizer, with its version, that makes a picture into what the model reads.
        folders: What the outermost folders of pictures are: ``parts``, such as train and test, or ``classes``.
        class_names: For some classes the names that they get, the same for two of them makes one class of both; or the
            names of all, in the order of their labels.
    """

    delimiter: str | None = None
    has_header: bool | None = None
    label_column: str | None = None
    scale: int | None = None
    inverted: bool | None = None
    transposed: bool | None = None
    layout: Layout | None = None
    normalizer: str | None = None
    folders: Outermost | None = None
    class_names: Mapping[str, str] | Sequence[str] | None = None


@dataclass(frozen=True)
class Dialect(_Kept):
    """How a user's data are written.

    Attributes:
        kind: A table, or pictures in folders by class.
        normalizer: Normalizer, with its version, that makes a picture into what a model of these data reads.
        side: Height and width of the images in a table, in pixels.
        layout: How the channels follow each other: ``grey``; ``planar``, all red before all green; ``interleaved``.
        delimiter: Between two cells.
        decimal_comma: Whether a comma stands before the decimals.
        decimals: Whether pixels are written with decimals.
        has_header: Whether the first line names the columns.
        columns: Cells of a line.
        label_column: Place of the label among them, from 0.
        ignored_columns: Places of cells that are neither label nor pixel.
        scale: Maximum pixel value: 1, 16 or 255.
        inverted: Whether the images are dark on light.
        transposed: Whether rows and columns are exchanged.
        encoding: Of the labels, by Python's name; ``utf-8`` includes UTF-16.
        sparse: Whether an empty cell is a pixel of 0.
        spread: Whether all pixels stand in one cell, separated by spaces or commas.
        folders: What the outermost folders of pictures are: ``parts`` or ``classes``; ``None`` if that is found anew.
        class_names: For each class that gets another name than its label, that name.
    """

    kind: Kind
    normalizer: str
    side: int = 0
    layout: Layout = "grey"
    delimiter: str = ","
    decimal_comma: bool = False
    decimals: bool = False
    has_header: bool = False
    columns: int = 0
    label_column: int = 0
    ignored_columns: tuple[int, ...] = ()
    scale: int = 255
    inverted: bool = False
    transposed: bool = False
    encoding: str = "utf-8"
    sparse: bool = False
    spread: bool = False
    folders: Outermost | None = None
    class_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of an image as it is read from a table, ``(H, W, C)``."""
        return self.side, self.side, 1 if self.layout == "grey" else 3

    @property
    def pixel_columns(self) -> NDArray[np.int64]:
        """Places of the pixels among the cells of a line, int64 ``(P,)``."""
        return np.setdiff1d(np.arange(self.columns), (self.label_column, *self.ignored_columns))


@dataclass(frozen=True)
class BadRow:
    """A row, or a picture, that cannot be read and is left out.

    Attributes:
        row: Number of its line in the file, from 1; of a picture, its place among the pictures.
        reason: Why.
        name: Of a picture, its name in the folder or archive.
    """

    row: int
    reason: KeptFinding
    name: str = ""


@dataclass(frozen=True)
class Batch:
    """Some images of a data set, in their order, as every reader of a user's data yields them.

    Attributes:
        images: uint8 ``(N, H, W, C)``, upright, light on dark.
        labels: Of each.
        bad: What was left out between them.
    """

    images: Images
    labels: list[str]
    bad: list[BadRow]


@dataclass(frozen=True)
class ClassCount:
    """A class and how many images of it there are to train on and in the test file."""

    name: str
    train: int
    test: int


@dataclass(frozen=True)
class PartReport:
    """What one file, or one part of the pictures, holds.

    Attributes:
        rows: Those that can be read.
        bad_count: Those that cannot.
        bad_rows: The first hundred of these.
    """

    rows: int = 0
    bad_count: int = 0
    bad_rows: tuple[BadRow, ...] = ()


@dataclass(frozen=True)
class Inspection(_Kept):
    """What was found in a user's data.

    Attributes:
        dialect: How the training data are written.
        test_dialect: How the test file is written; ``None`` without one.
        choices: What the user had decided.
        train: What is there to train on; validation, and without test data the test split too, are cut from it.
        test: What there is for the test; ``None`` without.
        classes: In the order of the labels that a model will learn.
        duplicates: Training images that repeat an earlier one.
        contradictions: Training images that repeat an earlier one under another label.
        leaked: Test images that are among the training images.
        samples: A few images of each class, uint8 ``(H, W, C)``, as they will be read: upright, light on dark.
        understood: Of pictures, what tells their classes and parts.
        warnings: What the user should know.
        errors: Why these data cannot be trained on; empty if they can.
    """

    dialect: Dialect
    test_dialect: Dialect | None
    choices: Choices
    train: PartReport
    test: PartReport | None
    classes: tuple[ClassCount, ...]
    duplicates: int = 0
    contradictions: int = 0
    leaked: int = 0
    samples: Mapping[str, tuple[KeptImage, ...]] = field(default_factory=dict)
    understood: KeptFinding | None = None
    warnings: tuple[KeptFinding, ...] = ()
    errors: tuple[KeptFinding, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether these data can be trained on."""
        return not self.errors

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class; the label is the index."""
        return tuple(one.name for one in self.classes)
