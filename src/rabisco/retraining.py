"""Fine-tune a model on corrections, with the original data replayed, and say honestly what became better and worse.

The result is a new version that nobody uses yet, and a report: the same test images read before and after with the
paired difference and its interval, the same under each corruption, and the corrections themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from rabisco import corrections, data, recipes
from rabisco.artifacts import Artifact, Card, load_artifact, save_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation.calibration import fit_temperature
from rabisco.evaluation.metrics import evaluate_logits
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.evaluation.robustness import CORRUPTIONS, corrupt
from rabisco.images import decode, prepare
from rabisco.inference import Predictor
from rabisco.models.augment import Augmentation
from rabisco.models.backend import start_keras
from rabisco.store import Correction
from rabisco.training import Progress, Request, TrainingConfiguration, train

if TYPE_CHECKING:
    import keras

CORRECTION_SHARE = 0.2  # of the images of an epoch
MOST_REPEATS = 60  # of one correction in an epoch, each time augmented anew
FINE_TUNING = TrainingConfiguration(epochs=2, learning_rate=1e-4, weight_decay=0.0, warmup_epochs=0.2)


@dataclass(frozen=True)
class Difference:
    """Accuracy on the same images before and after; ``change`` with its 95% interval, all in [-1, 1]."""

    what: str
    examples: int
    before: float
    after: float
    change: float
    change_low: float
    change_high: float

    @property
    def worse(self) -> bool:
        """Whether it got worse beyond noise: the whole interval lies below 0."""
        return self.change_high < 0


@dataclass(frozen=True)
class Retraining:
    """What a retraining came to.

    Attributes:
        model: Name of the model.
        version_before: The version that it started from.
        version: The new one, which nobody uses yet.
        trained_on: Corrections that it learned from.
        left_out: Corrections that it could not: not a character, nothing drawn, or no class of the model.
        corrected_before: Of the corrections, those that the earlier version reads as they say.
        corrected_after: The same of the new version.
        test: On the test images.
        robustness: On the test images under each corruption, and on all of them together (``mean``).
        seconds: Of training.
    """

    model: str
    version_before: int
    version: int
    trained_on: int
    left_out: int
    corrected_before: int
    corrected_after: int
    test: Difference
    robustness: tuple[Difference, ...]
    seconds: float

    @property
    def worse(self) -> list[str]:
        """What got worse beyond noise; empty if the new version may be used without a second thought."""
        found = [one.what for one in (self.test, *self.robustness) if one.worse]
        return [*found, "corrections"] if self.corrected_after < self.corrected_before else found

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return {**asdict(self), "worse": self.worse}


def retrain(
    name: str,
    *,
    dataset: Dataset | None = None,
    replay: int = 4000,
    test_examples: int | None = None,
    robustness_examples: int = 1000,
    configuration: TrainingConfiguration | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    request: Callable[[], Request] = lambda: "continue",
) -> Retraining:
    """Fine-tune the current version of a model on the corrections of its readings, and save a new one, not yet used.

    Each epoch sees ``replay`` original training images and the corrections, repeated until they are about a fifth of
    it, every image augmented anew; which epoch is kept is decided on validation images and the corrections together.

    Args:
        name: The model.
        dataset: What it was trained on; loaded from the catalog by the card's name if not given.
        replay: Original training images, drawn by the configuration's seed.
        test_examples: Test images read before and after, from the first on; all if not given.
        robustness_examples: The first test images that are read under each corruption.
        configuration: How to fine-tune; if not given, gently, with the augmentation that the model was trained with:
            a stronger one would cost accuracy on the images that it reads now.
        on_progress: As in ``rabisco.training.train``.
        request: As in ``rabisco.training.train``.

    Raises:
        InvalidConfigurationError: There is no correction to learn from.
        UnknownDatasetError: The model's data set is not in the catalog, and none was given.
        TrainingCancelledError: ``request`` said ``cancel``.
        StorageError: The new version could not be saved.
    """
    artifact = load_artifact(name)
    card = artifact.card
    configuration = configuration or replace(FINE_TUNING, augmentation=_augmentation(card))
    given = corrections.to_train_on(name)
    learned, images = _prepared(given, card)
    if not learned:
        raise InvalidConfigurationError(
            f"retraining needs corrections of {name} that name one of its classes. Received: none; "
            "correct some of its readings first"
        )
    labels = np.array([card.class_names.index(str(one.true_label)) for one in learned], dtype=np.int64)
    corrected = Split(images, labels)
    original = dataset or _original(card)
    model = _load_model(artifact, configuration.seed)
    result = train(model, _mixed(original, corrected, replay, configuration.seed), configuration, on_progress, request)
    earlier = Predictor(artifact)
    card = _write_card(card, model, original, result.history, result.seconds, len(learned))
    saved = save_artifact(model, card, use=False)
    return _report(earlier, saved, original, corrected, len(given) - len(learned), test_examples, robustness_examples)


def difference(what: str, before: NDArray[np.floating], after: NDArray[np.floating]) -> Difference:
    """Return how accuracy changed over the same images, with the 95% interval of the paired difference.

    Args:
        what: Its name.
        before: ``(N,)``, 1 for each image read correctly and 0 otherwise, or a mean of such.
        after: The same of the other model, in the same order.
    """
    changes = after.astype(np.float64) - before
    half = float(norm.ppf(0.975)) * float(changes.std()) / np.sqrt(len(changes))
    mean = float(changes.mean())
    return Difference(
        what, len(changes), float(before.mean()), float(after.mean()), mean, float(mean - half), float(mean + half)
    )


def _augmentation(card: Card) -> Augmentation | None:
    """Return the augmentation that a model was trained with; what its card does not know of is off."""
    given = card.configuration.get("augmentation")
    if not isinstance(given, dict):
        return None
    return Augmentation(**{field.name: given.get(field.name, 0.0) for field in fields(Augmentation)})


def _prepared(given: Sequence[Correction], card: Card) -> tuple[list[Correction], NDArray[np.uint8]]:
    """Return the corrections that can be learned from, and their pictures as the model sees them."""
    learned, images = [], []
    for one in given:
        prepared = prepare(decode(one.image), card.normalizer)
        if one.true_label in card.class_names and not prepared.blank:
            learned.append(one)
            images.append(prepared.pixels)
    return learned, np.stack(images) if images else np.zeros((0, *card.image_shape), np.uint8)


def _original(card: Card) -> Dataset:
    loaded = data.load(card.dataset.name, seed=card.dataset.split_seed)
    dataset = recipes.without_empty_classes(recipes.normalized(loaded, card.normalizer))
    if dataset.class_names != card.class_names:
        raise InvalidConfigurationError(
            f"the data set {card.dataset.name} must have the classes that {card.name} reads. Received: others; "
            "train the model again instead"
        )
    return dataset


def _load_model(artifact: Artifact, seed: int) -> "keras.Model":
    start_keras()
    import keras

    keras.utils.set_random_seed(seed)
    return keras.models.load_model(artifact.weights_path, compile=False)


def _mixed(original: Dataset, corrected: Split, replay: int, seed: int) -> Dataset:
    """Return original images beside the repeated corrections, for training and, in the same shares, for validation."""
    random = np.random.default_rng(seed)

    def mix(split: Split, count: int) -> Split:
        rows = np.sort(random.permutation(len(split))[:count])
        wanted = CORRECTION_SHARE / (1 - CORRECTION_SHARE) * len(rows) / len(corrected)
        repeats = int(np.clip(round(wanted), 1, MOST_REPEATS))
        return Split(
            np.concatenate([split.images[rows], *[corrected.images] * repeats]),
            np.concatenate([split.labels[rows], *[corrected.labels] * repeats]),
        )

    return replace(original, train=mix(original.train, replay), validation=mix(original.validation, replay // 4))


def _write_card(  # noqa: PLR0917
    card: Card,
    model: "keras.Model",
    original: Dataset,
    history: list[dict[str, float]],
    seconds: float,
    learned: int,
) -> Card:
    reader = _KerasReader(model)
    validation_logits = read_logits(reader, original.validation.images, 500)
    temperature = fit_temperature(validation_logits, original.validation.labels)
    splits = {
        "validation": (original.validation.labels, validation_logits),
        "test": (original.test.labels, read_logits(reader, original.test.images, 500)),
    }
    metrics: dict[str, float] = {}
    for split, (labels, logits) in splits.items():
        found = evaluate_logits(labels, logits, temperature=temperature)
        low, high = found.accuracy_interval
        metrics |= {
            f"{split}_accuracy": found.accuracy,
            f"{split}_accuracy_low": low,
            f"{split}_accuracy_high": high,
            f"{split}_loss": found.loss,
            f"{split}_roc_auc": found.roc_auc,
            f"{split}_calibration_error": found.calibration_error,
        }
    return card.model_copy(
        update={
            "metrics": metrics,
            "temperature": temperature,
            "confusions": [list(row) for row in found.confusion_matrix],
            "reliability": [asdict(one) for one in found.reliability],
            "history": history,
            "training_seconds": seconds,
            "hardware": recipes.describe_hardware(),
            "created": datetime.now(UTC),
            "notes": f"{card.notes} Retrained with {learned} corrections.".strip(),
        }
    )


@dataclass(frozen=True)
class _KerasReader:
    model: "keras.Model"

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(self.model.predict_on_batch(images), dtype=np.float32)


def _report(  # noqa: PLR0917
    before: Predictor,
    saved: Artifact,
    original: Dataset,
    corrected: Split,
    left_out: int,
    test_examples: int | None,
    robustness_examples: int,
) -> Retraining:
    after = Predictor(saved)
    test = Split(original.test.images[:test_examples], original.test.labels[:test_examples])
    few = Split(test.images[:robustness_examples], test.labels[:robustness_examples])
    robustness: tuple[Difference, ...] = ()
    if few.images.shape[-1] == 1:  # corruptions are drawn on grey images
        stacks = {name: Split(corrupt(few.images, name), few.labels) for name in CORRUPTIONS}
        right = {name: (_right(before, stack), _right(after, stack)) for name, stack in stacks.items()}
        means = [np.mean([pair[side] for pair in right.values()], axis=0) for side in (0, 1)]
        robustness = (difference("mean", *means), *(difference(name, *pair) for name, pair in right.items()))
    return Retraining(
        model=saved.name,
        version_before=before.version,
        version=saved.version,
        trained_on=len(corrected),
        left_out=left_out,
        corrected_before=int(_right(before, corrected).sum()),
        corrected_after=int(_right(after, corrected).sum()),
        test=difference("test", _right(before, test), _right(after, test)),
        robustness=robustness,
        seconds=saved.card.training_seconds,
    )


def _right(reader: Reader, split: Split) -> NDArray[np.float64]:
    right: NDArray[np.bool_] = read_logits(reader, split.images).argmax(axis=1) == split.labels
    return right.astype(np.float64)
