"""Following a recipe from its data set to a saved artifact."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rabisco import data
from rabisco.artifacts import Artifact, save_artifact
from rabisco.data.dataset import Dataset
from rabisco.models import create_model, get_architecture
from rabisco.models.backend import start_keras
from rabisco.recipes.judgement import judge
from rabisco.recipes.material import normalized, with_supplements
from rabisco.recipes.table import Recipe
from rabisco.training import Progress, Request, train

if TYPE_CHECKING:
    import keras


def run(
    recipe: Recipe,
    on_progress: Callable[[Progress], None] = lambda _: None,
    request: Callable[[], Request] = lambda: "continue",
    limit: int | None = None,
    parent: Path | None = None,
) -> Artifact:
    """Train what the recipe names, judge it once on the test split, and save the artifact.

    Args:
        recipe: The recipe.
        on_progress: See ``rabisco.training.train``.
        request: See ``rabisco.training.train``.
        limit: Train on at most this many images, for a quick try.
        parent: Folder for the artifact; the settings' own if not given.

    Returns:
        The saved artifact, its card holding validation and test metrics.
    """
    loaded = normalized(data.load(recipe.dataset, seed=recipe.configuration.seed, limit=limit), recipe.normalizer)
    recipe, dataset = with_supplements(recipe, loaded, limit)
    model = new_model(recipe, dataset)
    result = train(model, dataset, recipe.configuration, on_progress, request)
    return save_artifact(model, judge(recipe, dataset, model, result), parent)


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
