"""The pictures that a rejection rule is fitted on and judged by, and what a rule is told of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco import data
from rabisco.errors import N_, InvalidDataError
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.images import normalize_pixels, prepare
from rabisco.images.normalize import DESKEWED
from rabisco.rejection import cache
from rabisco.rejection.features import describe, picture_features
from rabisco.rejection.negatives import KINDS, draw_kind
from rabisco.rejection.rendering import Picture, on_paper, redraw, resized
from rabisco.rejection.rule import RejectionRule

CHARACTERS = 4000  # drawn of many; the same character may be drawn several times
MANY = 1000
FEWEST_DRAWN = 200
PER_KIND = 30  # one picture of each kind for so many characters
FEWEST_OF_KIND = 8
PHOTOGRAPHS = "photographs"
PICTURES_OF_CHARACTERS = "pictures of characters"
PHOTOS = 4  # as many photographs as four kinds' pictures for each of these
EVERY_PHOTOGRAPH = 20  # of the training part; more are never drawn
PICTURES = 0.6  # as many pictures of characters, for each that is drawn
PHOTO_SIDES = (32, 32, 96, 280)
AS_IT_IS = 0.12  # share of the characters that come as a file of the data set rather than as a drawing
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Described:
    """Pictures as the rule sees them."""

    features: NDArray[np.float64]  # (N, len(FEATURES))
    blank: NDArray[np.bool_]  # (N,), in which no ink was found; they are refused without asking the rule

    def log_odds(self, rule: RejectionRule) -> NDArray[np.float64]:
        """Return the rule's log-odds of each picture, infinite where it is blank."""
        return np.where(self.blank, np.inf, rule.log_odds(self.features))

    def refused(self, rule: RejectionRule) -> NDArray[np.bool_]:
        """Return which pictures are refused."""
        return self.log_odds(rule) > rule.threshold


@dataclass(frozen=True)
class PreparedPictures:
    """Pictures as the preparation leaves them, before any model has seen them."""

    pixels: Images  # (N, H, W, 1)
    traits: NDArray[np.float32]  # (N, len(TRAITS)); see ``features.describe``
    blank: NDArray[np.bool_]  # as in ``Described``

    @classmethod
    def of(cls, pictures: Iterable[Picture], normalizer: str) -> Self:
        """Bring decoded pictures, RGB, through the preparation."""
        pixels, traits, blank = [], [], []
        for picture in pictures:
            prepared = prepare(picture, normalizer)
            if prepared.ink is None:
                raise InvalidDataError(
                    N_("only models of characters refuse pictures; %(normalizer)s looks at whole ones"),
                    normalizer=repr(normalizer),
                )
            pixels.append(prepared.pixels)
            traits.append(describe(prepared.ink))
            blank.append(prepared.blank)
        return cls(np.stack(pixels), np.stack(traits), np.array(blank))

    @classmethod
    def loaded(cls, kind: str, arrays: cache.Arrays) -> Self:
        """Return the pictures of a kind as ``named`` gave them."""
        return cls(*(arrays[f"{kind}/{one.name}"] for one in fields(cls)))

    def named(self, kind: str) -> cache.Arrays:
        """Return them as arrays to be kept."""
        return {f"{kind}/{name}": array for name, array in vars(self).items()}

    def sheared(self, normalizer: str) -> Self:
        """Return them as a model with this normalizer sees them, where it shears images; else the same."""
        return replace(self, pixels=normalize_pixels(self.pixels, normalizer)) if normalizer in DESKEWED else self

    def described(self, reader: Reader, temperature: float) -> Described:
        """Return them as the rule of a model sees them."""
        features = picture_features(self.traits, read_logits(reader, self.pixels), temperature)
        return Described(features, self.blank)


def fit_pictures(
    reader: Reader,
    normalizer: str,
    temperature: float,
    characters: Images,
    *,
    photographs: Images | None = None,
    pictures_of_characters: Sequence[Picture] = (),
    most: int = CHARACTERS,
    seed: int = 0,
    on_described: Callable[[int], None] = lambda _: None,
) -> tuple[dict[str, Described], dict[str, Described]]:
    """Return what a rule is fitted on, described, by kind: what is to be read, and what is to be refused.

    The characters are drawn on canvases and papers and brought through the real preparation, and so are pictures of
    every kind of ``negatives``. Pictures are drawn once, before model-specific shearing, and cached. Those that do not
    depend on the characters have a cache file of their own.

    Args:
        reader: The model.
        normalizer: The one that its card names.
        temperature: Fitted before, on validation.
        characters: Validation images, uint8 ``(N, H, W, 1)``, bright = ink; never the test split.
        photographs: Pictures of things, uint8 ``(M, h, w, 3)``, if there are any at hand.
        pictures_of_characters: Further pictures of single characters of the model's classes, RGB.
        most: How many characters are drawn of many, and in proportion how many pictures of everything else.
        seed: Of all drawings.
        on_described: Told of each kind how many pictures it had.
    """
    few, each = numbers_drawn(len(characters), most)
    draw: dict[str, Callable[[], Iterable[Picture]]] = {
        "characters": lambda: draw_characters(characters, few, seed),
        **({PICTURES_OF_CHARACTERS: lambda: pictures_of_characters} if pictures_of_characters else {}),
        **{kind.name: partial(draw_kind, kind, each, characters, seed) for kind in KINDS},
    }
    if photographs is not None:
        draw[PHOTOGRAPHS] = lambda: draw_photographs(photographs, PHOTOS * each, seed)
    images = [characters, *(() if photographs is None else [photographs]), *pictures_of_characters]
    alike = [kind.name for kind in KINDS if not kind.composed]  # whatever the characters
    drawn_for = DESKEWED.get(normalizer, normalizer)
    shelves = {
        cache.path_of((drawn_for, each, seed, alike), ()): alike,
        cache.path_of((drawn_for, few, each, seed, list(draw)), images): [kind for kind in draw if kind not in alike],
    }
    prepared = dict[str, PreparedPictures]()
    for path, kinds in shelves.items():
        prepared |= _prepared(path, {kind: draw[kind] for kind in kinds}, drawn_for, on_described)
    described = {kind: prepared[kind].sheared(normalizer).described(reader, temperature) for kind in draw}
    shown = {kind: described.pop(kind) for kind in ("characters", PICTURES_OF_CHARACTERS) if kind in described}
    return shown, described


