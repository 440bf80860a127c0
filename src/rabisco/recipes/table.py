"""The recipes: data set, architecture and training configuration of each, under the name of its artifact."""

from dataclasses import dataclass, replace

from rabisco.errors import N_, InvalidConfigurationError
from rabisco.models import get_architecture
from rabisco.training.augment import GENTLE
from rabisco.training.config import TrainingConfiguration


@dataclass(frozen=True)
class Recipe:
    """All it takes to train one model again."""

    name: str  # also the name of the artifact
    dataset: str  # name in the catalog
    architecture: str  # name in the registry
    configuration: TrainingConfiguration  # how it is trained
    normalizer: str  # normalizer, with its version, that makes such images from pictures
    # Further data sets in the catalog, whose characters of the same classes are trained on as well
    supplements: tuple[str, ...] = ()
    pretrained: bool = False  # whether training begins with the architecture's published weights
    teacher: str = ""  # artifact whose answers are learned beside the labels; its version behind an @


_LINEAR = TrainingConfiguration(solver="logistic-regression", max_iterations=200, inverse_regularization=0.1)
_LINEAR_BY_GRADIENT = TrainingConfiguration(epochs=20, learning_rate=3e-3, weight_decay=0.0)
_SCIKIT_LEARN_DEFAULTS = TrainingConfiguration(solver="logistic-regression")
_CNN = replace(get_architecture("cnn").usual("grey"), epochs=24, cooldown_epochs=3)

_RECIPES = (
    Recipe(
        "mnist-cnn",
        "mnist",
        "cnn",
        replace(_CNN, seed=26),
        "mnist@1",
        supplements=("handwriting-extra", "digits-scan", "digit-forms"),
    ),
    Recipe(  # the seed is its teacher's: neither has trained on what the other is validated on
        "mnist-cnn-small",
        "mnist",
        "cnn-small",
        replace(get_architecture("cnn-small").usual("grey"), epochs=36, cooldown_epochs=4, seed=26),
        "mnist@1",
        supplements=("handwriting-extra", "digits-scan", "digit-forms"),
        teacher="mnist-cnn@0",
    ),
    Recipe("mnist-linear", "mnist", "linear", _LINEAR_BY_GRADIENT, "mnist-deskew@1"),
    Recipe(
        "mnist-tiny",
        "mnist",
        "cnn-tiny",
        replace(_CNN, epochs=25, cooldown_epochs=0, learning_rate=6e-3, augmentation=GENTLE),
        "mnist@1",
    ),
    Recipe(
        "emnist-cnn",
        "emnist-pages",
        "cnn",
        replace(_CNN, epochs=40, cooldown_epochs=0),
        "emnist@1",
        supplements=("handwriting-extra",),
    ),
    Recipe("emnist-linear", "emnist-pages", "linear", _SCIKIT_LEARN_DEFAULTS, "emnist@1"),
    Recipe("emnist-balanced-cnn", "emnist-balanced", "cnn", _CNN, "emnist@1"),
    Recipe("digits-cnn", "digits", "cnn", replace(_CNN, epochs=30, cooldown_epochs=0), "mnist@1"),
    Recipe("digits-linear", "digits", "linear", _LINEAR, "mnist@1"),
    Recipe("cifar10-cnn", "cifar-10", "cifar-cnn", get_architecture("cifar-cnn").usual("colour"), "photo32@2"),
    Recipe(
        "cifar10-resnet18",
        "cifar-10",
        "resnet18",
        replace(get_architecture("resnet18").usual("colour"), cooldown_epochs=8),
        "photo32@2",
    ),
    Recipe("cifar10-linear", "cifar-10", "linear", replace(_LINEAR_BY_GRADIENT, learning_rate=1e-3), "photo32@2"),
    Recipe("fashion-cnn", "fashion-mnist", "cnn", _CNN, "mnist@1"),
)


def recipe_names() -> list[str]:
    """Return the names of all recipes."""
    return [recipe.name for recipe in _RECIPES]


def get_recipe(name: str) -> Recipe:
    """Return the recipe called ``name``.

    Raises:
        InvalidConfigurationError: There is none.
    """
    for recipe in _RECIPES:
        if recipe.name == name:
            return recipe
    raise InvalidConfigurationError(
        N_("a recipe must be one of %(names)s. Received: %(name)s"), names=", ".join(recipe_names()), name=repr(name)
    )
