"""What was measured of the models: results that come with the package, and the last ``rabisco compare`` made here.

A result speaks of one training of a model. Where the model was trained again since, it is left aside.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rabisco.artifacts import BUNDLED_DIR, Artifact
from rabisco.evaluation.statistics import paired_interval_of_counts
from rabisco.settings import get_settings

RESULTS_DIR = BUNDLED_DIR / "results"

Result = TypeVar("Result", bound=BaseModel)


class Timing(BaseModel):
    """Milliseconds per image, and the median against that of the first model in the same run."""

    median_ms: float
    p95_ms: float
    ratio: float


class Timed(BaseModel):
    """One model in a comparison; size and training time tell whether it is the model as it is now."""

    name: str
    training_seconds: float
    onnx_bytes: int
    single: Timing
    batched: Timing

    def is_of(self, artifact: Artifact) -> bool:
        """Whether this was measured on that very training."""
        return (
            self.name == artifact.name
            and self.training_seconds == artifact.card.training_seconds
            and self.onnx_bytes == artifact.onnx_path.stat().st_size
        )


class MeasuredPair(BaseModel):
    """Two models on the same images: how many only one of them reads, and McNemar's exact two-sided probability."""

    first: str
    second: str
    only_first: int
    only_second: int
    p_value: float


class MeasuredComparison(BaseModel):
    """Models that read and were timed in the same run, as ``rabisco compare`` writes it."""

    dataset: str
    examples: int
    batch_size: int
    rows: list[Timed]
    pairs: list[MeasuredPair]


class Corrupted(BaseModel):
    """Accuracy under one corruption of the test images, with its 95% interval."""

    corruption: str
    accuracy: float
    accuracy_interval: tuple[float, float]


class Robustness(BaseModel):
    """Accuracy of one model under every corruption, and its mean over them."""

    examples: int
    clean_accuracy: float
    mean_accuracy: float
    rows: list[Corrupted]


class _RobustnessResult(BaseModel):
    models: dict[str, Robustness]


def comparisons(artifacts: list[Artifact]) -> Iterator[MeasuredComparison]:
    """Return the comparisons known of these models, the newest first, without the models trained again since."""
    by_name = {artifact.name: artifact for artifact in artifacts}
    for path in (get_settings().home / "comparison.json", RESULTS_DIR / "compare.json"):
        comparison = _read(path, MeasuredComparison)
        if comparison:
            rows = [row for row in comparison.rows if row.name in by_name and row.is_of(by_name[row.name])]
            names = {row.name for row in rows}
            pairs = [pair for pair in comparison.pairs if {pair.first, pair.second} <= names]
            yield comparison.model_copy(update={"rows": rows, "pairs": pairs})


def robustness(artifact: Artifact) -> Robustness | None:
    """Return how a bundled model reads corrupted images; nothing is known of models trained here."""
    result = _read(RESULTS_DIR / "robustness.json", _RobustnessResult)
    found = result.models.get(artifact.name) if result else None
    same = found and found.clean_accuracy == artifact.card.metrics.get("test_accuracy")
    return found if same and artifact.folder.is_relative_to(BUNDLED_DIR) else None


def paired_difference(pair: MeasuredPair, examples: int) -> tuple[float, float, float]:
    """Return by how much the first of two models is right more often on the same images, with a 95% interval.

    Args:
        pair: How many images only one of them reads.
        examples: How many images both were given, at least one.

    Returns:
        Difference of the accuracies, in [-1, 1], then the lower and the upper end of its interval.
    """
    low, high = paired_interval_of_counts(pair.only_first, pair.only_second, examples)
    return (pair.only_first - pair.only_second) / examples, low, high


def _read(path: Path, shape: type[Result]) -> Result | None:
    try:
        return shape.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None  # nothing was measured, or by another version of Rabisco
