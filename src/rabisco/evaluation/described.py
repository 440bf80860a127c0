"""Pictures as a rule of refusal sees them: drawn or given, brought through the preparation and shown to a model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rabisco.errors import InvalidDataError
from rabisco.evaluation.paper import Picture, on_paper, redraw
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.images import prepare
from rabisco.images.traits import describe
from rabisco.refusal import Reason, RefusalRule, picture_features, reason_without_ink

PHOTO_SIDES = (32, 32, 96, 280)
AS_IT_IS = 0.12  # share of the characters that come as a file of the data set rather than as a drawing
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Described:
    """Pictures as the rule sees them.

    Attributes:
        features: ``(N, len(FEATURES))``.
        blank: ``(N,)``, in which no ink was found; they are refused without asking the rule.
        restless: ``(N,)``, of these, those that are not empty pictures all the same.
    """

    features: NDArray[np.float64]
    blank: NDArray[np.bool_]
    restless: NDArray[np.bool_]

    def log_odds(self, rule: RefusalRule) -> NDArray[np.float64]:
        """Return the rule's log-odds of each picture, infinite where it is blank."""
        return np.where(self.blank, np.inf, rule.log_odds(self.features))

    def refused(self, rule: RefusalRule) -> NDArray[np.bool_]:
        """Return which pictures are refused."""
        return self.log_odds(rule) > rule.threshold

    def reasons(self, rule: RefusalRule) -> list[Reason | None]:
        """Return why each picture is refused, ``None`` for what is read."""
        without_ink: list[Reason] = ["not-a-character" if restless else "blank" for restless in self.restless]
        answers = zip(self.blank, without_ink, rule.reasons(self.features), strict=True)
        return [first if blank else second for blank, first, second in answers]


def describe_pictures(reader: Reader, normalizer: str, temperature: float, pictures: Iterable[Picture]) -> Described:
    """Return decoded pictures, RGB, as the rule sees them, having brought each through the preparation."""
    pixels, traits, blank, restless = [], [], [], []
    for picture in pictures:
        prepared = prepare(picture, normalizer)
        if prepared.ink is None:
            raise InvalidDataError(f"only models of characters refuse pictures; {normalizer!r} looks at whole ones")
        pixels.append(prepared.pixels)
        traits.append(describe(prepared.ink))
        blank.append(prepared.blank)
        restless.append(prepared.blank and reason_without_ink(prepared.ink) != "blank")
    logits = read_logits(reader, np.stack(pixels))
    features = picture_features(traits, logits, temperature)
    return Described(features, np.array(blank), np.array(restless))


def draw_characters(images: Images, count: int, seed: int) -> Iterator[Picture]:
    """Return characters, uint8 ``(N, H, W, 1)``, as people's pictures of them, RGB; the same for the same seed.

    If more are wanted than there are, they come round again, drawn in other ways.
    """
    random = np.random.default_rng([seed, 101])
    for image in images[np.resize(random.permutation(len(images)), count)]:
        as_it_is = random.random() < AS_IT_IS
        yield np.repeat(image, 3, axis=-1) if as_it_is else on_paper(redraw(image, random), random)


def draw_photographs(images: Images, count: int, seed: int) -> Iterator[Picture]:
    """Return photographs, uint8 ``(N, h, w, 3)``, as they are and enlarged, some of them grey."""
    random = np.random.default_rng([seed, 102])
    for image in images[random.permutation(len(images))[:count]]:
        side = int(random.choice(PHOTO_SIDES))
        photograph = Image.fromarray(image)
        if side > 32:
            photograph = photograph.resize((side, side), Image.Resampling.BICUBIC)
        grey = random.random() < 0.15
        yield np.asarray(photograph.convert("L").convert("RGB") if grey else photograph)
