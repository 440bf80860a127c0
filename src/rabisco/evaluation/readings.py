"""What a model answered on every image of a split: the way from a figure back to the images behind it."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from rabisco.arrays import ArrayFile
from rabisco.data.dataset import Split
from rabisco.evaluation.calibration import BINS
from rabisco.evaluation.ranking import class_curves

KEPT_BYTES = 50_000  # of pixels, before they are packed
LEAST_KEPT, MOST_KEPT = 8, 128
MISTAKES_SHARE = 0.75  # of the images kept
STEPS = 1 << 14  # in which confidence is kept; finer where a step would lead into another interval of reliability

# ``wrong`` and ``right`` are the model's own answers; the others need what a second model answered.
Which = Literal["", "wrong", "right", "both-wrong", "both-right", "only-this", "only-other"]
OF_TWO: tuple[Which, ...] = ("both-wrong", "both-right", "only-this", "only-other")
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Selection:
    """Which images are asked for; what is left out holds for all."""

    category: int | None = None  # their true class
    answer: int | None = None  # the class that the model answers
    low: float = -1.0  # its confidence is above that
    high: float = 1.0  # and at most that
    which: Which = ""  # whether the answers are right


@dataclass(frozen=True)
class Readings(ArrayFile):
    """What one model answered on a split, and some of the images."""

    labels: NDArray[np.int16]  # (N,), the true classes
    answers: NDArray[np.int16]  # (N,), the most probable ones
    confidence: NDArray[np.float32]  # (N,), their probabilities, calibrated
    truth: NDArray[np.float16]  # probabilities of the true classes of those misread, in the order of their rows
    rows: NDArray[np.int32]  # (K,), of the images that are kept: a sample of the mistakes, and some that are right
    images: NDArray[np.uint8]  # (K, H, W, C), they as the model saw them
    roc: NDArray[np.float16] | None = None  # curves, as ``class_curves`` has them, where they were kept
    precision_recall: NDArray[np.float16] | None = None  # likewise

    @classmethod
    def of(cls, split: Split, logits: NDArray[np.floating], temperature: float = 1.0, *, keep: bool = True) -> Self:
        """Return what logits, ``(N, classes)``, say of a split.

        Args:
            split: The images and labels.
            logits: Of the model.
            temperature: They are divided by it before the softmax.
            keep: Whether some of the images are kept, and the curves.
        """
        probabilities = scipy.special.softmax(np.asarray(logits, np.float64) / temperature, axis=1)
        every, answers = np.arange(len(split)), probabilities.argmax(axis=1)
        none = np.zeros(0, np.int32)
        found = cls(
            labels=split.labels.astype(np.int16),
            answers=answers.astype(np.int16),
            confidence=_in_steps(probabilities[every, answers]),
            truth=probabilities[every, split.labels][answers != split.labels].astype(np.float16),
            rows=none,
            images=split.images[none],
        )
        if not keep:
            return found
        most = int(np.clip(KEPT_BYTES // max(1, split.images[0].size), LEAST_KEPT, MOST_KEPT))
        rows = found.sample(most)
        roc, precision_recall = (one.astype(np.float16) for one in class_curves(split.labels, probabilities))
        images = split.images[rows]
        return replace(found, rows=rows.astype(np.int32), images=images, roc=roc, precision_recall=precision_recall)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images are read correctly, ``(N,)``."""
        return np.asarray(self.labels == self.answers)

    @property
    def true_probability(self) -> NDArray[np.float32]:
        """Probability of the true class of each image, ``(N,)``."""
        found = self.confidence.copy()
        found[~self.right] = self.truth
        return found

    def select(self, asked: Selection, other: "Readings | None" = None) -> Rows:
        """Return the rows of the images asked for, the most confident answers first.

        Args:
            asked: Which.
            other: What a second model answered on the same split.

        Raises:
            ValueError: What was asked needs a second model, and there is none.
        """
        chosen = (self.confidence > asked.low) & (self.confidence <= asked.high)
        for place, values in ((asked.category, self.labels), (asked.answer, self.answers)):
            if place is not None:
                chosen &= values == place
        if asked.which in OF_TWO and other is None:
            raise ValueError(f"{asked.which!r} needs what a second model answered; received none")
        if asked.which in ("wrong", "right"):
            chosen &= self.right == (asked.which == "right")
        elif asked.which and other is not None:
            chosen &= self.right == (asked.which in ("both-right", "only-this"))
            chosen &= other.right == (asked.which in ("both-right", "only-other"))
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(-self.confidence[rows], kind="stable")]

    def sample(self, most: int) -> Rows:
        """Return rows that show as many kinds of mistakes as fit, and right answers of every class; ascending."""
        mistakes = _in_turns(self.select(Selection(which="wrong")), self.labels, self.answers)
        right = self.select(Selection(which="right"))
        middle = (len(right) + 1) // 2
        turns = np.stack([right[:middle], np.resize(right[::-1], middle)], axis=1).ravel()[: len(right)]
        surest_and_least = turns[np.sort(np.unique(turns, return_index=True)[1])]  # in turns
        wanted = round(MISTAKES_SHARE * most)
        first = mistakes[: max(wanted, most - len(right))]
        return np.sort(
            np.concatenate([first, _in_turns(surest_and_least, self.labels, self.answers)[: most - len(first)]])
        )


def _in_steps(confidence: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return probabilities rounded, which halves their file, each in its own interval of reliability."""
    rounded = np.rint(confidence * STEPS) / STEPS
    edges = np.linspace(0.0, 1.0, BINS + 1)
    same = np.searchsorted(edges, rounded, side="left") == np.searchsorted(edges, confidence, side="left")
    return np.where(same, rounded, confidence).astype(np.float32)


def _in_turns(rows: Rows, labels: NDArray[np.int16], answers: NDArray[np.int16]) -> Rows:
    """Return rows so that each pair of class and answer comes once before any comes again; else in their order."""
    seen: dict[tuple[int, int], int] = {}
    turn = []
    for row in rows.tolist():
        pair = int(labels[row]), int(answers[row])
        seen[pair] = seen.get(pair, 0) + 1
        turn.append(seen[pair])
    return rows[np.argsort(np.array(turn, dtype=np.int64), kind="stable")]
