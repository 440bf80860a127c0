"""The one way of a training, from a task to a saved artifact, and the task of a recipe.

Commands, pages, benchmarks and notebooks all go this way.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rabisco.artifacts import Artifact, Card, load_artifact, save_artifact
from rabisco.artifacts.exporting import round_kernels
from rabisco.data.dataset import Dataset
from rabisco.errors import N_, InvalidConfigurationError, TrainingCancelledError, TrainingPausedError
from rabisco.evaluation.readings import Readings
from rabisco.memory import Reference
from rabisco.models import create_model, get_architecture
from rabisco.models.backend import start_keras
from rabisco.recipes.card_builder import build_card, kept_images
from rabisco.recipes.material import load_material, with_teacher
from rabisco.recipes.table import Recipe
from rabisco.training import Checkpoints, Progress, Request, TrainingConfiguration, TrainingResult, train

if TYPE_CHECKING:
    import keras

Material = tuple[Recipe, Dataset]


class Task(Protocol):
    """Something to be trained: what goes in before, and what is made of it after."""

    @property
    def configuration(self) -> TrainingConfiguration:
        """How to train."""

    def prepare(self, watcher: "Watcher") -> "tuple[keras.Model | None, Dataset]":
        """Return the model to train and what on; no model where its weights are to stay as they are."""

    def finish(self, result: TrainingResult, watcher: "Watcher") -> Card:
        """Return the card of the trained model."""

    def save(self, card: Card) -> Artifact:
        """Save the trained model."""


class Watcher:
    """Hears how a task goes on and says what is wanted of it; this one only lets it go on.

    Attributes:
        saving: Held while the artifact is saved and said to be.
    """

    saving: AbstractContextManager[Any] = nullcontext()

    def phase(self, name: str, **facts: Any) -> None:
        """Hear that a part begins: ``loading``, ``asking``, ``training``, ``judging``, ``refusing`` or ``saving``.

        Of ``asking`` and ``refusing`` it is heard again how far they are: ``share``, 0 to 1.
        """

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
    model, dataset = task.prepare(watcher)
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


@dataclass
class RecipeTask:
    """Trains what a recipe names; see ``rabisco.recipes.run``."""

    recipe: Recipe  # the recipe; once prepared, as it is trained
    # Returns recipe and data set as they are trained; by default what the recipe names
    load: Callable[[Recipe], Material] = load_material
    base: str | None = None  # artifact whose weights it begins with
    use: bool = True  # whether the new version answers at once
    run: str = ""  # id of the run that trains it
    _dataset: Dataset = field(init=False, repr=False)
    _model: "keras.Model" = field(init=False, repr=False)
    _reference: Reference | None = field(init=False, repr=False, default=None)
    _readings: Readings | None = field(init=False, repr=False, default=None)

    @property
    def configuration(self) -> TrainingConfiguration:
        """How to train."""
        return self.recipe.configuration

    def prepare(self, watcher: Watcher) -> "tuple[keras.Model, Dataset]":
        """Return a new model, its weights drawn from the recipe's seed or those of the base, and the data set."""
        self.recipe, dataset = self.load(self.recipe)
        self._dataset = with_teacher(
            self.recipe, dataset, lambda share: watcher.phase("asking", share=round(share, 2))
        )
        self._model = new_model(self.recipe, self._dataset)
        if self.base is not None:
            begin_with(self._model, self.base, self._dataset.class_names)
        return self._model, self._dataset

    def finish(self, result: TrainingResult, watcher: Watcher) -> Card:  # noqa: ARG002
        """Judge the model, its weights as they will be saved, on the validation split and, once, on the test split."""
        if get_architecture(self.recipe.architecture).rounded:
            round_kernels(self._model)
        built = build_card(self.recipe, self._dataset, self._model, result, self.run)
        card, self._reference, self._readings = built
        return card

    def save(self, card: Card) -> Artifact:
        """Save the model under the recipe's name."""
        kept = kept_images(self._model, self._dataset.train)
        return save_artifact(
            self._model,
            card,
            use=self.use,
            reference=self._reference,
            readings=self._readings,
            training_images=kept,
        )


def new_model(recipe: Recipe, dataset: Dataset) -> "keras.Model":
    """Return the recipe's architecture for the data set, its weights drawn from the recipe's seed or published."""
    start_keras()
    import keras

    keras.utils.set_random_seed(recipe.configuration.seed)
    model = create_model(recipe.architecture, dataset.image_shape, dataset.num_classes)
    architecture = get_architecture(recipe.architecture)
    if architecture.adapt is not None:
        architecture.adapt(model, dataset.train.images)
    if recipe.pretrained and architecture.pretrained is not None:
        architecture.pretrained(model)
    return model


def begin_with(model: "keras.Model", base: str, class_names: tuple[str, ...]) -> None:
    """Give ``model`` the weights of the artifact ``base``; those of the last layer by the classes' names.

    A class that the base does not know keeps the weights it was made with.

    Raises:
        InvalidConfigurationError: The base reads images of another shape.
    """
    import keras

    artifact = load_artifact(base)
    trained = keras.saving.load_model(artifact.weights_path, compile=False)
    if tuple(trained.input_shape[1:]) != tuple(model.input_shape[1:]):
        raise InvalidConfigurationError(
            N_(
                "a base must read images of the same shape, %(shape)s. Received: %(base)s, which reads "
                "%(received)s; choose another base, or none"
            ),
            shape=str(tuple(model.input_shape[1:])),
            base=repr(base),
            received=str(tuple(trained.input_shape[1:])),
        )
    known = {name: place for place, name in enumerate(artifact.card.names_for(class_names))}
    pairs = [(place, known[name]) for place, name in enumerate(class_names) if name in known]
    for layer in model.layers[:-1]:
        layer.set_weights(trained.get_layer(layer.name).get_weights())
    values = model.layers[-1].get_weights()
    for own, other in zip(values, trained.layers[-1].get_weights(), strict=True):
        for place, there in pairs:
            own[..., place] = np.asarray(other)[..., there]
    model.layers[-1].set_weights(values)
