"""Small real data for tests: scikit-learn's bundled digits as a ``Dataset``, and a quick way to save a model."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from rabisco import data
from rabisco.artifacts import Artifact, Card, DatasetCard, save_artifact
from rabisco.data.dataset import Dataset


@cache
def digit_dataset(limit: int | None = None) -> Dataset:
    """Return the bundled digits, ``limit`` of them for training."""
    return data.load("digits", limit=limit)


def save_quickly(model: Any, name: str, dataset: Dataset, parent: Path | None = None) -> Artifact:
    """Save a Keras model with a truthful but short card."""
    card = Card(
        name=name,
        architecture=model.name,
        parameters=model.count_params(),
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        normalizer="mnist@1",
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
    return save_artifact(model, card, parent)
