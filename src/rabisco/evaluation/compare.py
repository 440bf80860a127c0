"""Which of several models is better, and by how much: accuracy, training time, inference time, size, side by side."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from rabisco.data.dataset import Split
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation.reader import Reader, read_logits
from rabisco.evaluation.statistics import mcnemar, paired_interval_of_counts, wilson_interval


@dataclass(frozen=True)
class Contestant:
    """One model in a comparison: what reads, and what is known of it.

    Attributes:
        name: Its name in the table.
        reader: What turns images into logits.
        training_seconds: Wall time of its training.
        parameters: Number of its weights.
        weights_bytes: Size of ``pesos.h5``.
        onnx_bytes: Size of ``model.onnx``.
        multiply_adds: Multiplications, each with its addition, for one image; ``None`` where they were not counted.
        load_ms: Milliseconds that loading it takes; ``None`` where that was not measured.
        memory_bytes: Memory that it takes once loaded; likewise.
    """

    name: str
    reader: Reader
    training_seconds: float
    parameters: int
    weights_bytes: int
    onnx_bytes: int
    multiply_adds: int | None = None
    load_ms: float | None = None
    memory_bytes: int | None = None

    @classmethod
    def of(cls, artifact: Any, reader: Reader, load_ms: float | None = None, memory_bytes: int | None = None) -> Self:
        """Return the contestant that a ``rabisco.artifacts.Artifact`` and its predictor make."""
        return cls(
            name=artifact.name,
            reader=reader,
            training_seconds=artifact.card.training_seconds,
            parameters=artifact.card.parameters,
            weights_bytes=artifact.weights_path.stat().st_size,
            onnx_bytes=artifact.onnx_path.stat().st_size,
            multiply_adds=artifact.card.multiply_adds,
            load_ms=load_ms,
            memory_bytes=memory_bytes,
        )


@dataclass(frozen=True)
class Latency:
    """Milliseconds per image over ``runs`` runs, and the median against the first model's in the same run."""

    median_ms: float
    p95_ms: float
    ratio: float
    runs: int


@dataclass(frozen=True)
class Row:
    """One model's line of the table; accuracy is a fraction with its 95% Wilson interval."""

    name: str
    training_seconds: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    single: Latency
    batched: Latency
    parameters: int
    weights_bytes: int
    onnx_bytes: int
    multiply_adds: int | None = None
    load_ms: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Pair:
    """Do two models differ on the same images, or is it chance?

    Attributes:
        first: Name of one model.
        second: Name of the other.
        only_first: Images that only the first reads correctly.
        only_second: Images that only the second reads correctly.
        p_value: McNemar's exact two-sided probability of a difference at least this great if both were equally good.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    p_value: float

    def difference(self, examples: int) -> tuple[float, float, float]:
        """Return by how much the first is right more often, in [-1, 1], and the ends of the 95% interval.

        Args:
            examples: Images that both read, at least one.
        """
        low, high = paired_interval_of_counts(self.only_first, self.only_second, examples)
        return (self.only_first - self.only_second) / examples, low, high


@dataclass(frozen=True)
class Comparison:
    """The table, and a test for each pair of models.

    Attributes:
        dataset: Name of the data set.
        examples: Test images read by every model.
        batch_size: Images per batch in the batched timing.
        rows: One per model, in the order given; ratios are against the first.
        pairs: One per pair of models.
    """

    dataset: str
    examples: int
    batch_size: int
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Comparison":
        """Return the comparison that ``to_dict`` gave, also after a trip through JSON."""
        return _form().validate_python(values)

    @classmethod
    def read(cls, path: Path) -> "Comparison | None":
        """Return the comparison in a JSON file; ``None`` where there is none, or one of another form."""
        try:
            return _form().validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None


@cache
def _form() -> TypeAdapter[Comparison]:
    return TypeAdapter(Comparison)


def compare(
    contestants: Sequence[Contestant],
    split: Split,
    dataset: str = "",
    *,
    batch_size: int = 128,
    single_runs: int = 300,
    batched_runs: int = 30,
    on_read: Callable[[str, NDArray[np.float32]], object] = lambda _name, _logits: None,
) -> Comparison:
    """Let every model read the same images and return accuracy, times and sizes side by side.

    Timing is interleaved, one run of each model after the other, so that a machine that slows down slows all of
    them; a tenth of the runs goes before, unmeasured, to warm up. Timed is what the reader does with an image of the
    data set: the model, and standing the character upright where its normalizer does so.

    Args:
        contestants: The models, at least one; the first is the baseline of the ratios.
        split: Test images and labels.
        dataset: Name of the data set, for the title.
        batch_size: Images per batch in the batched timing.
        single_runs: How often one image is timed.
        batched_runs: How often one batch is timed.
        on_read: Called with each model's name and its logits of all images, ``(N, classes)``.

    Raises:
        InvalidConfigurationError: No model is given.
    """
    if not contestants:
        raise InvalidConfigurationError("a comparison needs at least one model; received none")
    correct = []
    for one in contestants:
        logits = read_logits(one.reader, split.images, batch_size)
        on_read(one.name, logits)
        correct.append(logits.argmax(axis=1) == split.labels)
    readers = [one.reader for one in contestants]
    single = time_interleaved(readers, split.images, 1, single_runs)
    batched = time_interleaved(readers, split.images, batch_size, batched_runs)
    rows = tuple(
        Row(
            **{name: value for name, value in vars(one).items() if name != "reader"},
            accuracy=float(right.mean()),
            accuracy_interval=wilson_interval(int(right.sum()), len(right)),
            single=alone,
            batched=together,
        )
        for one, right, alone, together in zip(contestants, correct, single, batched, strict=True)
    )
    pairs = []
    for (first, one_right), (second, other_right) in itertools.combinations(zip(rows, correct, strict=True), 2):
        only_first, only_second = int((one_right & ~other_right).sum()), int((other_right & ~one_right).sum())
        pairs.append(Pair(first.name, second.name, only_first, only_second, mcnemar(only_first, only_second)))
    return Comparison(dataset, len(split), batch_size, rows, tuple(pairs))


def time_interleaved(
    readers: Sequence[Reader], images: NDArray[np.uint8], batch_size: int, runs: int
) -> tuple[Latency, ...]:
    """Return the time per image of each reader, measured in turns over ``runs`` rounds of different images."""
    warm_up = max(2, runs // 10)
    milliseconds = np.empty((warm_up + runs, len(readers)))
    for turn in range(warm_up + runs):
        batch = images.take(np.arange(turn * batch_size, (turn + 1) * batch_size), axis=0, mode="wrap")
        for place, reader in enumerate(readers):
            started = time.perf_counter()
            reader.logits(batch)
            milliseconds[turn, place] = (time.perf_counter() - started) * 1000 / batch_size
    medians = np.median(milliseconds[warm_up:], axis=0)
    slow = np.percentile(milliseconds[warm_up:], 95, axis=0)
    return tuple(
        Latency(float(median), float(p95), float(median / medians[0]), runs)
        for median, p95 in zip(medians, slow, strict=True)
    )
