"""What is said of a training while it runs, and when it has ended."""

from dataclasses import dataclass, field
from typing import Literal

Request = Literal["continue", "stop", "pause", "cancel"]
Ended = Literal["completed", "patience", "stopped", "paused"]


@dataclass(frozen=True)
class Progress:
    """Where a training stands, after a batch; after an epoch the validation figures are there too.

    Epochs count from 1, steps are batches done in this one, of ``epochs`` and ``steps`` at most. Loss and accuracy, in
    [0, 1], are those of this epoch so far, on the training images as augmented. Speed and time left are estimated from
    the latest batches and epochs, and ``None`` before two batches are done.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    learning_rate: float
    examples_per_second: float | None
    eta_seconds: float | None
    seconds: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


@dataclass
class TrainingResult:
    """What a training came to; the model holds the weights of ``best_epoch``."""

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    ended: Ended = "completed"
