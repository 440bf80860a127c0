"""Fitting a model's rule of refusal again: from the catalog, or with what readers said are characters, and are none.

With readers' pictures it is fitted on pictures drawn by code and on theirs, and kept only if it is no worse.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco import artifacts, data
from rabisco.artifacts import Artifact, Card
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.evaluation.reader import Reader
from rabisco.images import decode, normalize_pixels, prepare
from rabisco.inference import Predictor
from rabisco.rejection import RejectionRule
from rabisco.rejection.fitting import fit_from_catalog, learn, reads_handwriting
from rabisco.rejection.negatives import KINDS
from rabisco.rejection.pictures import (
    PHOTOS,
    Described,
    describe_pictures,
    fit_pictures,
    further_pictures,
    numbers_drawn,
)
from rabisco.rejection.rendering import Picture, on_paper, redraw
from rabisco.retraining.correction_set import CorrectionSet, can_refuse
from rabisco.retraining.report import Difference, RuleChange, difference
from rabisco.store import Correction

COUNTS = (8.0, 4.0, 2.0, 1.0)  # as how many pictures each of a reader's counts: as many as the judging ones allow
MOST_SHARE = 0.15  # that readers' pictures have among those to be read, and among those to be refused, at most
CHARACTERS, OTHERS = "readers' characters", "readers' non-characters"
STEP = 0.05  # share of the work after which it is told how much is done
FITTING = 0.1  # share of the work that is left once everything is described
JUDGE = 4  # every fourth image judges and is not fitted on
MOST = 500  # validation images on either side; of each kind of non-characters there are then 16 pictures
REDRAWN = 8  # times that each of a reader's pictures is drawn anew, as the characters are
MOST_REDRAWN = 800
Images = NDArray[np.uint8]
Told = Callable[[int], None]
_ByKind = Mapping[str, Described]
_Sides = tuple[dict[str, Described], dict[str, Described]]  # what is to be read, and what is to be refused


def version_with_rule(name: str) -> Artifact:
    """Fit again, on the validation split, the rule by which a model of handwriting refuses what is no character.

    Returns:
        A new version, the current one's weights with the new rule; it answers from then on.

    Raises:
        InvalidConfigurationError: The model does not read handwriting.
    """
    artifact = artifacts.load_artifact(name)
    card = artifact.card
    if not reads_handwriting(card.normalizer, card.dataset.name):
        raise InvalidConfigurationError(
            N_(
                "only a model that reads handwriting refuses what is none. Received “%(name)s”, trained on %(dataset)s"
            ),
            name=card.name,
            dataset=card.dataset.name,
        )
    validation = data.load(card.dataset.name, seed=card.dataset.split_seed).validation
    rule = fit_from_catalog(
        Predictor(artifact),
        card.normalizer,
        card.temperature,
        normalize_pixels(validation.images, card.normalizer),
        dataset=card.dataset.name,
        class_names=(*card.class_names, *card.original_class_names),
    )
    return artifacts.save_again(artifact, card.model_copy(update={"refusal": rule}))


def fit_again(
    corrections: CorrectionSet,
    reader: Reader,
    card: Card,
    images: NDArray[np.uint8],
    on_share: Callable[[float], None] = lambda _: None,
) -> tuple[Card, RuleChange | None]:
    """Return the card with a rule that is fitted anew, where that is no worse, and what that came to.

    Readers' pictures are fitted on as they are and drawn anew, with other pens on other papers: so the rule learns
    their shapes rather than the look of the page that they were drawn on. Each counts as several of the pictures drawn
    by code, as far as the judging pictures allow, and all of them together as a small share.

    Args:
        corrections: With the readers' corrections, and the earlier version.
        reader: The new version.
        card: Its card, with the earlier version's rule; without one of today's features nothing is fitted.
        images: Validation images, uint8 ``(N, H, W, 1)``; a quarter of them judges.
        on_share: Told how much of the work is done, in [0, 1].
    """
    if card.refusal is None or not can_refuse(card):
        return card, None
    started = time.perf_counter()
    fitting, judging = divide(images, (*card.class_names, *card.original_class_names))
    readers = {
        CHARACTERS: of_readers(
            (one for one in corrections.given if one.true_label in card.class_names), card.normalizer
        ),
        OTHERS: of_readers((one for one in corrections.given if one.true_label is None), card.normalizer),
    }
    looks = 1 + corrections.changes_weights
    told = _told(on_share, fitting.size + looks * judging.size + sum(one.size for one in readers.values()))
    read, refuse = fitting.describe(reader, card, told)
    for kind, one in readers.items():
        if one.size:
            (refuse if kind == OTHERS else read)[kind] = one.describe(reader, card, told)
    judges = before = judging.describe(reader, card, told)
    if corrections.changes_weights:
        before = judging.describe(Predictor(corrections.artifact), corrections.artifact.card, told)
    counts = {kind: len(one.drawn) for kind, one in readers.items() if one.size}
    found = _best(card.refusal, read, refuse, counts, judges)
    rule = found or card.refusal
    characters, others = _differences(_right(before, card.refusal), _right(judges, rule))
    report = RuleChange(found is not None, characters, others, time.perf_counter() - started)
    return card.model_copy(update={"refusal": rule}), report


def _right(judging: _Sides, rule: RejectionRule) -> list[NDArray[np.float64]]:
    """Return, 1 or 0, which characters a rule does not refuse, and which others it refuses."""
    characters, others = judging
    read = [~one.refused(rule) for one in characters.values()]
    caught = [one.refused(rule) for one in others.values()]
    return [np.concatenate(side).astype(np.float64) for side in (read, caught)]


def _differences(*right: list[NDArray[np.float64]]) -> list[Difference]:
    """Return how characters and others are judged after, against before."""
    names = "characters", "non-characters"
    return [difference(name, before, after) for name, before, after in zip(names, *right, strict=True)]


def _best(
    earlier: RejectionRule, read: _ByKind, refuse: _ByKind, readers: Mapping[str, int], judging: _Sides
) -> RejectionRule | None:
    """Return the rule that gives readers' pictures the most weight without being significantly worse, if any.

    ``readers`` tells how many corrections there are of each kind that is theirs.
    """
    for count in COUNTS:
        counts = {kind: _counts(kind, count * readers[kind], read if kind in read else refuse) for kind in readers}
        rule = learn(earlier, read, refuse, counts)
        if not any(one.worse for one in _differences(_right(judging, earlier), _right(judging, rule))):
            return rule
    return None


def _counts(kind: str, together: float, side: _ByKind) -> float:
    """Return as how many pictures each of one kind counts, if they would count as so many together."""
    others = sum(int((~one.blank).sum()) for name, one in side.items() if name != kind)
    return min(together, MOST_SHARE / (1 - MOST_SHARE) * others) / len(side[kind].blank)


def _told(on_share: Callable[[float], None], total: int) -> Callable[[int], None]:
    """Return what is to be told of so many pictures more, and tells the share of the work from step to step."""
    done, said = 0, 0.0

    def told(count: int) -> None:
        nonlocal done, said
        done += count
        share = (1 - FITTING) * done / total
        if share - said >= STEP:
            said = share
            on_share(share)

    on_share(0.0)
    return told


@dataclass(frozen=True)
class Material:
    """Images from which characters and non-characters are drawn."""

    images: Images  # validation images, uint8 ``(N, H, W, 1)``
    further: dict[str, Any]  # pictures of other data sets, as ``further_pictures`` gives them
    seed: int  # of the drawings

    @property
    def size(self) -> int:
        """How many pictures are drawn."""
        few, each = numbers_drawn(len(self.images))
        return few + (len(KINDS) + PHOTOS) * each + len(self.further.get("pictures_of_characters", ()))

    def describe(self, reader: Reader, card: Card, told: Told) -> _Sides:
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
    """Readers' pictures in which something is drawn: all of them are characters, or none is."""

    drawn: tuple[tuple[bytes, Images], ...]  # each as it was stored, and as the model sees it, uint8 ``(H, W, 1)``

    @property
    def size(self) -> int:
        """How many pictures ``describe`` describes."""
        return len(self.drawn) * (1 + self._times)

    def describe(self, reader: Reader, card: Card, told: Told) -> Described:
        """Return the pictures and then each of them drawn anew, as a model sees them."""
        described = describe_pictures(reader, card.normalizer, card.temperature, self._drawn())
        told(len(described.blank))
        return described

    @property
    def _times(self) -> int:
        return min(REDRAWN, MOST_REDRAWN // max(1, len(self.drawn)))

    def _drawn(self) -> Iterator[Picture]:
        random = np.random.default_rng(104)
        for file, _ in self.drawn:
            yield decode(file)
        for _, pixels in self.drawn:
            for _ in range(self._times):
                yield on_paper(redraw(pixels, random), random)


def of_readers(given: Iterable[Correction], normalizer: str) -> ReadersPictures:
    """Return the pictures of some corrections."""
    prepared = [(one.picture.image, prepare(decode(one.picture.image), normalizer)) for one in given]
    return ReadersPictures(tuple((file, seen.pixels) for file, seen in prepared if not seen.blank))
