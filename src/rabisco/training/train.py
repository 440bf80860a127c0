"""The training loop: progress after every batch, validation after every epoch, the best weights kept."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.data.dataset import Dataset, Split
from rabisco.errors import InvalidConfigurationError, TrainingCancelledError
from rabisco.models.augment import create_layer
from rabisco.training.config import TrainingConfiguration
from rabisco.training.regression import fit_logistic_regression
from rabisco.training.schedule import create_optimizer

if TYPE_CHECKING:
    import keras

Request = Literal["continue", "stop", "cancel"]


@dataclass(frozen=True)
class Progress:
    """Where a training stands, after a batch; after an epoch the validation figures are there too.

    Attributes:
        epoch: From 1.
        epochs: How many there will be at most.
        step: Batches done in this epoch.
        steps: Batches of an epoch.
        loss: Mean over this epoch so far.
        accuracy: Of this epoch so far, on the training images as augmented, in [0, 1].
        learning_rate: Of the last step.
        examples_per_second: Over this epoch so far.
        eta_seconds: Estimated time left.
        validation_loss: Only in the report that ends an epoch.
        validation_accuracy: Only in the report that ends an epoch, in [0, 1].
        seconds: Since the training began.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    learning_rate: float
    examples_per_second: float
    eta_seconds: float
    seconds: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


@dataclass
class TrainingResult:
    """What a training came to; the model holds the weights of ``best_epoch``."""

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    ended: Literal["completed", "patience", "stopped"] = "completed"


def train(
    model: "keras.Model",
    dataset: Dataset,
    configuration: TrainingConfiguration,
    on_progress: Callable[[Progress], None] = lambda _: None,
    request: Callable[[], Request] = lambda: "continue",
) -> TrainingResult:
    """Fit ``model`` to the data set's training split, in place, and return how it went.

    The test split is not touched. After each epoch the validation split decides whether these weights are the best
    so far (higher accuracy; at equal accuracy, lower loss), and the best are what the model holds at the end.

    Args:
        model: From ``rabisco.models.create_model``, for the data set's image shape and classes.
        dataset: Images, ``(N, H, W, C)`` uint8, and labels.
        configuration: How to train.
        on_progress: Called after every batch and every epoch.
        request: Asked after every batch: ``continue``; ``stop``, to end now with the best weights so far;
            ``cancel``, to end now without a result.

    Raises:
        TrainingCancelledError: ``request`` said ``cancel``.
        InvalidConfigurationError: Model, data set and configuration do not fit together.
    """
    _check_fit(model, dataset)
    if configuration.solver == "logistic-regression":
        started = time.perf_counter()
        row = fit_logistic_regression(model, dataset, configuration)
        return TrainingResult([row], best_epoch=1, seconds=time.perf_counter() - started)
    return _train_by_gradient(model, dataset, configuration, on_progress, request)


def _check_fit(model: "keras.Model", dataset: Dataset) -> None:
    if tuple(model.input_shape[1:]) != dataset.image_shape or model.output_shape[-1] != dataset.num_classes:
        raise InvalidConfigurationError(
            f"the model reads images {tuple(model.input_shape[1:])} of {model.output_shape[-1]} classes, data set "
            f"{dataset.name!r} has images {dataset.image_shape} of {dataset.num_classes}; create the model for the "
            "data set"
        )


def _train_by_gradient(
    model: "keras.Model",
    dataset: Dataset,
    configuration: TrainingConfiguration,
    on_progress: Callable[[Progress], None],
    request: Callable[[], Request],
) -> TrainingResult:
    import keras

    steps = math.ceil(len(dataset.train) / configuration.batch_size)
    trained = _with_augmentation(model, configuration)
    trained.compile(
        optimizer=create_optimizer(configuration, steps),
        loss=_create_loss(configuration),
        metrics=["accuracy"],
    )
    watch = _create_watch(model, configuration, steps, on_progress, request)
    trained.fit(
        _create_batches(dataset.train, dataset.num_classes, configuration),
        epochs=configuration.epochs,
        validation_data=_create_batches(dataset.validation, dataset.num_classes, configuration, shuffle=False),
        callbacks=[watch],
        verbose=0,
        shuffle=False,
    )
    result: TrainingResult = watch.finish()
    keras.utils.clear_session(free_memory=False)
    return result


