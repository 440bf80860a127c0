"""What a trained model is worth: its card, from the validation split and, once, from the test split."""

import importlib.metadata
import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco import __version__
from rabisco.artifacts import Card, DatasetCard
from rabisco.artifacts.card import ENDED, PRETRAINED, SUPPLEMENTS, TEACHER
from rabisco.data.dataset import Dataset, Split
from rabisco.errors import Sentence
from rabisco.evaluation.calibration import fit_temperature
from rabisco.evaluation.metrics import Evaluation, evaluate_logits
from rabisco.evaluation.readings import Readings
from rabisco.images import is_mirrored, mean_over_mirrored
from rabisco.memory import Reference
from rabisco.models import multiply_adds
from rabisco.recipes.table import Recipe
from rabisco.rejection.fitting import QUICKLY, WRONGLY_REFUSED, fit_from_catalog
from rabisco.training import TrainingResult
from rabisco.training_images import TrainingImages

if TYPE_CHECKING:
    import keras

BATCH = 512
SLOW = 1_000_000  # weights; of models with more the features of the training images that are kept are kept, too


def build_card(
    recipe: Recipe, dataset: Dataset, model: "keras.Model", result: TrainingResult, run: str = ""
) -> tuple[Card, Reference, Readings]:
    """Return the card of a trained model, which is judged on validation and, once, on the test split; and its answers.

    Args:
        recipe: What was trained.
        dataset: On what.
        model: It, with the weights to keep.
        result: How it went.
        run: Id of the run that trained it.
    """
    reader = KerasReader(model, is_mirrored(recipe.normalizer))
    validation_logits = reader.logits(dataset.validation.images)
    facts, reference, readings = judge(dataset, validation_logits, reader.logits(dataset.test.images), result)
    temperature = facts["temperature"]
    refusal = fit_from_catalog(
        reader,
        recipe.normalizer,
        temperature,
        dataset.validation.images,
        dataset=recipe.dataset,
        class_names=dataset.class_names,
        most=QUICKLY,
    )
    said = _notes(recipe, result)
    card = Card(
        name=recipe.name,
        architecture=recipe.architecture,
        parameters=model.count_params(),
        multiply_adds=multiply_adds(model),
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        normalizer=recipe.normalizer,
        dataset=DatasetCard(
            name=dataset.name,
            fingerprint=dataset.fingerprint,
            train_examples=len(dataset.train),
            validation_examples=len(dataset.validation),
            test_examples=len(dataset.test),
            split_seed=dataset.split_seed,
        ),
        configuration=recipe.configuration.to_dict(),
        versions=_versions(),
        created=datetime.now(UTC),
        refusal=refusal,
        refused_below=_refused_below(recipe, validation_logits / temperature),
        run=run,
        notes=" ".join(map(str, said)),
        said=said,
        **facts,
    )
    return card, reference, readings


def judge(
    dataset: Dataset, validation_logits: NDArray[np.float32], test_logits: NDArray[np.float32], result: TrainingResult
) -> tuple[dict[str, Any], Reference, Readings]:
    """Return what a card says of a training and of the logits that came of it, and what is kept beside the card."""
    temperature = fit_temperature(validation_logits, dataset.validation.labels)
    validation = evaluate_logits(dataset.validation.labels, validation_logits, temperature=temperature)
    test = evaluate_logits(dataset.test.labels, test_logits, temperature=temperature)
    facts = {
        "metrics": metrics_of("validation", validation) | metrics_of("test", test),
        "temperature": temperature,
        "confusions": [list(row) for row in test.confusion_matrix],
        "reliability": [asdict(one) for one in test.reliability],
        "history": result.history,
        "training_seconds": result.seconds,
        "hardware": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }
    reference = Reference.of((dataset.validation.images, validation_logits), (dataset.test.images, test_logits))
    return facts, reference, Readings.of(dataset.test, test_logits, temperature)


def kept_images(model: "keras.Model", train: Split) -> TrainingImages:
    """Return the images of the training split that are kept with a model."""
    kept = TrainingImages.of(train.images, train.labels)
    if model.count_params() <= SLOW:
        return kept
    import keras

    reader = KerasReader(keras.Model(model.input, model.layers[-1].input))
    return replace(kept, features=reader.logits(kept.images).astype(np.float16))


def _refused_below(recipe: Recipe, logits: NDArray[np.float32]) -> float | None:
    """Return the probability that the best class of 99 in 100 validation photographs reaches."""
    if not is_mirrored(recipe.normalizer) or not len(logits):
        return None
    best = np.exp(logits.max(axis=1) - np.logaddexp.reduce(logits, axis=1))
    return float(np.quantile(best, WRONGLY_REFUSED))


@dataclass(frozen=True)
class KerasReader:
    """A Keras model as evaluation knows it.

    Attributes:
        model: It.
        mirrored: Whether it answers with the mean over each image and its mirror image, as its predictor does.
    """

    model: "keras.Model"
    mirrored: bool = False

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs, ``(N, classes)``, for images, uint8 ``(N, H, W, C)``."""
        return mean_over_mirrored(self._read, images) if self.mirrored else self._read(images)

    def _read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [images[start : start + BATCH] for start in range(0, max(len(images), 1), BATCH)]
        return np.concatenate([np.asarray(self.model.predict_on_batch(part), np.float32) for part in parts])


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
        f"{split}_brier": evaluation.brier,
        f"{split}_top_3": evaluation.top_3,
        f"{split}_top_5": evaluation.top_5,
        f"{split}_average_precision": evaluation.average_precision,
        f"{split}_macro_f1": evaluation.macro.f1,
        f"{split}_weighted_f1": evaluation.weighted.f1,
    }


def _notes(recipe: Recipe, result: TrainingResult) -> tuple[Sentence, ...]:
    said = [Sentence(ENDED[result.ended], {"epoch": result.best_epoch})]
    if recipe.supplements:
        said.append(Sentence(SUPPLEMENTS, {"names": ", ".join(recipe.supplements)}))
    if recipe.teacher:
        said.append(Sentence(TEACHER, {"name": recipe.teacher}))
    if recipe.pretrained:
        said.append(Sentence(PRETRAINED))
    return tuple(said)


def _versions() -> dict[str, Any]:
    import keras

    libraries = ("keras", keras.backend.backend(), "scikit-learn", "numpy", "onnx")
    versions = {"rabisco": __version__, "python": platform.python_version()}
    for library in libraries:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[library] = importlib.metadata.version(library)
    return versions
