"""Speed and time left of a training, by a clock that the test moves."""

import pytest

from rabisco.training.eta import Eta


class Clock:
    """Seconds that pass when it is told so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def epoch(eta: Eta, clock: Clock, batches: list[float], number: int = 1) -> None:
    eta.begin_epoch(number)
    for step, seconds in enumerate(batches, start=1):
        clock.passes(seconds)
        eta.end_batch(step)


def test_building_does_not_count_in_the_first_estimate_of_a_long_training() -> None:
    clock = Clock()
    eta = Eta(examples=1200, batch_size=100, steps=12, costs=[1.0] * 9000, clock=clock)
    eta.begin_fit()
    epoch(eta, clock, [7.0])
    assert eta.examples_per_second is eta.eta_seconds(1, 1) is None
    clock.passes(0.01)
    eta.end_batch(2)
    assert eta.examples_per_second == pytest.approx(10_000)
    assert eta.eta_seconds(1, 2) == pytest.approx(9000 * 12 * 0.01, rel=0.001)  # 18 minutes, not 17 hours


def test_validation_counts_as_time_but_not_as_speed() -> None:
    clock = Clock()
    eta = Eta(examples=250, batch_size=100, steps=3, costs=[1.0] * 10, clock=clock)
    eta.begin_fit()
    epoch(eta, clock, [5.0, 1.0, 0.5])
    clock.passes(9.0)
    epoch(eta, clock, [1.0, 1.0, 0.5])
    assert eta.examples_per_second == pytest.approx(400 / 4)
    assert eta.eta_seconds(3, 0) == pytest.approx(8 * 3 * 0.8 + 8 * 9)
    clock.passes(2.0)
    epoch(eta, clock, [1.0, 1.0, 0.5])
    assert eta.eta_seconds(4, 0) == pytest.approx(7 * (1.0 + 1.0 + 0.5) + 7 * 2, rel=0.03)
    assert eta.eta_seconds(11, 0) == 0


def test_a_training_that_becomes_slower_is_estimated_by_what_it_does_now() -> None:
    clock = Clock()
    eta = Eta(examples=30_000, batch_size=100, steps=300, costs=[1.0] * 2, clock=clock)
    eta.begin_fit()
    epoch(eta, clock, [0.01] * 100 + [0.1] * 200)
    assert eta.examples_per_second == pytest.approx(1000)


def test_the_last_batch_of_an_epoch_is_counted_as_large_as_it_is() -> None:
    clock = Clock()
    eta = Eta(examples=10, batch_size=128, steps=1, costs=[1.0] * 5, clock=clock)
    eta.begin_fit()
    epoch(eta, clock, [3.0])
    epoch(eta, clock, [0.5])
    assert eta.examples_per_second == pytest.approx(20)


def test_epochs_that_cost_more_are_counted_as_more() -> None:
    clock = Clock()
    eta = Eta(examples=300, batch_size=100, steps=3, costs=[0.25, 0.25, 1.0, 1.0], clock=clock)
    eta.begin_fit()
    epoch(eta, clock, [1.0, 1.0, 1.0], 1)
    assert eta.eta_seconds(2, 0) == pytest.approx(3 * 1.0 + 2 * 3 * 4.0)
    epoch(eta, clock, [1.0, 1.0, 1.0], 2)
    epoch(eta, clock, [6.0, 6.0], 3)
    assert eta.examples_per_second == pytest.approx(100 / 6)
