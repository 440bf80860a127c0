"""What a run is trained on: a request's source as a recipe and a data set, and the weights it begins with."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rabisco import artifacts, data, intake
from rabisco.data.dataset import Dataset, Split
from rabisco.data.split import stratified_cut
from rabisco.errors import InvalidConfigurationError
from rabisco.recipes import Recipe, normalized, with_supplements
from rabisco.runs.request import RunRequest, limit_of
from rabisco.settings import get_settings

if TYPE_CHECKING:
    import keras


def load(request: RunRequest, recipe: Recipe, folder: Path) -> tuple[Recipe, Dataset]:
    """Return the recipe and the data set of a run, both as they are trained.

    Args:
        request: What was asked for.
        recipe: What that came to.
        folder: For what does not fit into memory.

    Raises:
        RabiscoError: The data cannot be had, read or trained on; which class says why.
    """
    if request.data.upload is not None:
        dataset = _load_upload(request, recipe, folder)
    else:
        dataset = data.load(recipe.dataset, seed=request.seed, limit=limit_of(request))
        dataset = normalized(dataset, recipe.normalizer)
    return with_supplements(recipe, dataset, limit_of(request))


def _load_upload(request: RunRequest, recipe: Recipe, folder: Path) -> Dataset:
    source = request.data
    place = get_settings().home / str(source.upload)
    train, test = (place / "train", place / "test") if place.is_dir() else (place, place)
    test_file = test if test.exists() and test != train else None
    if not train.exists():
        raise InvalidConfigurationError(
            "the files that a run is trained on must still be there. Received: an upload that was deleted; upload "
            "them again and train anew"
        )
    if source.dialect is not None:
        dialect = intake.Dialect.from_dict(source.dialect)
        test_dialect = intake.Dialect.from_dict(source.test_dialect) if source.test_dialect else None
    else:
        found = intake.inspect(train, test_file)
        dialect, test_dialect = found.dialect, found.test_dialect
    dataset = intake.load(
        train,
        replace(dialect, normalizer=recipe.normalizer),
        test_file,
        test_dialect and replace(test_dialect, normalizer=recipe.normalizer),
        name=source.words,
        seed=request.seed,
        folder=folder,
    )
    limit = limit_of(request)
    if limit is not None and limit < len(dataset.train):
        share = limit / len(dataset.train)
        _, rows = stratified_cut(dataset.train.labels, share, request.seed, dataset.class_names)
        dataset = replace(dataset, train=Split(dataset.train.images[rows], dataset.train.labels[rows]))
    return dataset


def begin_with(model: "keras.Model", base: str, class_names: tuple[str, ...]) -> None:
    """Give ``model`` the weights of the artifact ``base``; those of the last layer by the classes' names.

    A class that the base does not know keeps the weights it was made with.

    Raises:
        InvalidConfigurationError: The base reads images of another shape.
    """
    import keras

    artifact = artifacts.load_artifact(base)
    trained = keras.saving.load_model(artifact.weights_path, compile=False)
    if tuple(trained.input_shape[1:]) != tuple(model.input_shape[1:]):
        raise InvalidConfigurationError(
            f"a base must read images of the same shape, {tuple(model.input_shape[1:])}. Received: {base!r}, which "
            f"reads {tuple(trained.input_shape[1:])}; choose another base, or none"
        )
    known = {name: place for place, name in enumerate(artifact.card.class_names)}
    pairs = [(place, known[name]) for place, name in enumerate(class_names) if name in known]
    for layer in model.layers[:-1]:
        layer.set_weights(trained.get_layer(layer.name).get_weights())
    values = model.layers[-1].get_weights()
    for own, other in zip(values, trained.layers[-1].get_weights(), strict=True):
        for place, there in pairs:
            own[..., place] = np.asarray(other)[..., there]
    model.layers[-1].set_weights(values)
