"""Several characters in one picture, read by one model: the string, the boxes, and what each character may be."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.characters import Among
from rabisco.errors import N_, InvalidRequestError
from rabisco.images import Box, Group, Prepared, prepare_ink, segment
from rabisco.images.normalize import CHARACTERS
from rabisco.inference import ClassProbability, Predictor

SPACE = 0.55  # of the line's height: the narrowest gap that may part words
CLEARLY = 2.0  # how much wider than the gaps within words it must be
USUAL_GAP = 0.12  # of the line's height: gaps within words are taken to be at least this
# How a model's doubt that something is one character weighs, in nats, beside what geometry has against it; fitted
# together with ``rabisco.images.segment`` on rows of validation digits.
USUAL_STRENGTH = 90  # percentile of all candidates of a picture at which a real character's logit stands out so far
FAINT, FAINT_AND_WIDE = 1.2, 8.0  # a logit that does not stand out at all; the same for each line height of width
UNSURE = 0.5  # each nat of the best class's probability


@dataclass(frozen=True)
class ReadCharacter:
    """One character of several, as a model reads it.

    Attributes:
        top_k: The most probable classes, best first.
        box: Where it lies in the picture as it was sent, in its pixels.
        line: Number of its line, from 0.
        prepared: The pixels that the model saw.
        remembered: Whether an example that the model was taught answers, and not its weights.
    """

    top_k: tuple[ClassProbability, ...]
    box: Box
    line: int
    prepared: Prepared
    remembered: bool = False

    @property
    def best(self) -> ClassProbability:
        """The most probable class."""
        return self.top_k[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the character as the API and the command give it, as plain values."""
        box = {"left": self.box.left, "top": self.box.top, "width": self.box.width, "height": self.box.height}
        return {
            **self.best.to_dict(),
            "top_k": [one.to_dict() for one in self.top_k],
            "box": box,
            "line": self.line,
            "remembered": self.remembered,
        }


@dataclass(frozen=True)
class TextReading:
    """What a model reads in a picture of several characters.

    Attributes:
        model: Name of the artifact.
        version: Its version.
        among: What was expected to be written.
        text: The characters as a string: a space where a gap is clearly wider than others, a line feed between lines.
        characters: Each of them, in reading order.
        latency_ms: Milliseconds from the decoded picture to this answer.
        width: Of the picture as it was sent, in pixels.
        height: The same.
    """

    model: str
    version: int
    among: Among
    text: str
    characters: tuple[ReadCharacter, ...]
    latency_ms: float
    width: int
    height: int

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read."""
        return not self.characters

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the API and the command give it, as plain values."""
        return {
            "text": self.text,
            "characters": [character.to_dict() for character in self.characters],
            "among": self.among,
            "model": self.model,
            "version": self.version,
            "latency_ms": round(self.latency_ms, 3),
            "blank": self.blank,
            "width": self.width,
            "height": self.height,
        }


def read_many(
    predictor: Predictor,
    picture: NDArray[np.uint8],
    top_k: int = 3,
    most: int = 1000,
    *,
    sent_side: int | None = None,
    among: Among = "any",
) -> TextReading:
    """Read every character of a decoded picture, all in one call of the model.

    Args:
        predictor: A model of characters.
        picture: RGB, uint8, ``(H, W, 3)``, any size, as ``rabisco.images.decode`` returns it.
        top_k: How many classes to return for each character, best first.
        most: Most characters that may be found.
        sent_side: Longer side of the picture before ``decode`` reduced it, in pixels; its own if not given.
        among: What is expected to be written; other classes are not answered.

    Raises:
        InvalidRequestError: The model reads no characters, or none of those expected.
        TooLargeError: The picture holds more than ``most``.
    """
    card = predictor.card
    if card.normalizer not in CHARACTERS:
        raise InvalidRequestError(
            N_(
                "expected a model of characters to read several at once, received “%(name)s”, which looks at whole "
                "pictures; ask it for one"
            ),
            name=card.name,
        )
    started = time.perf_counter()
    characters = _classify(predictor, segment(picture, most), top_k, among)
    text = spell(characters)
    longer = max(picture.shape[:2])
    scale = (sent_side or longer) / longer
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    placed = tuple(replace(each, box=each.box.scaled(scale).inside(width, height)) for each in characters)
    elapsed = (time.perf_counter() - started) * 1000
    return TextReading(card.name, predictor.version, among, text, placed, elapsed, width, height)


