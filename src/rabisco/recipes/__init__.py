"""A recipe names a data set, an architecture and a training configuration; following it yields an artifact.

``table`` lists them, ``run`` is the way of every training, ``material`` prepares what is trained on, ``card_builder``
says what came of it.
"""

from rabisco.recipes.card_builder import KerasReader, build_card, judge, kept_images, metrics_of
from rabisco.recipes.material import (
    check_supplements,
    load_material,
    normalized,
    with_supplements,
    with_teacher,
    without_empty_classes,
)
from rabisco.recipes.run import RecipeTask, Task, Watcher, run
from rabisco.recipes.table import Recipe, get_recipe, recipe_names

__all__ = [
    "KerasReader",
    "Recipe",
    "RecipeTask",
    "Task",
    "Watcher",
    "build_card",
    "check_supplements",
    "get_recipe",
    "judge",
    "kept_images",
    "load_material",
    "metrics_of",
    "normalized",
    "recipe_names",
    "run",
    "with_supplements",
    "with_teacher",
    "without_empty_classes",
]
