"""Small real data for tests: scikit-learn's bundled digits as a ``Dataset``, and a quick way to save a model."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np

from rabisco import data
from rabisco.artifacts import Artifact, Card, DatasetCard, save_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.recipes import run
from rabisco.retraining import RetrainingReport, RetrainingTask


@cache
def digit_dataset(limit: int | None = None) -> Dataset:
    """Return the bundled digits, ``limit`` of them for training."""
    return data.load("digits", limit=limit)


def colored(dataset: Dataset) -> Dataset:
    """Return gray images as 32×32 ones in color: bright ink in a tint of its own on a dark one."""

    def tinted(split: Split) -> Split:
        tints = np.random.default_rng(len(split)).uniform(0.5, 1.0, (len(split), 1, 1, 3))
        wide = np.pad(split.images, ((0, 0), (2, 2), (2, 2), (0, 0)))
        return Split((30 + wide * tints * 0.85).astype(np.uint8), split.labels)

    parts = {part: tinted(getattr(dataset, part)) for part in ("train", "validation", "test")}
    return replace(dataset, name="tinted", **parts)


def retrain(name: str, dataset: Dataset, **options: Any) -> RetrainingReport:
    """Retrain a model on its corrections beside ``dataset`` and return what became better and worse."""
    task = RetrainingTask(name, lambda: dataset, **options)
    run(task)
    return task.report


def save_quickly(model: Any, name: str, dataset: Dataset) -> Artifact:
    """Save a Keras model with a truthful but short card."""
    card = Card(
        name=name,
        architecture=model.name,
        parameters=model.count_params(),
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        normalizer="mnist@1" if dataset.image_shape[-1] == 1 else "photo32@1",
        dataset=DatasetCard(
            name=dataset.name,
            fingerprint=dataset.fingerprint,
            train_examples=len(dataset.train),
            validation_examples=len(dataset.validation),
            test_examples=len(dataset.test),
            split_seed=dataset.split_seed,
        ),
        configuration={},
        metrics={"test_accuracy": 0.0},
        history=[],
        training_seconds=0.0,
        hardware="",
        versions={},
        created=datetime.now(UTC),
    )
    return save_artifact(model, card)
