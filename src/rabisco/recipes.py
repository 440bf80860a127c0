"""A recipe names a data set, an architecture and a training configuration; running it yields an artifact."""

import importlib.metadata
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco import __version__, data
from rabisco.artifacts import Artifact, Card, DatasetCard, save_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation.calibration import fit_temperature
from rabisco.evaluation.metrics import Evaluation, evaluate_logits
from rabisco.evaluation.rejection import fit_from_catalog
from rabisco.images import normalize_pixels, prepare
from rabisco.models import create_model
from rabisco.models.augment import GENTLE, Augmentation
from rabisco.models.backend import start_keras
from rabisco.refusal import RefusalRule
from rabisco.training import Progress, Request, TrainingConfiguration, TrainingResult, train

if TYPE_CHECKING:
    import keras

SUPPLEMENT_SHARE = 0.1


@dataclass(frozen=True)
class Recipe:
    """All it takes to train one model again.

    Attributes:
        name: Also the name of the artifact.
        dataset: Name in the catalog.
        architecture: Name in the registry.
        configuration: How it is trained.
        normalizer: Normaliser, with its version, that makes such images from pictures.
        description: One line for lists.
        supplements: Further data sets in the catalog, whose characters of the same classes are trained on as well.
            Those that are not at hand are left out; the card names those that were used.
    """

    name: str
    dataset: str
    architecture: str
    configuration: TrainingConfiguration
    normalizer: str
    description: str
    supplements: tuple[str, ...] = ()


_LINEAR = TrainingConfiguration(solver="logistic-regression", max_iterations=200, inverse_regularization=0.1)
_LINEAR_BY_GRADIENT = TrainingConfiguration(epochs=20, learning_rate=3e-3, weight_decay=0.0)
_SCIKIT_LEARN_DEFAULTS = TrainingConfiguration(solver="logistic-regression")
_CNN = TrainingConfiguration(epochs=24, settle_epochs=3, augmentation=Augmentation())

