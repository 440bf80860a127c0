"""What a recipe trains on: its data set in the normalizer's shape, further handwriting, a teacher's answers."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import N_, DataUnavailableError
from rabisco.evaluation.reader import DatasetReader
from rabisco.images import normalize_pixels, prepare
from rabisco.inference import Predictor
from rabisco.recipes.table import Recipe
from rabisco.training.augment import GENTLE, Augmentation, augmented

SUPPLEMENT_SHARE = 0.1
TEACHER_SHARE = 0.7  # of a target that the teacher's answer makes up; the label makes up the rest
TEACHER_TEMPERATURE = 3.5  # of these answers: the higher, the more they say of classes that are not the best one
TEACHER_VIEWS = (*(Augmentation(damage=0.0), GENTLE) * 2, GENTLE)  # in which it sees each image, besides as it is
AT_ONCE = 500  # images that a teacher reads together


def load_material(recipe: Recipe, limit: int | None = None) -> tuple[Recipe, Dataset]:
    """Return recipe and data set as they are trained: normalized, with the supplements, without classes never shown.

    Args:
        recipe: The recipe.
        limit: Train on at most this many images, for a quick try; each supplement is limited to a tenth of it.

    Raises:
        DataUnavailableError: The data set or a supplement is not to be had; the message says what to do.
    """
    check_supplements(recipe)
    dataset = data.load(recipe.dataset, seed=recipe.configuration.seed, limit=limit)
    return recipe, with_supplements(recipe, normalized(dataset, recipe.normalizer), limit)


def check_supplements(recipe: Recipe) -> None:
    """Refuse a recipe whose supplements are not all here, for its model would be another.

    Raises:
        DataUnavailableError: One is missing; ``replace(recipe, supplements=())`` trains without any.
    """
    missing = ", ".join(name for name in recipe.supplements if not data.is_local(name))
    if missing:
        raise DataUnavailableError(
            N_(
                "the recipe of %(name)s needs its supplements, %(supplements)s. Received: no %(missing)s; put it "
                "into the data folder (rabisco data %(first)s says under which name), or train another model "
                "without any: --without-supplements"
            ),
            name=recipe.name,
            supplements=", ".join(recipe.supplements),
            missing=missing,
            first=missing.split(",")[0],
        )


def with_supplements(recipe: Recipe, dataset: Dataset, limit: int | None = None) -> Dataset:
    """Return ``dataset`` with the recipe's supplements, without classes never shown; see ``load_material``."""
    most = None if limit is None else round(SUPPLEMENT_SHARE * limit)
    for name in recipe.supplements:
        further = data.load(name, seed=recipe.configuration.seed)
        dataset = _supplement(dataset, further, recipe.normalizer, most)
    return without_empty_classes(dataset)


def _supplement(dataset: Dataset, further: Dataset, normalizer: str, most: int | None) -> Dataset:
    """Return ``dataset`` with the training and validation characters of ``further`` added to its training split.

    They are brought into shape by the normalizer, as pictures are in serving, and repeated until they make up about a
    tenth of the training split, so that a small set of other people's handwriting is not drowned. Those of classes
    that ``dataset`` lacks are left out; at most ``most`` of the others are drawn by the seed of their split.
    """
    characters = [
        (image, dataset.class_names.index(further.class_names[label]))
        for split in (further.train, further.validation)
        for image, label in zip(split.images, split.labels, strict=True)
        if further.class_names[label] in dataset.class_names
    ]
    if most is not None:
        drawn = np.random.RandomState(further.split_seed).permutation(len(characters))[:most]
        characters = [characters[index] for index in drawn]
    images, labels = [], []
    for image, label in characters:
        prepared = prepare(np.repeat(image, 3, axis=-1), normalizer)
        if not prepared.blank:
            images.append(prepared.pixels)
            labels.append(label)
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


def with_teacher(recipe: Recipe, dataset: Dataset, on_share: Callable[[float], None] = lambda _: None) -> Dataset:
    """Return characters with targets for the training images: their labels, mixed with what the teacher answers.

    A label names one class; the answer of a good model says how much the image looks like each of the others, too
    (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015). The teacher sees each image as it
    is and changed at random, and the mean of its answers counts. Images of classes that it does not know keep their
    label alone.

    Args:
        recipe: The recipe; without a teacher the data set stays as it is.
        dataset: As it is trained.
        on_share: Called with the share of the images that the teacher has read, 0 to 1.

    Raises:
        ModelNotFoundError: The teacher is not there.
        InvalidConfigurationError: It knows none of the classes.
    """
    if not recipe.teacher:
        return dataset
    teacher, train, classes = Predictor(load_artifact(recipe.teacher)), dataset.train, dataset.num_classes
    reader = DatasetReader(teacher, dataset.class_names)

    def answers(start: int) -> NDArray[np.float32]:
        images = train.images[start : start + AT_ONCE]
        random = np.random.default_rng((recipe.configuration.seed, start))
        seen = (images, *(augmented(images, changes, random) for changes in TEACHER_VIEWS))
        logits = np.mean([reader.logits(view)[:, :classes] for view in seen], axis=0)
        return np.asarray(scipy.special.softmax(logits / TEACHER_TEMPERATURE, axis=1), np.float32)

    answered, starts = np.empty((len(train), classes), np.float32), range(0, len(train), AT_ONCE)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start, rows in zip(starts, pool.map(answers, starts), strict=True):
            on_share(start / len(train))
            answered[start : start + AT_ONCE] = rows
    known = set(teacher.card.names_for(dataset.class_names))
    share = TEACHER_SHARE * np.array([name in known for name in dataset.class_names], np.float32)[train.labels, None]
    labels = np.eye(classes, dtype=np.float32)[train.labels]
    return replace(dataset, train=replace(train, targets=(1 - share) * labels + share * answered))


def normalized(dataset: Dataset, normalizer: str) -> Dataset:
    """Return ``dataset`` with its images as the normalizer makes them of pictures; see ``normalize_pixels``."""
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (Split(normalize_pixels(one.images, normalizer), one.labels) for one in splits)
    return replace(dataset, train=train, validation=validation, test=test)


def with_classes(dataset: Dataset, class_names: tuple[str, ...]) -> Dataset:
    """Return ``dataset`` with these classes in this order; examples of others are left out."""
    places = np.array([class_names.index(name) if name in class_names else -1 for name in dataset.class_names])

    def keep(split: Split) -> Split:
        rows = places[split.labels] >= 0
        return Split(split.images[rows], places[split.labels[rows]])

    train, validation, test = map(keep, (dataset.train, dataset.validation, dataset.test))
    return replace(dataset, class_names=class_names, train=train, validation=validation, test=test)


def without_empty_classes(dataset: Dataset) -> Dataset:
    """Return ``dataset`` without the classes that no training image shows: they cannot be learned, nor named then."""
    shown = np.bincount(dataset.train.labels, minlength=dataset.num_classes) > 0
    if shown.all():
        return dataset
    names = (name for name, here in zip(dataset.class_names, shown, strict=True) if here)
    return with_classes(dataset, tuple(names))
