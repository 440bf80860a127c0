"""The callback that reports, keeps the best weights and checkpoints, and ends the training when asked."""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, InvalidConfigurationError, TrainingCancelledError
from rabisco.training.checkpoint import Checkpoints, Position
from rabisco.training.config import TrainingConfiguration
from rabisco.training.eta import Eta
from rabisco.training.progress import Ended, Progress, Request, TrainingResult

if TYPE_CHECKING:
    import keras

LOOK_SECONDS = 0.25  # between two looks at the learning rate


def create_callback(
    model: "keras.Model",
    configuration: TrainingConfiguration,
    eta: Eta,
    steps: int,
    *,
    validated: int,
    epochs: int,
    on_progress: Callable[[Progress], None],
    request: Callable[[], Request],
    checkpoints: Checkpoints | None,
    position: Position,
) -> Any:
    """Return the callback of a training that goes on from ``position``, which it keeps up to date.

    ``steps`` are the batches of an epoch, ``validated`` the validation images, ``epochs`` those of the whole training,
    of which this may be the first part.
    Reports, requests and checkpoints are as in ``train``.
    """
    import keras

    class TrainingCallback(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.batches: Any = None  # those that are trained on: told which epoch it is
            self.ended: Ended = "patience" if position.ended == "patience" else "completed"
            self.best_weights: list[NDArray[Any]] = position.arrays.get("best_weights", [])
            self.started = time.perf_counter() - position.seconds
            self.kept = time.perf_counter()
            self.epoch, self.first, self.epoch_started = 0, 0, self.started
            self.learning_rate, self.looked = 0.0, 0.0
            self.midway = False  # whether the training was left within an epoch

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            eta.begin_fit()
            _set_torch_states(position)  # not before, for Keras has just drawn from them

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            eta.begin_epoch(epoch + 1)
            self.epoch, self.first, self.epoch_started = epoch + 1, position.step, time.perf_counter()
            self.batches.epoch = self.epoch
            if self.first:
                assign(self.model.metrics_variables, position.arrays["metrics"])

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            if self.first and not batch:
                _set_torch_states(position)  # once more, for each epoch begins with a draw
            if self.first + batch + 1 == steps or time.perf_counter() - self.looked > LOOK_SECONDS:  # a look is slow
                self.learning_rate, self.looked = float(self.model.optimizer.learning_rate), time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            step = self.first + batch + 1
            eta.end_batch(step)
            report = self.progress(step, logs or {}, eta.eta_seconds(self.epoch, step))
            if not math.isfinite(report.loss):
                raise InvalidConfigurationError(
                    N_(
                        "the loss became %(loss)s in epoch %(epoch)s; train with a lower learning rate than "
                        "%(learning_rate)s"
                    ),
                    loss=str(report.loss),
                    epoch=self.epoch,
                    learning_rate=f"{configuration.learning_rate:g}",
                )
            on_progress(report)
            asked = request()
            if asked == "cancel":
                raise TrainingCancelledError(N_("the training was cancelled; nothing was saved"))
            if asked in ("stop", "pause"):
                self.ended = "stopped" if asked == "stop" else "paused"
                self.model.stop_training, self.midway = True, step < steps
            due = checkpoints is not None and time.perf_counter() - self.kept > checkpoints.every_seconds
            if step < steps and (self.midway or due):
                self.keep(self.epoch - 1, step)

        def progress(self, step: int, logs: dict[str, float], eta_seconds: float | None) -> Progress:
            return Progress(
                epoch=self.epoch,
                epochs=epochs,
                step=step,
                steps=steps,
                loss=float(logs["loss"]),
                accuracy=float(logs["accuracy"]),
                learning_rate=self.learning_rate,
                examples_per_second=eta.examples_per_second,
                eta_seconds=eta_seconds,
                seconds=time.perf_counter() - self.started,
                validation_loss=logs.get("val_loss"),
                validation_accuracy=logs.get("val_accuracy"),
            )

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            report = self.progress(steps, logs or {}, eta.eta_seconds(epoch + 2, 0))
            spent = time.perf_counter() - self.epoch_started
            done = (steps - self.first) * configuration.batch_size  # in the one epoch of which no batch was timed
            position.history.append(_history_row(report, report.examples_per_second or done / spent, spent))
            standing = (float(report.validation_accuracy or 0), -float(report.validation_loss or 0))
            if standing > position.best:
                position.best, position.highest_epoch = standing, epoch + 1
            if is_as_good(standing[0], position.best[0], validated):
                position.best_epoch = epoch + 1
                self.best_weights = [np.array(weight) for weight in model.get_weights()]
            patience = configuration.patience
            if patience is not None and epoch + 1 - position.highest_epoch >= patience:
                self.ended, self.model.stop_training = "patience", True
            on_progress(report)
            if not self.midway:
                self.keep(epoch + 1, 0)

        def keep(self, epoch: int, step: int) -> None:
            """Bring the position up to date, and onto the disk if checkpoints are kept."""
            self.kept = time.perf_counter()
            position.epoch, position.step, position.seconds = epoch, step, self.kept - self.started
            position.ended = "patience" if self.ended == "patience" else ""
            position.ended = "completed" if epoch == configuration.epochs and not position.ended else position.ended
            if checkpoints is not None:
                position.arrays = variables_of(self.model)
                position.arrays["metrics"] = copies(self.model.metrics_variables) if step else []
                position.arrays["best_weights"] = self.best_weights
                checkpoints.save(position)

        def finish(self) -> TrainingResult:
            if self.best_weights:
                model.set_weights(self.best_weights)
            seconds = time.perf_counter() - self.started
            return TrainingResult(position.history, position.best_epoch, seconds, self.ended)

    return TrainingCallback()


def is_as_good(accuracy: float, highest: float, count: int) -> bool:
    """Return whether an accuracy is no lower than the highest by more than its standard error.

    By such a difference epochs are better or worse by chance. Of those within it the last is kept, for it has learned
    longest, and mostly at the lowest rate: the highest of many is often that of a lucky epoch.

    Args:
        accuracy: Of an epoch, on the validation images.
        highest: Of all epochs so far.
        count: Number of validation images.

    Source: Breiman et al., "Classification and Regression Trees", 1984 (the rule of one standard error).
    """
    return accuracy >= highest - math.sqrt(highest * (1 - highest) / max(count, 1)) - 1e-9


def variables_of(trained: "keras.Model") -> dict[str, list[NDArray[Any]]]:
    """Return copies of all that changes while ``trained`` is fitted, the random states included."""
    arrays = {"variables": copies(trained.variables), "optimizer": copies(trained.optimizer.variables)}
    return arrays | ({"random": _torch_states()} if _uses_torch() else {})


def put_back(trained: "keras.Model", arrays: dict[str, list[NDArray[Any]]]) -> None:
    """Give a compiled model back what ``variables_of`` returned, here or in an earlier version."""
    before = len(arrays["variables"]) - len(trained.variables)  # a random state of augmentation, once a layer
    assign(trained.variables, arrays["variables"][before:])
    assign(trained.optimizer.variables, arrays["optimizer"])


def _uses_torch() -> bool:
    import keras

    return bool(keras.backend.backend() == "torch")


def _torch_states() -> list[NDArray[np.uint8]]:
    """Return the states of PyTorch's generators, of which Keras draws dropout there: the processor's, each GPU's."""
    import torch

    return [np.array(state.cpu()) for state in (torch.get_rng_state(), *torch.cuda.get_rng_state_all())]


def _set_torch_states(position: Position) -> None:
    if "random" not in position.arrays or not _uses_torch():
        return
    import torch

    processor, *others = map(torch.from_numpy, position.arrays["random"])
    torch.set_rng_state(processor)
    if len(others) == torch.cuda.device_count():  # else it goes on elsewhere
        torch.cuda.set_rng_state_all(others)


def copies(variables: list[Any]) -> list[NDArray[Any]]:
    """Return the values of Keras variables as arrays of their own."""
    from keras import ops

    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: list[Any], arrays: list[NDArray[Any]]) -> None:
    """Give each Keras variable its value."""
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _history_row(report: Progress, examples_per_second: float, seconds: float) -> dict[str, float]:
    return {
        "epoch": report.epoch,
        "loss": report.loss,
        "accuracy": report.accuracy,
        "validation_loss": float(report.validation_loss or 0),
        "validation_accuracy": float(report.validation_accuracy or 0),
        "learning_rate": report.learning_rate,
        "examples_per_second": examples_per_second,
        "seconds": seconds,
    }
