"""The learning rate of each step: Keras's schedules, and straight lines."""

import numpy as np
import pytest

from rabisco.models.backend import start_keras
from rabisco.training import TrainingConfiguration
from rabisco.training.schedule import create_optimizer

pytestmark = pytest.mark.training
PEAK, EPOCHS, STEPS = 0.5, 10, 10


def read(configuration: TrainingConfiguration, steps: list[int]) -> list[float]:
    """Return the rates that the optimizer takes at these steps."""
    start_keras()
    optimizer = create_optimizer(configuration, STEPS)
    optimizer.build([])
    found = []
    for step in steps:
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def planned(**options: object) -> TrainingConfiguration:
    return TrainingConfiguration(epochs=EPOCHS, learning_rate=PEAK, **options)


@pytest.mark.parametrize(
    ("warmup", "rise"), [(0, 0), (0.4, 4), (2, 20), (9, 50)]
)  # it takes half of the steps at most
def test_cosine_is_that_of_keras(warmup: float, rise: int) -> None:
    start_keras()
    from keras.optimizers.schedules import CosineDecay

    total = EPOCHS * STEPS
    theirs = CosineDecay(PEAK / 25, total - rise, warmup_target=PEAK, warmup_steps=rise) if rise else None
    theirs = theirs or CosineDecay(PEAK, total)
    expected = [float(theirs(step)) for step in range(total)]
    np.testing.assert_allclose(
        read(planned(schedule="cosine", warmup_epochs=warmup), list(range(total))), expected, atol=1e-6
    )


def test_steps_are_those_of_keras() -> None:
    start_keras()
    from keras.optimizers.schedules import ExponentialDecay

    theirs = ExponentialDecay(PEAK, 3 * STEPS, 0.1, staircase=True)
    expected = [float(theirs(step)) for step in range(EPOCHS * STEPS)]
    np.testing.assert_allclose(
        read(planned(schedule="step", step_epochs=3), list(range(EPOCHS * STEPS))), expected, atol=1e-6
    )


def test_one_cycle_is_a_triangle_whose_end_lasts() -> None:
    values = read(planned(solver="sgd", schedule="one-cycle", warmup_epochs=2.0), [0, 10, 20, 60, 99, 100])
    np.testing.assert_allclose(values, [0.1, 0.3, 0.5, 0.25, 0.00625, 0.00625], atol=1e-6)


def test_constant_stays() -> None:
    assert read(planned(schedule="constant"), [0, 50, 99]) == [PEAK] * 3
