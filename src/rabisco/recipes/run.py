"""The one way of a training, from a task to a saved artifact; commands, pages, benchmarks and notebooks all go it."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from rabisco.artifacts import Artifact, Card
from rabisco.data.dataset import Dataset
from rabisco.errors import N_, TrainingCancelledError, TrainingPausedError
from rabisco.models.backend import start_keras
from rabisco.training import Checkpoints, Progress, Request, TrainingConfiguration, TrainingResult, train

if TYPE_CHECKING:
    import keras


class Task(Protocol):
    """Something to be trained: what goes in before, and what is made of it after."""

    @property
    def configuration(self) -> TrainingConfiguration:
        """How to train."""
        ...

    def prepare(self) -> "tuple[keras.Model | None, Dataset]":
        """Return the model to train and what on; no model where its weights are to stay as they are."""
        ...

    def finish(self, result: TrainingResult, watcher: "Watcher") -> Card:
        """Return the card of the trained model."""
        ...

    def save(self, card: Card) -> Artifact:
        """Save the trained model."""
        ...


class Watcher:
    """Hears how a task goes on and says what is wanted of it; this one only lets it go on.

    Attributes:
        saving: Held while the artifact is saved and said to be.
    """

    saving: AbstractContextManager[Any] = nullcontext()

    def phase(self, name: str, **facts: Any) -> None:
        """Hear that a part begins: ``loading``, ``training``, ``judging``, ``refusing`` or ``saving``."""

    def progress(self, progress: Progress) -> None:
        """Hear how far the training is; see ``rabisco.training.train``."""

    def request(self) -> Request:
        """Return what is wanted; see ``rabisco.training.train``."""
        return "continue"

    def report(self, values: dict[str, Any]) -> None:
        """Hear what became better and worse, where corrections were learned."""

    def saved(self, artifact: Artifact, result: TrainingResult) -> None:
        """Hear that the artifact is there."""


def run(task: Task, watcher: Watcher | None = None, checkpoints: Checkpoints | None = None) -> Artifact:
    """Train what the task prepares, and return the artifact that comes of it.

    Args:
        task: What to train, such as a ``RecipeTask``.
        watcher: Hears how it goes on.
        checkpoints: Where the training's position is kept, and gone on from; see ``rabisco.training.train``.

    Raises:
        TrainingCancelledError: The watcher wanted that, or a stop before there was anything to keep.
        TrainingPausedError: The watcher wanted that; it goes on from its checkpoint.
        RabiscoError: The data cannot be had, or the task cannot be trained; which class says why.
    """
    watcher = watcher or Watcher()
    start_keras()
    watcher.phase("loading")
    model, dataset = task.prepare()
    result = TrainingResult()
    if model is not None:
        if watcher.request() == "stop" and not (checkpoints and checkpoints.begun):
            raise TrainingCancelledError(N_("the run was stopped before its first step; there was nothing to keep"))
        splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
        counts = {name: len(split) for name, split in splits.items()}
        watcher.phase("training", classes=dataset.num_classes, **counts)
        result = train(model, dataset, task.configuration, watcher.progress, watcher.request, checkpoints=checkpoints)
        if result.ended == "paused":
            raise TrainingPausedError(N_("the training pauses at the end of an epoch"))
    watcher.phase("judging")
    card = task.finish(result, watcher)
    with watcher.saving:
        watcher.phase("saving")
        artifact = task.save(card)
        watcher.saved(artifact, result)
    return artifact
