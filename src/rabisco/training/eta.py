"""How fast a training goes and how long it will still take, from its latest batches and epochs alone."""

import time
from collections import deque
from collections.abc import Callable, Sequence

BATCHES, ENDS = 200, 5  # the latest ones that count


class Eta:
    """A clock beside a training; it is told when a fit and an epoch begin and when a batch is done.

    The first batch of a fit, in which Keras builds what the others run, is left out, and so is the first validation
    once there is another.

    Args:
        examples: Training images.
        batch_size: Images per batch, but for the last of an epoch.
        steps: Batches of an epoch.
        costs: What a batch of each epoch costs, relative to each other.
        clock: Tells the time in seconds.
    """

    def __init__(
        self,
        examples: int,
        batch_size: int,
        steps: int,
        costs: Sequence[float],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._sizes = [batch_size] * (steps - 1) + [examples - (steps - 1) * batch_size]
        self._steps, self._costs, self._clock = steps, costs, clock
        self._epoch = 1
        self._batches: deque[tuple[int, float]] = deque(maxlen=BATCHES)
        self._ends: deque[float] = deque(maxlen=ENDS)
        self._first_end = True
        self._first_batch = True
        self._mark = self._last = 0.0

    def begin_fit(self) -> None:
        """Note that Keras begins anew."""
        self._first_batch, self._last = True, 0.0

    def begin_epoch(self, epoch: int) -> None:
        """Note that an epoch, from 1, begins.

        What lies between it and the last batch is how long the end of an epoch takes.
        """
        if self._costs[epoch - 1] != self._costs[self._epoch - 1]:
            self._batches.clear()
        self._epoch, self._mark = epoch, self._clock()
        if self._last:
            if len(self._ends) == 1 and self._first_end:
                self._ends.clear()
                self._first_end = False
            self._ends.append(self._mark - self._last)

    def end_batch(self, step: int) -> None:
        """Note that batch number ``step`` of an epoch is done."""
        now = self._clock()
        if not self._first_batch:
            self._batches.append((self._sizes[step - 1], now - self._mark))
        self._first_batch, self._mark, self._last = False, now, now

    @property
    def examples_per_second(self) -> float | None:
        """Images trained on per second, validation left out; ``None`` before there is anything to say it from."""
        seconds = sum(spent for _, spent in self._batches)
        return sum(size for size, _ in self._batches) / seconds if seconds > 0 else None

    def eta_seconds(self, epoch: int, step: int) -> float | None:
        """Return the time left after batch ``step`` of ``epoch``; ``None`` before there is anything to say it from."""
        if not self._batches:
            return None
        per_batch = sum(spent for _, spent in self._batches) / len(self._batches) / self._costs[self._epoch - 1]
        per_end = sum(self._ends) / len(self._ends) if self._ends else 0.0
        left = self._costs[epoch - 1 :]
        batches = self._steps * sum(left) - (step * left[0] if left else 0)
        return batches * per_batch + len(left) * per_end