_RECIPES = (
    Recipe(
        "mnist-cnn",
        "mnist",
        "cnn",
        _CNN,
        "mnist@1",
        "Digits, read by a convolutional network",
        supplements=("handwriting-extra", "digits-scan"),
    ),
    Recipe(
        "mnist-linear",
        "mnist",
        "linear",
        _LINEAR_BY_GRADIENT,
        "mnist-deskew@1",
        "Digits, stood upright and read by a linear model",
    ),
    Recipe(
        "mnist-tiny",
        "mnist",
        "cnn-tiny",
        replace(_CNN, epochs=25, settle_epochs=0, learning_rate=6e-3, augmentation=GENTLE),
        "mnist@1",
        "Digits, read by a network of fewer than 10,000 weights",
    ),
    Recipe(
        "emnist-cnn",
        "emnist-pages",
        "cnn",
        replace(_CNN, epochs=40, settle_epochs=0),
        "emnist@1",
        "Digits and letters, read by a convolutional network",
        supplements=("handwriting-extra",),
    ),
    Recipe(
        "emnist-linear",
        "emnist-pages",
        "linear",
        _SCIKIT_LEARN_DEFAULTS,
        "emnist@1",
        "Digits and letters, logistic regression with scikit-learn's defaults",
    ),
    Recipe(
        "emnist-balanced-cnn",
        "emnist-balanced",
        "cnn",
        _CNN,
        "emnist@1",
        "The whole of EMNIST's balanced split (47 classes), read by a convolutional network",
    ),
    Recipe(
        "digits-cnn",
        "digits",
        "cnn",
        replace(_CNN, epochs=30, settle_epochs=0),
        "mnist@1",
        "scikit-learn's small set of digits, no download: the quick one",
    ),
    Recipe("digits-linear", "digits", "linear", _LINEAR, "mnist@1", "The same small set, logistic regression"),
    Recipe("fashion-cnn", "fashion-mnist", "cnn", _CNN, "mnist@1", "Clothes, read by a convolutional network"),
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
    raise InvalidConfigurationError(f"a recipe must be one of {', '.join(recipe_names())}. Received: {name!r}")


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


def with_supplements(recipe: Recipe, dataset: Dataset, limit: int | None = None) -> tuple[Recipe, Dataset]:
    """Return recipe and data set as they are trained: with the supplements at hand, without classes never shown."""
    recipe = replace(recipe, supplements=tuple(name for name in recipe.supplements if data.is_local(name)))
    for name in recipe.supplements:
        dataset = supplement(dataset, data.load(name, seed=recipe.configuration.seed, limit=limit), recipe.normalizer)
    return recipe, without_empty_classes(dataset)


def new_model(recipe: Recipe, dataset: Dataset) -> "keras.Model":
    """Return the recipe's architecture for the data set, its weights drawn from the recipe's seed."""
    start_keras()
    import keras

    keras.utils.set_random_seed(recipe.configuration.seed)
    return create_model(recipe.architecture, dataset.image_shape, dataset.num_classes)


def supplement(dataset: Dataset, further: Dataset, normalizer: str) -> Dataset:
    """Return ``dataset`` with the training and validation characters of ``further`` added to its training split.

    They are brought into shape by the normaliser, as pictures are in serving, and repeated until they make up about a
    tenth of the training split, so that a small set of other people's handwriting is not drowned.

    Args:
        dataset: What is trained on; its validation and test splits stay as they are.
        further: Characters of any size; those of classes that ``dataset`` lacks are left out.
        normalizer: Name and version.
    """
    images, labels = [], []
    for split in (further.train, further.validation):
        for image, label in zip(split.images, split.labels, strict=True):
            name = further.class_names[label]
            if name in dataset.class_names:
                prepared = prepare(np.repeat(image, 3, axis=-1), normalizer)
                if not prepared.blank:
                    images.append(prepared.pixels)
                    labels.append(dataset.class_names.index(name))
    if not images:
        return dataset
    repeats = max(1, round(SUPPLEMENT_SHARE * len(dataset.train) / len(images)))
    return replace(
        dataset,
        train=Split(
            np.concatenate([dataset.train.images, *[np.stack(images)] * repeats]),
            np.concatenate([dataset.train.labels, *[np.array(labels)] * repeats]),
        ),
    )


def normalized(dataset: Dataset, normalizer: str) -> Dataset:
    """Return ``dataset`` with its images as the normaliser makes them of pictures; see ``normalize_pixels``."""
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (Split(normalize_pixels(one.images, normalizer), one.labels) for one in splits)
    return replace(dataset, train=train, validation=validation, test=test)


def without_empty_classes(dataset: Dataset) -> Dataset:
    """Return ``dataset`` without the classes that no training image shows: they cannot be learned, nor named then."""
    shown = np.bincount(dataset.train.labels, minlength=dataset.num_classes) > 0
    if shown.all():
        return dataset
    places = np.cumsum(shown) - 1

    def keep(split: Split) -> Split:
        rows = shown[split.labels]
        return Split(split.images[rows], places[split.labels[rows]])

    return replace(
        dataset,
        class_names=tuple(name for name, here in zip(dataset.class_names, shown, strict=True) if here),
        train=keep(dataset.train),
        validation=keep(dataset.validation),
        test=keep(dataset.test),
    )


def judge(recipe: Recipe, dataset: Dataset, model: "keras.Model", result: TrainingResult, run: str = "") -> Card:
    """Return the card of a trained model, which is judged on validation and, once, on the test split.

    Args:
        recipe: What was trained.
        dataset: On what.
        model: It, with the weights to keep.
        result: How it went.
        run: Id of the run that trained it.
    """
    validation_logits = _logits(model, dataset.validation)
    temperature = fit_temperature(validation_logits, dataset.validation.labels)
    validation = evaluate_logits(dataset.validation.labels, validation_logits, temperature=temperature)
    test = evaluate_logits(dataset.test.labels, _logits(model, dataset.test), temperature=temperature)
    return Card(
        name=recipe.name,
        architecture=recipe.architecture,
        parameters=model.count_params(),
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        normalizer=recipe.normalizer,
        dataset=_describe(dataset),
        configuration=recipe.configuration.to_dict(),
        metrics=metrics_of("validation", validation) | metrics_of("test", test),
        history=result.history,
        training_seconds=result.seconds,
        hardware=describe_hardware(),
        versions=_versions(),
        created=datetime.now(UTC),
        temperature=temperature,
        confusions=[list(row) for row in test.confusion_matrix],
        reliability=[asdict(one) for one in test.reliability],
        refusal=_fit_refusal(recipe, dataset, model, temperature),
        run=run,
        notes=_notes(recipe, result),
    )


def _fit_refusal(recipe: Recipe, dataset: Dataset, model: "keras.Model", temperature: float) -> RefusalRule | None:
    return fit_from_catalog(
        KerasReader(model),
        recipe.normalizer,
        temperature,
        dataset.validation.images,
        dataset=recipe.dataset,
        class_names=dataset.class_names,
    )


@dataclass(frozen=True)
class KerasReader:
    """A Keras model as evaluation knows it."""

    model: "keras.Model"

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs, ``(N, classes)``, for images, uint8 ``(N, H, W, C)``."""
        return np.asarray(self.model.predict_on_batch(images), dtype=np.float32)


def _logits(model: "keras.Model", split: Split) -> NDArray[np.float32]:
    return np.asarray(model.predict(split.images, batch_size=500, verbose=0), dtype=np.float32)


def metrics_of(split: str, evaluation: Evaluation) -> dict[str, float]:
    """Return what a card keeps of an evaluation, each figure under its name with the split's before it."""
    low, high = evaluation.accuracy_interval
    return {
        f"{split}_accuracy": evaluation.accuracy,
        f"{split}_accuracy_low": low,
        f"{split}_accuracy_high": high,
        f"{split}_loss": evaluation.loss,
        f"{split}_roc_auc": evaluation.roc_auc,
        f"{split}_calibration_error": evaluation.calibration_error,
    }


def _describe(dataset: Dataset) -> DatasetCard:
    return DatasetCard(
        name=dataset.name,
        fingerprint=dataset.fingerprint,
        train_examples=len(dataset.train),
        validation_examples=len(dataset.validation),
        test_examples=len(dataset.test),
        split_seed=dataset.split_seed,
    )


def describe_hardware() -> str:
    """Return processor and number of cores of this machine."""
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def _notes(recipe: Recipe, result: TrainingResult) -> str:
    further = f" Trained on {', '.join(recipe.supplements)} as well." if recipe.supplements else ""
    return f"Ended: {result.ended}; weights of epoch {result.best_epoch}.{further}"


def _versions() -> dict[str, Any]:
    import keras

    libraries = ("keras", keras.backend.backend(), "scikit-learn", "numpy", "onnx")
    versions = {"rabisco": __version__, "python": platform.python_version()}
    for library in libraries:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
