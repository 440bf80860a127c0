"""A recipe names a data set, an architecture and a training configuration; following it yields an artifact.

``table`` lists them, ``material`` prepares what they are trained on, ``following`` trains, ``judgement`` says what
came of it.
"""

from rabisco.recipes.following import new_model, run
from rabisco.recipes.judgement import KerasReader, describe_hardware, judge, metrics_of
from rabisco.recipes.material import normalized, with_supplements, without_empty_classes
from rabisco.recipes.table import Recipe, get_recipe, recipe_names

__all__ = [
    "KerasReader",
    "Recipe",
    "describe_hardware",
    "get_recipe",
    "judge",
    "metrics_of",
    "new_model",
    "normalized",
    "recipe_names",
    "run",
    "with_supplements",
    "without_empty_classes",
]
