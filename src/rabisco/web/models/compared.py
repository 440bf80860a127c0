"""What is known of models beside each other: measured on the same images, timed in one run, under corruptions."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rabisco.artifacts import BUNDLED_DIR, Artifact, Card
from rabisco.data import dataset_names
from rabisco.evaluation.compare import Comparison, Pair, Row
from rabisco.evaluation.robustness import Robustness
from rabisco.runs import measurements
from rabisco.settings import get_settings

RESULTS_DIR = BUNDLED_DIR / "results"  # of the measurements that come with the package


@dataclass(frozen=True)
class ComparedModel:
    """One model of the comparison; what was not measured is ``None``."""

    artifact: Artifact
    timed: Row | None
    robustness: Robustness | None

    @property
    def card(self) -> Card:
        """Its card."""
        return self.artifact.card

    def metric(self, name: str) -> float | None:
        """Return a figure of the test images; ``None`` where the card has none."""
        return self.card.metrics.get(f"test_{name}")

    @property
    def accuracy(self) -> tuple[float, float, float] | None:
        """The accuracy on its own test images and the ends of the 95% interval; ``None`` where the card has none."""
        found = [self.metric(name) for name in ("accuracy", "accuracy_low", "accuracy_high")]
        return None if None in found else tuple(found)  # type: ignore[return-value]

    @property
    def shared_accuracy(self) -> tuple[float, float, float] | None:
        """The same on the images that all models of the run were given."""
        return (self.timed.accuracy, *self.timed.accuracy_interval) if self.timed else None


@dataclass(frozen=True)
class ModelDifference:
    """The cards of two models, and a part of a comparison; without, they were never given the same images."""

    first: Card
    second: Card
    pair: Pair | None = None
    comparison: Comparison | None = None

    @property
    def examples(self) -> int:
        """How many images both read."""
        assert self.comparison
        return self.comparison.examples

    @property
    def accuracies(self) -> dict[str, float]:
        """What share of them each model reads correctly, in [0, 1], by its name."""
        assert self.comparison
        return {row.name: row.accuracy for row in self.comparison.rows}

    @property
    def both_wrong(self) -> int:
        """How many of the images neither reads correctly."""
        assert self.pair
        right = round(self.accuracies[self.pair.first] * self.examples)
        return self.examples - right - self.pair.only_second

    @property
    def measurable(self) -> bool:
        """Whether both can be given the same images: they have a class in common and look at images of one shape."""
        same_shape = self.first.image_shape == self.second.image_shape
        return same_shape and bool(set(self.first.class_names) & set(self.second.class_names))

    @property
    def better(self) -> tuple[Card, Card, float, float, float]:
        """The better of the two, the other, by how much in [0, 1], and the ends of the 95% interval."""
        middle, low, high = self.interval
        if middle < 0:
            return self.second, self.first, -middle, -high, -low
        return self.first, self.second, middle, low, high

    @property
    def interval(self) -> tuple[float, float, float]:
        """The difference of the accuracies and the ends of its 95% interval."""
        assert self.pair
        return self.pair.difference(self.examples)


def comparisons(artifacts: list[Artifact]) -> Iterator[Comparison]:
    """Yield the comparisons known of these models, the newest first, without the models trained again since."""
    by_name = {artifact.name: artifact for artifact in artifacts}
    by_command = Comparison.read(get_settings().home / "comparison.json")
    bundled = Comparison.read(RESULTS_DIR / "compare.json")
    for comparison in (*measurements.results(), by_command, bundled):
        if comparison:
            rows = tuple(row for row in comparison.rows if row.name in by_name and is_of(row, by_name[row.name]))
            names = {row.name for row in rows}
            pairs = tuple(pair for pair in comparison.pairs if {pair.first, pair.second} <= names)
            yield replace(comparison, rows=rows, pairs=pairs)


def uploads_measured() -> set[str]:
    """Return the names of the uploads on whose test images models were measured here."""
    return {comparison.dataset for comparison in measurements.results()} - set(dataset_names())


def is_of(row: Row, artifact: Artifact) -> bool:
    """Return whether a model was measured as it is now; size and training time tell."""
    now = artifact.card.training_seconds, artifact.onnx_path.stat().st_size
    return (row.training_seconds, row.onnx_bytes) == now


def robustness(artifact: Artifact) -> Robustness | None:
    """Return how a bundled model reads corrupted images; nothing is known of models trained here."""
    found = Robustness.read_all(RESULTS_DIR / "robustness.json").get(artifact.name)
    same = found and found.clean_accuracy == artifact.card.metrics.get("test_accuracy")
    return found if same and artifact.folder.is_relative_to(BUNDLED_DIR) else None


def compared(artifacts: list[Artifact]) -> tuple[list[ComparedModel], list[ModelDifference], Comparison | None]:
    """Return models with what was measured of them, each two of them, and the run that measured most of them."""
    known = list(comparisons(artifacts))
    run = max((one for one in known if one.rows), key=lambda one: len(one.rows), default=None)
    rows = {row.name: row for row in run.rows} if run else {}
    models = [ComparedModel(one, rows.get(one.name), robustness(one)) for one in artifacts]
    pairs = itertools.combinations([one.card for one in artifacts], 2)
    return models, [difference(*pair, known) for pair in pairs], run


def difference(first: Card, second: Card, known: Iterable[Comparison]) -> ModelDifference:
    """Return what is known of two models on the same images."""
    cards = {first.name: first, second.name: second}
    for comparison in known:
        for pair in comparison.pairs:
            if {pair.first, pair.second} == cards.keys():
                return ModelDifference(cards[pair.first], cards[pair.second], pair, comparison)
    return ModelDifference(first, second)
