"""What a rule of refusal is fitted on again and judged by: pictures drawn by code, and the readers' own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.artifacts import Card
from rabisco.evaluation.reader import Reader
from rabisco.images import decode, prepare
from rabisco.rejection.drawn import KINDS
from rabisco.rejection.paper import Picture, on_paper, redraw
from rabisco.rejection.pictures import (
    PHOTOS,
    Described,
    describe_pictures,
    fit_pictures,
    further_pictures,
    numbers_drawn,
)
from rabisco.store import Correction

JUDGE = 4  # every fourth image judges and is not fitted on
MOST = 500  # validation images on either side; of each kind of non-characters there are then 16 pictures
REDRAWN = 8  # times that each of a reader's pictures is drawn anew, as the characters are
MOST_REDRAWN = 800
Images = NDArray[np.uint8]
Told = Callable[[int], None]


@dataclass(frozen=True)
class Material:
    """Images from which characters and non-characters are drawn.

    Attributes:
        images: Validation images, uint8 ``(N, H, W, 1)``.
        further: Pictures of other data sets, as ``further_pictures`` gives them.
        seed: Of the drawings.
    """

    images: Images
    further: dict[str, Any]
    seed: int

    @property
    def size(self) -> int:
        """How many pictures are drawn."""
        few, each = numbers_drawn(len(self.images))
        return few + (len(KINDS) + PHOTOS) * each + len(self.further.get("pictures_of_characters", ()))

    def describe(self, reader: Reader, card: Card, told: Told) -> tuple[dict[str, Described], dict[str, Described]]:
        """Return what is to be read and what is to be refused, by kind, as a model sees it; see ``fit_pictures``."""
        return fit_pictures(
            reader,
            card.normalizer,
            card.temperature,
            self.images,
            seed=self.seed,
            on_described=told,
            **self.further,
        )


def divide(images: Images, class_names: Sequence[str]) -> tuple[Material, Material]:
    """Return what a rule is fitted on and what it is judged by; they share no image, no photograph and no seed."""
    further = further_pictures(min(len(images), MOST), class_names)
    fitting = {name: _every(pictures, judging=False) for name, pictures in further.items()}
    judging = {name: _every(pictures, judging=True) for name, pictures in further.items()}
    first, second = (_every(images, judging=judges)[:MOST] for judges in (False, True))
    return Material(first, fitting, 0), Material(second, judging, 1)


def _every(pictures: Any, *, judging: bool) -> Any:
    """Return those of the pictures that judge, or those that do not."""
    rows = [row for row in range(len(pictures)) if (row % JUDGE == 0) == judging]
    return pictures[rows] if isinstance(pictures, np.ndarray) else [pictures[row] for row in rows]


@dataclass(frozen=True)
class ReadersPictures:
    """Readers' pictures in which something is drawn: all of them are characters, or none is.

    Attributes:
        files: As they were stored.
        pixels: Of each, as the model sees it, uint8 ``(H, W, 1)``.
    """

    files: tuple[bytes, ...]
    pixels: tuple[Images, ...]

    @property
    def size(self) -> int:
        """How many pictures ``describe`` describes."""
        return len(self.files) * (1 + self._times)

    def describe(self, reader: Reader, card: Card, told: Told) -> Described:
        """Return the pictures and then each of them drawn anew, as a model sees them."""
        described = describe_pictures(reader, card.normalizer, card.temperature, self._drawn())
        told(len(described.blank))
        return described

    @property
    def _times(self) -> int:
        return min(REDRAWN, MOST_REDRAWN // max(1, len(self.files)))

    def _drawn(self) -> Iterator[Picture]:
        random = np.random.default_rng(104)
        yield from map(decode, self.files)
        for pixels in self.pixels:
            for _ in range(self._times):
                yield on_paper(redraw(pixels, random), random)


def of_readers(given: Iterable[Correction], normalizer: str) -> ReadersPictures:
    """Return the pictures of some corrections."""
    prepared = [(one.picture.image, prepare(decode(one.picture.image), normalizer)) for one in given]
    drawn = [(file, seen.pixels) for file, seen in prepared if not seen.blank]
    return ReadersPictures(tuple(file for file, _ in drawn), tuple(pixels for _, pixels in drawn))
