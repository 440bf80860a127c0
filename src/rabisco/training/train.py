"""The training loop: progress after every batch, validation after every epoch, the best weights kept."""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rabisco.data.dataset import Dataset
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.training.batches import create_batches
from rabisco.training.callback import create_callback, is_as_good, put_back
from rabisco.training.checkpoint import Checkpoints, Position
from rabisco.training.config import TrainingConfiguration, cooldown
from rabisco.training.eta import Eta
from rabisco.training.linear import LinearModel, fit_logistic_regression, suits
from rabisco.training.progress import Progress, Request, TrainingResult
from rabisco.training.schedule import create_optimizer

if TYPE_CHECKING:
    import keras

COOLDOWN_FOLDER = "settling"  # of its checkpoints, as earlier versions call it


def train(
    model: "keras.Model",
    dataset: Dataset,
    configuration: TrainingConfiguration,
    on_progress: Callable[[Progress], None] = lambda _: None,
    request: Callable[[], Request] = lambda: "continue",
    *,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Fit ``model`` to the data set's training split, in place, and return how it went.

    The test split is not touched. At the end the model holds the weights of the last epoch whose accuracy on the
    validation split is no lower than the highest by more than one standard error.

    Args:
        model: From ``rabisco.models.create_model``, for the data set's image shape and classes.
        dataset: Images, ``(N, H, W, C)`` uint8, and labels.
        configuration: How to train.
        on_progress: Called after every batch and every epoch.
        request: Asked after every batch: ``continue``; ``stop``, to end now with the best weights so far;
            ``pause``, the same, to go on later; ``cancel``, to end now without a result.
        checkpoints: Where the training's position is kept after each epoch, now and then within one, and when it is
            stopped; a training that has one there goes on from it, and ends with the weights that it would have had
            without the interruption (on a CPU, bit by bit).

    Raises:
        TrainingCancelledError: ``request`` said ``cancel``.
        StorageError: A checkpoint does not fit on the disk.
        InvalidConfigurationError: Model, data set and configuration do not fit together.
    """
    _check_fit(model, dataset)
    if configuration.solver == "logistic-regression":
        started = time.perf_counter()
        row = fit_logistic_regression(model, dataset, configuration)
        return TrainingResult([row], best_epoch=1, seconds=time.perf_counter() - started)
    after = configuration.cooldown_epochs
    first = _train_by_gradient(
        model, dataset, configuration, on_progress, request, checkpoints=checkpoints, epochs_after=after
    )
    if not after or first.ended in ("stopped", "paused"):
        return first
    weights, done = model.get_weights(), len(first.history)

    def report(part: Progress) -> None:
        epochs = configuration.epochs + after
        on_progress(replace(part, epoch=done + part.epoch, epochs=epochs, seconds=first.seconds + part.seconds))

    others = checkpoints and Checkpoints(checkpoints.folder / COOLDOWN_FOLDER, checkpoints.every_seconds)
    second = _train_by_gradient(model, dataset, cooldown(configuration), report, request, checkpoints=others)
    rows = [{**row, "epoch": row["epoch"] + done} for row in second.history]
    highest = max(row["validation_accuracy"] for row in first.history + rows)
    kept = second.history[second.best_epoch - 1]["validation_accuracy"] if rows else -1.0
    better = is_as_good(kept, highest, len(dataset.validation))
    if not better:
        model.set_weights(weights)
    return TrainingResult(
        history=first.history + rows,
        best_epoch=done + second.best_epoch if better else first.best_epoch,
        seconds=first.seconds + second.seconds,
        ended=second.ended,
    )


def _check_fit(model: "keras.Model", dataset: Dataset) -> None:
    if tuple(model.input_shape[1:]) != dataset.image_shape or model.output_shape[-1] != dataset.num_classes:
        raise InvalidConfigurationError(
            N_(
                "the model reads images %(shape)s of %(classes)s classes, data set %(name)s has images "
                "%(image_shape)s of %(num_classes)s; create the model for the data set"
            ),
            shape=str(tuple(model.input_shape[1:])),
            classes=model.output_shape[-1],
            name=repr(dataset.name),
            image_shape=str(dataset.image_shape),
            num_classes=dataset.num_classes,
        )


def _train_by_gradient(
    model: "keras.Model",
    dataset: Dataset,
    configuration: TrainingConfiguration,
    on_progress: Callable[[Progress], None],
    request: Callable[[], Request],
    *,
    checkpoints: Checkpoints | None,
    epochs_after: int = 0,
) -> TrainingResult:
    import keras

    steps = math.ceil(len(dataset.train) / configuration.batch_size)
    fitted = (
        LinearModel(model, configuration, steps)
        if suits(model, configuration)
        else _compiled(model, configuration, steps)
    )
    identity = _identity(model, dataset, configuration)
    position = (checkpoints and checkpoints.load(identity)) or Position(identity=identity)
    costs = _costs(dataset, configuration)
    callback = create_callback(
        fitted,
        configuration,
        Eta(len(dataset.train), configuration.batch_size, steps, costs + [1.0] * epochs_after),
        steps,
        validated=len(dataset.validation),
        epochs=configuration.epochs + epochs_after,
        on_progress=on_progress,
        request=request,
        checkpoints=checkpoints,
        position=position,
    )
    if position.arrays:
        put_back(fitted, position.arrays)
    while not position.ended and callback.ended == "completed":
        begun = position.step > 0  # Keras numbers the batches of a fit from its beginning, so such an epoch is one fit
        until = position.epoch + 1 if begun else _last_alike(costs, position.epoch)
        _fit(fitted, dataset, configuration, callback=callback, position=position, until=until)
        if begun:
            put_back(fitted, position.arrays)  # where a fit ends, averaged weights take the place of the trained ones
    result: TrainingResult = callback.finish()
    if fitted is not model:
        model.set_weights(fitted.get_weights())
    keras.utils.clear_session(free_memory=False)
    return result


def _compiled(model: "keras.Model", configuration: TrainingConfiguration, steps: int) -> "keras.Model":
    import keras

    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=configuration.label_smoothing)
    fitted = trained_twin(model, configuration.precision, any_size=configuration.first_side is not None)
    fitted.compile(optimizer=create_optimizer(configuration, steps), loss=loss, metrics=["accuracy"])
    # TensorFlow traces a step that makes variables twice; they are made here, which halves the wait before the first.
    fitted.optimizer.build(fitted.trainable_variables)
    nothing = np.zeros((1, model.output_shape[-1]), np.float32)
    fitted.compute_metrics(None, nothing, nothing)
    fitted.reset_metrics()
    return fitted


def trained_twin(model: "keras.Model", precision: str, *, any_size: bool = False) -> "keras.Model":
    """Return a twin of ``model`` with equal weights, all but the logits computed in ``precision``.

    Args:
        model: A functional or sequential model.
        precision: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
        any_size: Whether the twin reads images of any size.

    Returns:
        The model itself where nothing is to change.

    Raises:
        InvalidConfigurationError: The model reads images of one size only.
    """
    import keras

    if precision == "float32" and not any_size:
        return model

    def twin(layer: Any) -> Any:
        config = layer.get_config()
        if not isinstance(layer, keras.layers.InputLayer) and layer.name != "logits":
            config["dtype"] = precision
        return layer.__class__.from_config(config)

    pixels = keras.Input((None, None, model.input_shape[-1]), dtype="uint8", name="pixels") if any_size else None
    try:
        made = keras.models.clone_model(model, input_tensors=pixels, clone_function=twin)
    except ValueError as error:
        raise InvalidConfigurationError(
            N_("%(model)s reads images of one size only; train it without first_side"), model=model.name
        ) from error
    made.set_weights(model.get_weights())
    return made


def _costs(dataset: Dataset, configuration: TrainingConfiguration) -> list[float]:
    """Return what a batch of each epoch costs, as a share of one with images of the full size."""
    full = max(dataset.image_shape[:2])
    return [(configuration.side(epoch, full) / full) ** 2 for epoch in range(1, configuration.epochs + 1)]


def _last_alike(costs: list[float], done: int) -> int:
    """Return the last epoch with images of the same size as the one after ``done``: a fit knows one size only."""
    return next((epoch for epoch in range(done + 1, len(costs)) if costs[epoch] != costs[done]), len(costs))


def _fit(
    fitted: "keras.Model | LinearModel",
    dataset: Dataset,
    configuration: TrainingConfiguration,
    *,
    callback: Any,
    position: Position,
    until: int,
) -> None:
    """Fit from where the training stands to the end of epoch ``until``, or until the callback ends it."""
    if isinstance(fitted, LinearModel):
        fitted.fit(dataset, callback, position, until)
        return
    size, num_classes = configuration.batch_size, dataset.num_classes
    callback.batches = create_batches(
        dataset.train,
        num_classes,
        size,
        configuration.seed,
        first=position.step,
        augmentation=configuration.augmentation,
        side=configuration.side if configuration.first_side is not None else None,
        mixup=configuration.mixup,
    )
    callback.batches.epoch = position.epoch + 1  # Keras looks at a batch before the epoch begins
    fitted.fit(
        callback.batches,
        initial_epoch=position.epoch,
        epochs=until,
        validation_data=create_batches(dataset.validation, num_classes, size),
        callbacks=[callback],
        verbose=0,
        shuffle=False,
    )


def _identity(model: "keras.Model", dataset: Dataset, configuration: TrainingConfiguration) -> str:
    """Return a digest of all that decides how a training goes on."""
    shapes = [list(weight.shape) for weight in model.weights]
    told = [model.name, shapes, dataset.fingerprint, len(dataset.train), dataset.class_names, configuration.identity]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
