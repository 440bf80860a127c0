"""What is said of a training while it runs, and when it has ended."""

from dataclasses import dataclass, field
from typing import Literal

Request = Literal["continue", "stop", "pause", "cancel"]
Ended = Literal["completed", "patience", "stopped", "paused"]


@dataclass(frozen=True)
class Progress:
    """Where a training stands, after a batch; after an epoch the validation figures are there too.

    Attributes:
        epoch: From 1.
        epochs: How many there will be at most.
        step: Batches done in this epoch.
        steps: Batches of an epoch.
        loss: Mean over this epoch so far.
        accuracy: Of this epoch so far, on the training images as augmented, in [0, 1].
        learning_rate: Of the last step.
        examples_per_second: Over the latest batches; none before two are done.
        eta_seconds: Estimated time left, by the latest batches and epochs; none before two batches are done.
        validation_loss: Only in the report that ends an epoch.
        validation_accuracy: Only in the report that ends an epoch, in [0, 1].
        seconds: Since the training began.
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