def spell(characters: Sequence[ReadCharacter]) -> str:
    """Return characters in reading order as a string, with spaces and line feeds."""
    lines: dict[int, list[ReadCharacter]] = {}
    for character in characters:
        lines.setdefault(character.line, []).append(character)
    gaps = {number: _gaps(line) for number, line in lines.items()}
    least = _least_space(np.concatenate([*gaps.values(), np.empty(0)]))
    return "\n".join(_spell_line(line, gaps[number], least) for number, line in lines.items())


def _spell_line(line: list[ReadCharacter], gaps: NDArray[np.float64], least: float) -> str:
    pairs = zip(line, [0.0, *gaps], strict=True)
    return "".join(f"{' ' if gap >= least else ''}{character.best.category}" for character, gap in pairs)


def _gaps(line: list[ReadCharacter]) -> NDArray[np.float64]:
    """Return the gaps between neighbors, as shares of the line's height."""
    height = float(np.median([character.box.height for character in line]))
    pairs = itertools.pairwise(line)
    return np.array([(after.box.left - before.box.right) / height for before, after in pairs])


def _least_space(gaps: NDArray[np.float64]) -> float:
    """Return the width from which a gap parts words: above the step that divides narrow from wide, if there is one."""
    ordered = np.sort(np.maximum(gaps, USUAL_GAP))
    wider = (ordered[1:] >= SPACE) & (ordered[1:] >= CLEARLY * ordered[:-1])
    return float(ordered[1:][wider].min(initial=np.inf))


def _classify(predictor: Predictor, groups: list[Group], top_k: int, among: Among) -> list[ReadCharacter]:
    """Return the characters of all groups, every candidate of every group having been shown to the model at once."""
    candidates = [candidate for group in groups for candidate in group.candidates]
    if not candidates:
        return []
    normalizer = predictor.card.normalizer
    prepared = {
        number: prepare_ink(candidate.character.ink, normalizer)
        for number, candidate in enumerate(candidates)
        if candidate.character
    }
    asked = list(prepared)
    logits = predictor.logits(np.stack([each.pixels for each in prepared.values()]))
    probabilities = predictor.calibrated(logits, among)
    costs = np.array([candidate.cost for candidate in candidates])
    costs[asked] += _doubt(logits, probabilities, np.array([candidates[number].width for number in asked]))
    rows = {number: (each, row[np.newaxis]) for number, each, row in zip(asked, probabilities, logits, strict=True)}
    found: list[ReadCharacter] = []
    first = 0
    for group in groups:
        for number in _divide(group, costs[first : first + len(group.candidates)]):
            character = group.candidates[number].character
            if character is not None:
                seen, (likely, row) = prepared[first + number], rows[first + number]
                recalled = predictor.recall(seen, row, among)
                if recalled:
                    likely, refused = predictor.as_taught(likely, recalled)
                    if refused == "not-a-character":
                        continue
                classes = predictor.best_classes(likely, top_k)
                found.append(ReadCharacter(classes, character.box, character.line, seen, recalled is not None))
        first += len(group.candidates)
    return found


def _doubt(
    logits: NDArray[np.float32], probabilities: NDArray[np.float32], widths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what a model has against each image being one whole character, ``(N,)``.

    Half a character, or two, may get a high probability: of the classes there are, one fits by far the best. But its
    logit stands out less than that of a real character. How far a logit stands out where all is well differs between
    models, so each image is held against the best ones of the same picture.
    """
    strength = (logits.max(axis=1) - logits.mean(axis=1)).astype(np.float64)
    deficit = np.maximum(0, 1 - strength / max(float(np.percentile(strength, USUAL_STRENGTH)), 1e-6))
    return np.asarray((FAINT + FAINT_AND_WIDE * widths) * deficit - UNSURE * np.log(probabilities.max(axis=1)))


def _divide(group: Group, costs: NDArray[np.float64]) -> list[int]:
    """Return the numbers of the candidates, from left to right, that together are the group and cost least."""
    best: list[tuple[float, list[int]]] = [(0.0, []), *((np.inf, []) for _ in range(group.length))]
    for number, candidate in enumerate(group.candidates):
        cost, before = best[candidate.start]
        if cost + costs[number] < best[candidate.stop][0]:
            best[candidate.stop] = (cost + float(costs[number]), [*before, number])
    return best[-1][1]
