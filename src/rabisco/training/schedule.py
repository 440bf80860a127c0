"""The learning rate over the steps of a training, and the optimizer that follows it."""

from typing import TYPE_CHECKING

from rabisco.training.config import TrainingConfiguration

if TYPE_CHECKING:
    import keras


def create_optimizer(configuration: TrainingConfiguration, steps_per_epoch: int) -> "keras.optimizers.Optimizer":
    """Return the configured optimizer, its learning rate following the configured schedule."""
    import keras

    rate = _create_schedule(configuration, steps_per_epoch)
    if configuration.solver == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=configuration.weight_decay or None)
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
    warmup = min(round(configuration.warmup_epochs * steps_per_epoch), total // 2)
    if warmup == 0:
        return schedules.CosineDecay(peak, total)
    return schedules.CosineDecay(peak / 25, total - warmup, warmup_target=peak, warmup_steps=warmup)
