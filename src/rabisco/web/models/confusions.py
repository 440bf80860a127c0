"""What a model mistakes for what: the confusion matrix of its card, made ready for a page."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rabisco.artifacts import Card
from rabisco.characters import LOOKALIKES, alike

MOST_NAMED = 12


@dataclass(frozen=True)
class ConfusedPair:
    """One class read as another: how many images, that as a share of the true class's, and whether both look alike."""

    category: str
    read_as: str
    count: int
    share: float
    alike: bool


@dataclass(frozen=True)
class ClassRow:
    """How well one class is read: fractions, 0 where they would divide by nothing, and numbers of images."""

    category: str
    precision: float
    recall: float
    f1: float
    support: int
    misread: int


@dataclass(frozen=True)
class Confusions:
    """The confusion matrix of the test images: counts, a row for each true class, a column for each that was read."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def examples(self) -> int:
        """Number of images."""
        return sum(map(sum, self.counts))

    @property
    def top(self) -> list[ConfusedPair]:
        """The confusions that happen most often, the commonest first."""
        found = [
            ConfusedPair(name, self.names[column], count, count / sum(row), alike(name, self.names[column]))
            for name, row in zip(self.names, self.counts, strict=True)
            for column, count in enumerate(row)
            if count and self.names[column] != name
        ]
        return sorted(found, key=lambda one: (-one.count, -one.share))[:MOST_NAMED]

    @property
    def groups(self) -> list[str]:
        """The groups of look-alikes of which at least two are among the classes, those alone: ``["0O", "1I"]``."""
        present = ("".join(name for name in group if name in self.names) for group in LOOKALIKES)
        return [group for group in present if len(group) > 1]

    @property
    def accuracy_of_groups(self) -> float:
        """Fraction of images that are read as their own class or as one that looks the same."""
        right = sum(
            count
            for name, row in zip(self.names, self.counts, strict=True)
            for column, count in enumerate(row)
            if name == self.names[column] or alike(name, self.names[column])
        )
        return right / max(1, self.examples)

    @property
    def classes(self) -> list[ClassRow]:
        """How well each class is read, in their order."""
        matrix = np.array(self.counts, dtype=np.int64)
        right, support, answered = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
        precision, recall = right / np.maximum(answered, 1), right / np.maximum(support, 1)
        f1 = 2 * right / np.maximum(answered + support, 1)
        columns = zip(self.names, precision, recall, f1, support, support - right, strict=True)
        return [
            ClassRow(name, float(one), float(two), float(three), int(examples), int(wrong))
            for name, one, two, three, examples, wrong in columns
        ]

    def share(self, row: int, column: int) -> float:
        """Return a cell as a fraction of its row, in [0, 1]."""
        return self.counts[row][column] / max(1, sum(self.counts[row]))

    def depth(self, row: int, column: int) -> float:
        """Return how dark a mistake is drawn, in (0, 1], against the commonest; by the root: rare ones show too."""
        return round(0.15 + 0.85 * math.sqrt(self.share(row, column) / self._largest), 3)

    @cached_property
    def _largest(self) -> float:
        places = range(len(self.names))
        return max(self.share(row, column) for row in places for column in places if row != column)


def confusions_of(card: Card) -> Confusions | None:
    """Return a card's confusion matrix; ``None`` where it has none, or one that is not of its classes."""
    counts, size = card.confusions, len(card.class_names)
    if not counts or len(counts) != size or any(len(row) != size for row in counts):
        return None
    return Confusions(card.class_names, tuple(map(tuple, counts)))
