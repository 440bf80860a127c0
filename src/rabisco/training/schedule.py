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

    fixed = configuration.schedule == "constant"
    rate = configuration.learning_rate if fixed else _listed(rates(configuration, steps_per_epoch))
    if configuration.solver == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=configuration.momentum, nesterov=True, weight_decay=configuration.weight_decay or None
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
        return optimizer
    return keras.optimizers.AdamW(rate, weight_decay=configuration.weight_decay)


def rates(configuration: TrainingConfiguration, steps_per_epoch: int) -> NDArray[np.float64]:
    """Return the learning rate of each step of a training.

    The schedules are Keras's ``CosineDecay`` and ``ExponentialDecay``, and straight lines from a fifth of the peak to
    the peak and down to 0.
    """
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


def _listed(planned: NDArray[np.float64]) -> "keras.optimizers.schedules.LearningRateSchedule":
    """Return the schedule that looks the rate of a step up.

    An optimizer asks for the rate once for each weight that decays, and each time Keras's own schedules become dozens
    of operations, which took a third of the wait for the first batch.
    """
    import keras
    from keras import ops

    table, last = ops.convert_to_tensor(planned.astype(np.float32)), len(planned) - 1

    class Listed(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            return ops.take(table, ops.minimum(step, last))

        def get_config(self) -> dict[str, Any]:
            return {"rates": planned.tolist()}

    return Listed()
