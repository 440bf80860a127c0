"""What there is to learn from readers: their corrections as the model sees them, mixed with original images."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rabisco import corrections
from rabisco.artifacts import Artifact, Card, load_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import N_, InvalidConfigurationError, RabiscoError
from rabisco.images import decode, prepare
from rabisco.inference import Predictor
from rabisco.store import Correction

TRAIN_SHARE = 0.13  # that corrections have in the images of an epoch
VALIDATION_SHARE = 0.2  # and in those by which the best epoch is chosen
NEAREST_SHARE = 0.75  # of the images replayed; see ``CorrectionSet.mixed``
MOST_LOOKED_AT = 60_000  # original images, for those that would be forgotten first
MOST_REPEATS = 300  # of one correction in an epoch, each time augmented anew


@dataclass(frozen=True)
class CorrectionSet:
    """The corrections of one version of a model."""

    artifact: Artifact
    given: tuple[Correction, ...]  # every correction of the model's readings, oldest first
    learned: Split  # those that name a class and show something, as the model sees them; there may be none

    @property
    def changes_weights(self) -> bool:
        """Whether there is a class to learn; if not, only what the model refuses is to change."""
        return len(self.learned) > 0

    def mixed(self, original: Dataset, replay: int, seed: int) -> Dataset:
        """Return original images beside the repeated corrections, for training and, in like shares, for validation.

        Three quarters of the ``replay`` training images are those that the version tells least surely from the classes
        that the corrections name, for they would be forgotten first; the others are drawn by the seed, and so is a
        quarter as many for validation.

        Source: Aljundi et al., "Online continual learning with maximal interfered retrieval", NeurIPS 2019.
        """
        random = np.random.default_rng(seed)
        drawn = random.permutation(len(original.validation))[: replay // 4]
        return replace(
            original,
            train=self._mix(original.train, self._replayed(original.train, replay, random), TRAIN_SHARE),
            validation=self._mix(original.validation, np.sort(drawn), VALIDATION_SHARE),
        )

    def _replayed(self, train: Split, count: int, random: np.random.Generator) -> NDArray[np.int64]:
        seen = random.permutation(len(train))[:MOST_LOOKED_AT]
        if len(seen) <= count:  # few images are gone through several times, so that an epoch is as long as any
            return np.sort(np.resize(seen, count))
        _, first = np.unique(train.images[seen].reshape(len(seen), -1), axis=0, return_index=True)
        seen = seen[np.sort(first)]  # images that are there more than once would take the place of others
        nearest = seen[np.argsort(self._margins(train, seen), kind="stable")[: round(NEAREST_SHARE * count)]]
        others = np.setdiff1d(seen, nearest)
        return np.sort(np.concatenate([nearest, random.permutation(others)[: count - len(nearest)]]))

    def _margins(self, train: Split, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return by how much each image's class leads those that corrections name; where it is one itself, all."""
        reader = Predictor(self.artifact)
        logits = np.concatenate(
            [reader.logits(train.images[part]) for part in np.array_split(rows, len(rows) // 500 + 1)]
        )
        labels = train.labels[rows]
        named = np.isin(np.arange(logits.shape[1]), self.learned.labels)
        rivals = named | named[labels][:, np.newaxis]  # (N, classes)
        own = np.arange(logits.shape[1]) == labels[:, np.newaxis]
        return np.asarray(logits[own] - np.where(rivals & ~own, logits, -np.inf).max(axis=1), np.float32)

    def _mix(self, split: Split, rows: NDArray[np.int64], share: float) -> Split:
        wanted = share / (1 - share) * len(rows) / len(self.learned)
        repeats = int(np.clip(round(wanted), 1, MOST_REPEATS))
        return Split(
            np.concatenate([split.images[rows], *[self.learned.images] * repeats]),
            np.concatenate([split.labels[rows], *[self.learned.labels] * repeats]),
        )


def gather(name: str, version: int | None = None, until: datetime | None = None) -> CorrectionSet:
    """Return what a version of a model, the current one if not given, can learn from corrections given until then.

    Raises:
        InvalidConfigurationError: There is no correction to learn from.
        ModelNotFoundError: There is no such model.
    """
    artifact = load_artifact(name, version)
    given = tuple(filter(_is_whole, corrections.to_train_on(name, until)))
    for one in given:  # rows that no session holds any more
        one.picture.true_label = artifact.card.name_now(one.picture.true_label)
    names = artifact.card.class_names
    seen = [(str(one.true_label), _pixels(one, artifact)) for one in given if one.true_label in names]
    pairs = [(names.index(label), pixels) for label, pixels in seen if pixels is not None]
    refusals = [one for one in given if one.true_label is None and can_refuse(artifact.card)]
    if not pairs and not any(_pixels(one, artifact) is not None for one in refusals):
        raise nothing_to_learn(name)
    labels = np.array([label for label, _ in pairs], dtype=np.int64)
    images = np.array([pixels for _, pixels in pairs], dtype=np.uint8).reshape(-1, *artifact.card.image_shape)
    return CorrectionSet(artifact, given, Split(images, labels))


def can_refuse(card: Card) -> bool:
    """Return whether a model has a rule of today's features, which can learn what else to refuse."""
    return card.refusal is not None and card.refusal.fits


def nothing_to_learn(name: str) -> InvalidConfigurationError:
    """Return what is said where no correction of a model's readings can change it."""
    return InvalidConfigurationError(
        N_(
            "retraining needs corrections of %(name)s that name one of its classes, or say “not a character” where "
            "it has a rule by which it refuses. Received: none; correct some of its readings first"
        ),
        name=name,
    )


def _pixels(one: Correction, artifact: Artifact) -> NDArray[np.uint8] | None:
    prepared = prepare(decode(one.picture.image), artifact.card.normalizer)
    return None if prepared.blank else prepared.pixels


def _is_whole(one: Correction) -> bool:
    """Tell whether a stored picture can be read; one that is damaged must not end the retraining with all others."""
    try:
        return bool(decode(one.picture.image).size)
    except RabiscoError:
        return False
