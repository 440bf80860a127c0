"""The task of a recipe: its data set and a new model, and the card that says what came of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rabisco.artifacts import Artifact, Card, load_artifact, save_artifact
from rabisco.artifacts.exporting import round_kernels
from rabisco.data.dataset import Dataset
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.evaluation.readings import Readings
from rabisco.memory import Reference
from rabisco.models import create_model, get_architecture
from rabisco.models.backend import start_keras
from rabisco.recipes.card_builder import build_card, kept_images
from rabisco.recipes.material import load_material
from rabisco.recipes.run import Watcher
from rabisco.recipes.table import Recipe
from rabisco.training import TrainingConfiguration, TrainingResult

if TYPE_CHECKING:
    import keras

Material = tuple[Recipe, Dataset]


@dataclass
class RecipeTask:
    """Trains what a recipe names; see ``rabisco.recipes.run``.

    Attributes:
        recipe: The recipe; once prepared, as it is trained.
        load: Returns recipe and data set as they are trained; by default what the recipe names.
        base: Artifact whose weights it begins with.
        use: Whether the new version answers at once.
        run: Id of the run that trains it.
    """

    recipe: Recipe
    load: Callable[[Recipe], Material] = load_material
    base: str | None = None
    use: bool = True
    run: str = ""
    _dataset: Dataset = field(init=False, repr=False)
    _model: "keras.Model" = field(init=False, repr=False)
    _reference: Reference | None = field(init=False, repr=False, default=None)
    _readings: Readings | None = field(init=False, repr=False, default=None)

    @property
    def configuration(self) -> TrainingConfiguration:
        """How to train."""
        return self.recipe.configuration

    def prepare(self) -> "tuple[keras.Model, Dataset]":
        """Return a new model, its weights drawn from the recipe's seed or those of the base, and the data set."""
        self.recipe, self._dataset = self.load(self.recipe)
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
