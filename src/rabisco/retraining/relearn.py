"""Fine-tune a version of a model on corrections, with original images replayed, and go no further than that takes.

Where no correction names a class the weights stay as they are, and only what the model refuses is fitted again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from rabisco.artifacts import Card, save_again, save_artifact
from rabisco.data.dataset import Dataset
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation.reader import read_logits
from rabisco.inference import Predictor
from rabisco.models.backend import start_keras
from rabisco.recipes import KerasReader
from rabisco.retraining.judge import judge, write_card
from rabisco.retraining.lessons import Lesson, gather
from rabisco.retraining.refusing import fit_again
from rabisco.retraining.report import Retraining
from rabisco.training import Progress, Request, TrainingConfiguration, TrainingResult, train
from rabisco.training.augment import augmentation_of

if TYPE_CHECKING:
    import keras

REPLAY = 8000  # original images of an epoch
ROBUSTNESS_EXAMPLES = 1000
STEPS = tuple(round(0.05 * number, 2) for number in range(1, 21))
FINE_TUNING = TrainingConfiguration(epochs=3, learning_rate=1e-4, weight_decay=0.0, warmup_epochs=0.2)


def fine_tuning(card: Card) -> TrainingConfiguration:
    """Return how a model is fine-tuned: gently, with the augmentation that it was trained with.

    A stronger one would cost accuracy on the images that it reads now.
    """
    given = card.configuration.get("augmentation")
    if not isinstance(given, dict):
        return FINE_TUNING
    return replace(FINE_TUNING, augmentation=augmentation_of(given))


class Relearning:
    """A model that is to learn from its readers: what it is trained on, and what comes of it.

    Args:
        lesson: What there is to learn.
        original: What the model was trained on.
        configuration: How to fine-tune; its seed draws the images that are replayed.
        replay: Original training images.

    Attributes:
        model: The version's, to be trained; only its layers with weights of their own kind, see ``_begin``.
        mixed: What it is to be trained on.

    Raises:
        InvalidConfigurationError: The data set has other classes than the model.
    """

    def __init__(
        self, lesson: Lesson, original: Dataset, configuration: TrainingConfiguration, replay: int = REPLAY
    ) -> None:
        _check_classes(lesson, original)
        self.lesson, self.original, self.configuration = lesson, original, configuration
        self.mixed = lesson.mixed(original, replay, configuration.seed)
        self.model = _begin(lesson, configuration.seed)
        self._before: list[NDArray[Any]] = self.model.get_weights()

    def finish(
        self,
        result: TrainingResult,
        run: str = "",
        robustness_examples: int = ROBUSTNESS_EXAMPLES,
        on_share: Callable[[float], None] = lambda _: None,
    ) -> tuple[Card, Retraining]:
        """Go back as far as the corrections allow, and return the card and what became better and worse.

        Args:
            result: How ``model`` was trained on ``mixed``.
            run: Id of the run that trained it.
            robustness_examples: The first test images that are read under each corruption.
            on_share: Told how much of fitting the rule of refusal is done, in [0, 1].
        """
        step = self._go_back()
        reader = KerasReader(self.model)
        card = write_card(self.lesson, reader, self.original, result, run)
        card, rule = fit_again(self.lesson, reader, card, self.original.validation.images, on_share)
        on_share(1.0)
        report = judge(self.lesson, reader, card, self.original, robustness_examples, step)
        return card, replace(report, rule=rule)

    def _go_back(self) -> float:
        """Leave the weights at the shortest step from the earlier ones that reads as many corrections as the whole.

        What lies beyond costs accuracy on the original images and gains none on the corrections.

        Source: Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
        """
        found = self.model.get_weights()
        most = self._read_of_corrections()
        for step in STEPS:
            self.model.set_weights([old + step * (new - old) for old, new in zip(self._before, found, strict=True)])
            if self._read_of_corrections() >= most:
                break
        return step

    def _read_of_corrections(self) -> int:
        learned = self.lesson.learned
        return int((read_logits(KerasReader(self.model), learned.images).argmax(axis=1) == learned.labels).sum())


def refuse_more(
    lesson: Lesson, original: Dataset, run: str = "", on_share: Callable[[float], None] = lambda _: None
) -> tuple[Card, Retraining]:
    """Return the card with the rule of refusal fitted again, for the weights as they are, and what that came to.

    Args:
        lesson: In which no correction names a class.
        original: What the model was trained on.
        run: Id of the run that does so.
        on_share: Told how much of the work is done, in [0, 1].
    """
    _check_classes(lesson, original)
    reader = Predictor(lesson.artifact)
    card, rule = fit_again(lesson, reader, lesson.artifact.card, original.validation.images, on_share)
    on_share(1.0)
    report = judge(lesson, reader, card, original, robustness_examples=0, step=0.0)
    notes = f"{card.notes} Its rule of refusal fitted with {report.not_characters} corrections.".strip()
    changes = {"created": datetime.now(UTC), "run": run, "notes": notes}
    return card.model_copy(update=changes), replace(report, rule=rule, seconds=0.0)


def _check_classes(lesson: Lesson, original: Dataset) -> None:
    if original.class_names != lesson.artifact.card.class_names:
        raise InvalidConfigurationError(
            f"the data set must have the classes that {lesson.artifact.name} reads. Received: others; train the "
            "model again instead"
        )


def retrain(
    name: str,
    dataset: Dataset,
    *,
    configuration: TrainingConfiguration | None = None,
    replay: int = REPLAY,
    robustness_examples: int = ROBUSTNESS_EXAMPLES,
    on_progress: Callable[[Progress], None] = lambda _: None,
    request: Callable[[], Request] = lambda: "continue",
) -> Retraining:
    """Fine-tune the current version of a model on the corrections of its readings, and save a new one, not yet used.

    Each epoch sees ``replay`` original training images and the corrections, repeated until they are about an
    eighth of it, every image augmented anew; see ``Lesson.mixed``. Then the rule of refusal is fitted again.

    Args:
        name: The model.
        dataset: What it was trained on.
        configuration: How to fine-tune; see ``fine_tuning`` if not given.
        replay: Original training images, drawn by the configuration's seed.
        robustness_examples: The first test images that are read under each corruption.
        on_progress: As in ``rabisco.training.train``.
        request: As in ``rabisco.training.train``.

    Raises:
        InvalidConfigurationError: There is no correction to learn from, or the data set has other classes.
        TrainingCancelledError: ``request`` said ``cancel``.
        StorageError: The new version could not be saved.
    """
    lesson = gather(name)
    if not lesson.changes_weights:
        card, report = refuse_more(lesson, dataset)
        return replace(report, version=save_again(lesson.artifact, card, use=False).version)
    task = Relearning(lesson, dataset, configuration or fine_tuning(lesson.artifact.card), replay)
    result = train(task.model, task.mixed, task.configuration, on_progress, request)
    card, report = task.finish(result, robustness_examples=robustness_examples)
    return replace(report, version=save_artifact(task.model, card, use=False).version)


def _begin(lesson: Lesson, seed: int) -> "keras.Model":
    """Return the version's model."""
    start_keras()
    import keras

    keras.utils.set_random_seed(seed)
    return keras.models.load_model(lesson.artifact.weights_path, compile=False)