def _with_augmentation(model: "keras.Model", configuration: TrainingConfiguration) -> "keras.Model":
    import keras

    if configuration.augmentation is None:
        return keras.Sequential([keras.Input(model.input_shape[1:], dtype="uint8"), model])
    augment = create_layer(configuration.augmentation, configuration.seed)
    return keras.Sequential([keras.Input(model.input_shape[1:], dtype="uint8"), augment, model])


def _create_loss(configuration: TrainingConfiguration) -> "keras.losses.Loss":
    import keras

    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=configuration.label_smoothing)


def _create_batches(
    split: Split, num_classes: int, configuration: TrainingConfiguration, shuffle: bool = True
) -> "keras.utils.PyDataset":
    """Return the split in batches, in an order that depends on the seed and the epoch alone."""
    import keras

    targets: NDArray[np.float32] = np.eye(num_classes, dtype=np.float32)
    size = configuration.batch_size

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        epoch = 0
        order = np.arange(len(split))

        def __len__(self) -> int:
            return math.ceil(len(split) / size)

        def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
            rows = self.order[index * size : (index + 1) * size]
            return split.images[rows], targets[split.labels[rows]]

        def on_epoch_begin(self) -> None:
            if shuffle:
                self.order = np.random.default_rng((configuration.seed, self.epoch)).permutation(len(split))
                self.epoch += 1

    return Batches()


def _create_watch(
    model: "keras.Model",
    configuration: TrainingConfiguration,
    steps: int,
    on_progress: Callable[[Progress], None],
    request: Callable[[], Request],
) -> Any:
    """Return the callback that reports, keeps the best weights and ends the training when asked."""
    import keras

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.result = TrainingResult()
            self.best: tuple[float, float] = (-1.0, 0.0)
            self.best_weights: list[NDArray[np.float32]] | None = None
            self.started = time.perf_counter()
            self.epoch, self.epoch_started = 0, self.started
            self.learning_rate = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.epoch, self.epoch_started = epoch + 1, time.perf_counter()

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.learning_rate = float(self.model.optimizer.learning_rate)

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            report = self.progress(batch + 1, logs or {})
            if not math.isfinite(report.loss):
                raise InvalidConfigurationError(
                    f"the loss became {report.loss} in epoch {self.epoch}; train with a lower learning rate than "
                    f"{configuration.learning_rate:g}"
                )
            on_progress(report)
            asked = request()
            if asked == "cancel":
                raise TrainingCancelledError("the training was cancelled; nothing was saved")
            if asked == "stop":
                self.result.ended, self.model.stop_training = "stopped", True

        def progress(self, step: int, logs: dict[str, float]) -> Progress:
            now = time.perf_counter()
            spent = now - self.epoch_started
            batches_left = (configuration.epochs - self.epoch + 1) * steps - step
            return Progress(
                epoch=self.epoch,
                epochs=configuration.epochs,
                step=step,
                steps=steps,
                loss=float(logs["loss"]),
                accuracy=float(logs["accuracy"]),
                learning_rate=self.learning_rate,
                examples_per_second=step * configuration.batch_size / spent,
                eta_seconds=spent / step * batches_left,
                seconds=now - self.started,
                validation_loss=logs.get("val_loss"),
                validation_accuracy=logs.get("val_accuracy"),
            )

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            report = self.progress(steps, logs or {})
            self.result.history.append(_history_row(report, time.perf_counter() - self.epoch_started))
            on_progress(report)
            standing = (float(report.validation_accuracy or 0), -float(report.validation_loss or 0))
            if standing > self.best:
                self.best, self.result.best_epoch = standing, epoch + 1
                self.best_weights = [np.array(weight) for weight in model.get_weights()]
            patience = configuration.patience
            if patience is not None and epoch + 1 - self.result.best_epoch >= patience:
                self.result.ended, self.model.stop_training = "patience", True

        def finish(self) -> TrainingResult:
            if self.best_weights is not None:
                model.set_weights(self.best_weights)
            self.result.seconds = time.perf_counter() - self.started
            return self.result

    return Watch()


def _history_row(report: Progress, seconds: float) -> dict[str, float]:
    return {
        "epoch": report.epoch,
        "loss": report.loss,
        "accuracy": report.accuracy,
        "validation_loss": float(report.validation_loss or 0),
        "validation_accuracy": float(report.validation_accuracy or 0),
        "learning_rate": report.learning_rate,
        "examples_per_second": report.examples_per_second,
        "seconds": seconds,
    }
