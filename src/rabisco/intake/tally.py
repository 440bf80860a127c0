"""Counts what a data set holds while its batches pass by: classes, repeated images, a few examples of each class.

An image is remembered as 8 bytes, so that a million of them take 8 MB; that two different ones among a million share
their 8 bytes has a chance of one in thirty million.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rabisco.intake.findings import refuse
from rabisco.intake.report import BadRow, Batch, PartReport

MAX_ROWS = 5_000_000
MAX_CLASSES = 1000
KEPT_BAD_ROWS = 100
SAMPLES = 5
SAMPLED_CLASSES = 100

Hashes = NDArray[np.uint64]


class Tally:
    """What one part of a data set holds."""

    def __init__(self, with_samples: bool = True) -> None:
        self.rows = 0
        self.bad_count = 0
        self.bad_rows: list[BadRow] = []
        self.formula: BadRow | None = None
        self.highest = 0
        self.samples: dict[str, list[NDArray[np.uint8]]] = {}
        self._with_samples = with_samples
        self._indices: dict[str, int] = {}
        self._order: tuple[str, ...] = ()  # of names that were given to classes
        self._labels: list[NDArray[np.int32]] = []
        self._hashes: list[bytes] = []

    def add(self, batch: Batch) -> None:
        """Count a batch.

        Raises:
            UnusableDataError: There are too many rows or classes.
        """
        self._add_bad(batch.bad)
        if not batch.labels:
            return
        self.rows += len(batch.labels)
        if self.rows > MAX_ROWS:
            raise refuse("too-many-rows", limit=MAX_ROWS)
        known = self._indices
        labels = np.array([known.setdefault(label, len(known)) for label in batch.labels], np.int32)
        if len(known) > MAX_CLASSES:
            raise refuse("too-many-classes", limit=MAX_CLASSES)
        self._labels.append(labels)
        flat = np.ascontiguousarray(batch.images).reshape(len(labels), -1)
        size, pixels = flat.shape[1], flat.data.cast("B")
        starts = range(0, flat.size, size)
        self._hashes.append(b"".join([blake2b(pixels[at : at + size], digest_size=8).digest() for at in starts]))
        self.highest = max(self.highest, int(flat.max()))
        if self._with_samples:
            self._add_samples(batch, labels)

    def _add_bad(self, bad: list[BadRow]) -> None:
        self.bad_count += len(bad)
        self.bad_rows += bad[: KEPT_BAD_ROWS - len(self.bad_rows)]
        if self.formula is None:
            self.formula = next((row for row in bad if row.reason.code == "row-formula"), None)

    def _add_samples(self, batch: Batch, labels: NDArray[np.int32]) -> None:
        names = list(self._indices)
        for index in np.unique(labels).tolist():
            if index < SAMPLED_CLASSES:
                kept = self.samples.setdefault(names[index], [])
                if len(kept) < SAMPLES:
                    places = np.flatnonzero(labels == index)[: SAMPLES - len(kept)]
                    kept += [batch.images[place].copy() for place in places]

    def report(self) -> PartReport:
        """Return what was counted."""
        return PartReport(self.rows, self.bad_count, tuple(self.bad_rows))

    def class_counts(self) -> dict[str, int]:
        """Return each class's number of images, in the order of their labels."""
        counts = np.bincount(self._joined_labels(), minlength=len(self._indices)).tolist()
        return {name: counts[self._indices[name]] for name in self._order or in_order(self._indices)}

    def rename(self, names: Mapping[str, str]) -> None:
        """Give classes other names; those that get the same are one from now on."""
        self._order = ordered(self._indices, names)
        known = {name: place for place, name in enumerate(self._order)}
        places = np.array([known[names.get(old, old)] for old in self._indices], np.int32)
        self._labels = [places[labels] for labels in self._labels]
        self._indices = known
        samples: dict[str, list[NDArray[np.uint8]]] = {}
        for old, images in self.samples.items():
            samples[names.get(old, old)] = [*samples.get(names.get(old, old), []), *images][:SAMPLES]
        self.samples = samples

    def repeats(self) -> tuple[int, int]:
        """Return how many images repeat an earlier one, and how many of these under another label."""
        hashes, labels = self._joined_hashes(), self._joined_labels()
        order = np.argsort(hashes, kind="stable")
        repeated = hashes[order][1:] == hashes[order][:-1]
        contradicting = repeated & (labels[order][1:] != labels[order][:-1])
        return int(repeated.sum()), int(contradicting.sum())

    def shared(self, other: "Tally") -> int:
        """Return how many images of ``other`` are among those counted here."""
        return int(np.isin(other._joined_hashes(), self._joined_hashes()).sum())

    def _joined_hashes(self) -> Hashes:
        return np.frombuffer(b"".join(self._hashes), np.uint64)

    def _joined_labels(self) -> NDArray[np.int32]:
        return np.concatenate(self._labels) if self._labels else np.zeros(0, np.int32)


def ordered(labels: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of classes, in the order of their labels, each once."""
    return tuple(dict.fromkeys(names.get(label, label) for label in in_order(set(labels))))


def in_order(names: dict[str, int] | set[str]) -> list[str]:
    """Return class names in the order of their labels: numbers by value, then words by the alphabet."""
    return sorted(names, key=lambda name: (0, int(name), name) if name.isascii() and name.isdigit() else (1, 0, name))