def _prepared(
    path: Path,
    draw: Mapping[str, Callable[[], Iterable[Picture]]],
    normalizer: str,
    on_prepared: Callable[[int], None],
) -> dict[str, PreparedPictures]:
    """Return what is kept there by kind, or draw and keep it; of processes that want it together, one draws."""
    found = dict[str, PreparedPictures]()
    with cache.locked(path):
        known = cache.load(path)
        for kind, pictures in draw.items():
            found[kind] = (
                PreparedPictures.loaded(kind, known) if known else PreparedPictures.of(pictures(), normalizer)
            )
            on_prepared(len(found[kind].blank))
        if not known:
            cache.save(path, {name: array for kind, one in found.items() for name, array in one.named(kind).items()})
    return found


def numbers_drawn(available: int, most: int = CHARACTERS) -> tuple[int, int]:
    """Return how many characters ``fit_pictures`` draws of those available, and how many pictures of each kind."""
    few = most if available >= MANY else min(most, max(FEWEST_DRAWN, available))
    return few, max(FEWEST_OF_KIND, few // PER_KIND)


def further_pictures(count: int, class_names: Sequence[str], most: int = CHARACTERS) -> dict[str, Any]:
    """Return what the training parts of other data sets add to ``count`` characters, if they are here.

    Returns:
        ``photographs`` of things, from ``cifar-10``, and ``pictures_of_characters``, from ``handwriting-extra``: as
        ``fit_pictures`` takes them.
    """
    found: dict[str, Any] = {}
    if data.is_local("cifar-10"):
        found["photographs"] = _photographs()
    if data.is_local("handwriting-extra"):
        extra = data.load("handwriting-extra")
        known = np.array([name in class_names for name in extra.class_names])
        rows = np.flatnonzero(known[extra.train.labels])
        wanted = PICTURES * numbers_drawn(count, most)[0]
        rows = rows[:: max(1, round(len(rows) / wanted))]
        rows = np.tile(rows, max(1, round(wanted / max(1, len(rows)))))  # where there are few, each in several sizes
        random = np.random.default_rng(103)
        pictures = [np.repeat(255 - extra.train.images[row], 3, axis=-1) for row in rows]
        found["pictures_of_characters"] = [
            resized(picture, random) if random.random() < 0.5 else picture for picture in pictures
        ]
    return found


def _photographs() -> Images:
    """Return some photographs of the training part; they are kept, as reading all of it takes a second each time."""
    path = cache.path_of(("photographs", EVERY_PHOTOGRAPH, data.stamp("cifar-10")), ())
    with cache.locked(path):
        known = cache.load(path)
        if known is None:
            known = {"images": data.load("cifar-10").train.images[::EVERY_PHOTOGRAPH]}
            cache.save(path, known)
    return known["images"]


def describe_pictures(reader: Reader, normalizer: str, temperature: float, pictures: Iterable[Picture]) -> Described:
    """Return decoded pictures, RGB, as the rule sees them, having brought each through the preparation."""
    return PreparedPictures.of(pictures, normalizer).described(reader, temperature)


def draw_characters(images: Images, count: int, seed: int) -> Iterator[Picture]:
    """Return characters, uint8 ``(N, H, W, 1)``, as people's pictures of them, RGB; the same for the same seed.

    If more are wanted than there are, they come round again, drawn in other ways.
    """
    random = np.random.default_rng([seed, 101])
    for image in images[np.resize(random.permutation(len(images)), count)]:
        as_it_is = random.random() < AS_IT_IS
        yield np.repeat(image, 3, axis=-1) if as_it_is else on_paper(redraw(image, random), random)


def draw_photographs(images: Images, count: int, seed: int) -> Iterator[Picture]:
    """Return photographs, uint8 ``(N, h, w, 3)``, as they are and enlarged, some of them gray."""
    random = np.random.default_rng([seed, 102])
    for image in images[random.permutation(len(images))[:count]]:
        side = int(random.choice(PHOTO_SIDES))
        photograph = Image.fromarray(image)
        if side > 32:
            photograph = photograph.resize((side, side), Image.Resampling.BICUBIC)
        gray = random.random() < 0.15
        yield np.asarray(photograph.convert("L").convert("RGB") if gray else photograph)
