"""The learning rate over the steps of a training, and the optimizer that follows it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.training.config import TrainingConfiguration

if TYPE_CHECKING:
    import keras


def create_optimizer(configuration: TrainingConfiguration, steps_per_epoch: int) -> "keras.optimizers.Optimizer":
    """Return the configured optimizer, its learning rate following the configured schedule."""
    import keras

    rate = _create_schedule(configuration, steps_per_epoch)
    if configuration.solver == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=configuration.momentum, nesterov=True, weight_decay=configuration.weight_decay or None
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
        return optimizer
    return keras.optimizers.AdamW(rate, weight_decay=configuration.weight_decay)


def _create_schedule(
    configuration: TrainingConfiguration, steps_per_epoch: int
) -> "float | keras.optimizers.schedules.LearningRateSchedule":
    from keras.optimizers import schedules

    peak = configuration.learning_rate
    total = configuration.epochs * steps_per_epoch
    if configuration.schedule == "constant":
        return peak
    if configuration.schedule == "step":
        return schedules.ExponentialDecay(peak, configuration.step_epochs * steps_per_epoch, 0.1, staircase=True)
    if configuration.schedule == "one-cycle":
        return _triangle(peak, round(configuration.warmup_epochs * steps_per_epoch), total)
    warmup = min(round(configuration.warmup_epochs * steps_per_epoch), total // 2)
    if warmup == 0:
        return schedules.CosineDecay(peak, total)
    return schedules.CosineDecay(peak / 25, total - warmup, warmup_target=peak, warmup_steps=warmup)


def rates(configuration: TrainingConfiguration, steps_per_epoch: int) -> NDArray[np.float64]:
    """Return the learning rate of each step of a training, as the optimizer's schedule gives it, without Keras."""
    peak, total = configuration.learning_rate, configuration.epochs * steps_per_epoch
    step = np.arange(total, dtype=np.float64)
    if configuration.schedule == "constant":
        return np.full(total, peak)
    if configuration.schedule == "step":
        return np.asarray(peak * 0.1 ** (step // (configuration.step_epochs * steps_per_epoch)))
    rise = min(round(configuration.warmup_epochs * steps_per_epoch), total // 2)
    if configuration.schedule == "one-cycle":
        rise = max(rise, 1)
        return np.asarray(
            peak * np.maximum(np.minimum(0.2 + 0.8 * step / rise, (total - step) / max(total - rise, 1)), 0)
        )
    falling = 0.5 * peak * (1 + np.cos(np.pi * (step - rise) / max(total - rise, 1)))
    return np.where(step < rise, peak / 25 + (peak - peak / 25) * step / max(rise, 1), falling)


def _triangle(peak: float, rise: int, total: int) -> "keras.optimizers.schedules.LearningRateSchedule":
    """Return what rises from a fifth of the peak to the peak and falls to 0, on straight lines."""
    import keras
    from keras import ops

    rise = min(max(rise, 1), max(total // 2, 1))

    class Triangle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            step = ops.cast(step, "float32")
            rising = 0.2 + 0.8 * step / rise
            falling = (total - step) / max(total - rise, 1)
            return peak * ops.maximum(ops.minimum(rising, falling), 0.0)

        def get_config(self) -> dict[str, Any]:
            return {"peak": peak, "rise": rise, "total": total}

    return Triangle()
