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

    is_sgd = configuration.solver == "sgd"
    kind, rate = keras.optimizers.SGD if is_sgd else keras.optimizers.AdamW, configuration.learning_rate
    if configuration.schedule != "constant":
        kind, rate = _following(kind, rates(configuration, steps_per_epoch))
    if not is_sgd:
        return kind(rate, weight_decay=configuration.weight_decay)
    optimizer = kind(
        rate, momentum=configuration.momentum, nesterov=True, weight_decay=configuration.weight_decay or None
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer


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


def _following(kind: Any, planned: NDArray[np.float64]) -> tuple[Any, Any]:
    """Return an optimizer of that kind, and the schedule that looks the rate of a step up for it, once in a step.

    An optimizer asks for the rate once for each weight that decays, and each time a schedule becomes a dozen
    operations, which took a fifth of the time before the first batch.
    """
    import keras
    from keras import ops

    table, last = ops.convert_to_tensor(planned.astype(np.float32)), len(planned) - 1

    class Listed(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        steps = False  # whether a step is being taken
        rate: Any = None  # of that step

        def __call__(self, step: Any) -> Any:
            rate = ops.take(table, ops.minimum(step, last)) if self.rate is None else self.rate
            self.rate = rate if self.steps else None
            return rate

        def get_config(self) -> dict[str, Any]:
            return {"rates": planned.tolist()}

    listed = Listed()

    class Following(kind):  # type: ignore[misc]
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            listed.steps = True
            try:
                super().apply(grads, trainable_variables)
            finally:
                listed.steps, listed.rate = False, None

    return Following, listed
