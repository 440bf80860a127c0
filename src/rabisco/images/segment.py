"""Several characters in one picture, in reading order: line by line, left to right, with every doubt kept.

Whether strokes that touch are one character or two, and whether two that lie close are parts of one, geometry alone
cannot say. So ``segment`` answers groups: most are one character beyond doubt; the others offer several ways of
dividing the same ink, with what geometry has against each. Who knows characters chooses: ``rabisco.text_reading``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rabisco.errors import N_, TooLargeError
from rabisco.images.cut import find_cuts
from rabisco.images.geometry import reduced
from rabisco.images.ink import Ink, find_ink
from rabisco.images.pieces import Box, Piece, crop, find_lines, find_pieces, join, union, usual_height

__all__ = ["Box", "Candidate", "Character", "Group", "segment"]

WORKING_SIDE = 1000  # pixels; a row of thirty characters still has thirty for each
MARKS_PER_CHARACTER = 4  # dots, strokes and specks that may come with each character
CUTTABLE = 0.75  # width over the line's height from which a piece may be more than one character
MOST_PIECES = 10  # that one character is put together from
WIDEST = 1.7  # of the line's height, of a character put together
WIDEST_PIECE = 3.0  # of one that hangs together: an m, an equals sign
CLOSE = 0.12  # of the line's height: two pieces with a wider gap are not one character
# What geometry has against a character; together with the model's doubt, as ``rabisco.text_reading`` weighs it, these
# divided rows of validation digits best.
WIDE, TOO_WIDE = 0.95, 6.0  # from which width, in line heights, and what each further line height costs
LOW, TOO_LOW = 0.75, 4.0  # the same for the height of what was cut off
TOO_LOW_ALONE = 3.0  # what it costs where nothing was cut
MARK, DROPPED = 0.5, 5.0  # what is lower than this may be a mark; what it costs to pass over one line height of it
CUT = 0.1  # a cut
JOINED, APART, OVER = 4.0, 6.0, 1.3  # joining what does not touch; each line height between; the share that lies over
SMALLEST_LINE = 0.4  # of the usual height: what is much lower is no line of characters
TALLEST = 0.6  # of a character's own height, that the line's height is at least taken to be
LEAST_LINE_HEIGHT = 4.0  # pixels


@dataclass(frozen=True)
class Character:
    """One character of several.

    Attributes:
        box: Where it lies in the picture given.
        line: Number of its line, from 0.
        ink: Its ink alone, as large as its box at the resolution it was found in; see ``prepare_ink``.
    """

    box: Box
    line: int
    ink: Ink


@dataclass(frozen=True)
class Candidate:
    """Some neighboring pieces of a group, taken for one character.

    Attributes:
        start: Number of its first piece in the group.
        stop: Number of the piece behind its last.
        character: What they are if they are one; ``None`` if they are taken for a mark that is no character.
        width: Their width in line heights.
        cost: What geometry has against their being one, in nats; 0 if nothing.
    """

    start: int
    stop: int
    character: Character | None
    width: float
    cost: float


@dataclass(frozen=True)
class Group:
    """Ink that is one character, or several that touch or nearly do.

    Attributes:
        length: Number of pieces, from left to right.
        candidates: The characters that it may be divided into, ordered by where they end.
    """

    length: int
    candidates: tuple[Candidate, ...]


def segment(picture: NDArray[np.uint8], most: int = 1000) -> list[Group]:
    """Return the groups of characters of a picture in reading order; none where nothing was written.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``, as ``decode`` returns it.
        most: Most characters that may be found.

    Raises:
        TooLargeError: There are more, or so many marks that it is no writing.
    """
    factor = max(1, max(picture.shape[:2]) // WORKING_SIDE)
    ink = find_ink(picture if factor == 1 else reduced(picture, factor))
    if ink.blank:
        return []
    marks = find_pieces(ink.values)
    _check_number(len(marks), most * MARKS_PER_CHARACTER, most)
    pieces = join(marks)
    _check_number(len(pieces), most, most)
    sketch = _Sketch(ink, factor)
    least = max(LEAST_LINE_HEIGHT, SMALLEST_LINE * usual_height(pieces))
    return [
        group
        for number, line in enumerate(find_lines(pieces))
        for group in sketch.groups(line, number, max(least, float(np.median([piece.box.height for piece in line]))))
    ]


def _check_number(found: int, limit: int, most: int) -> None:
    if found > limit:
        raise TooLargeError(
            N_(
                "expected at most %(most)s characters in one picture, found %(found)s marks; "
                "send a part of it, or a picture of writing alone"
            ),
            most=most,
            found=found,
        )


class _Border(NamedTuple):
    """What it costs to part two neighboring pieces, and to join them."""

    parting: float
    joining: float


@dataclass(frozen=True)
class _Sketch:
    """The ink of a picture reduced by ``factor``."""

    ink: Ink
    factor: int

    def groups(self, line: Sequence[Piece], number: int, height: float) -> list[Group]:
        """Return the groups of one line."""
        parts: list[Piece] = []
        borders: list[_Border] = []
        groups: list[Group] = []
        for piece in line:
            cut, between = self._cut(piece, height)
            if parts:
                gap = cut[0].box.left - parts[-1].box.right
                if gap > CLOSE * height:
                    groups.append(self._group(parts, borders, number, height))
                    parts, borders = [], []
                else:
                    borders.append(_Border(0.0, _joining(parts[-1].box, cut[0].box, height)))
            parts += cut
            borders += between
        return [*groups, self._group(parts, borders, number, height)]

    def _cut(self, piece: Piece, height: float) -> tuple[list[Piece], list[_Border]]:
        """Return the parts that a piece may be cut into, and what lies between them."""
        if piece.box.width < CUTTABLE * height:
            return [piece], []
        box = piece.box
        values = np.where(piece.mask, self.ink.values[box.top : box.bottom, box.left : box.right], np.uint8(0))
        paths = find_cuts(values, max(height, 0.6 * box.height))
        region = (paths[:, :, np.newaxis] <= np.arange(box.width)).sum(axis=0)
        masks = [piece.mask & (region == number) for number in range(len(paths) + 1)]
        parts = [crop(box, mask) for mask in masks if (mask & (values > values.max() // 2)).any()]
        return parts, [_Border(CUT, 0.0)] * (len(parts) - 1)

    def _group(self, parts: list[Piece], borders: list[_Border], line: int, height: float) -> Group:
        candidates = []
        for stop in range(1, len(parts) + 1):
            for start in range(stop - 1, max(-1, stop - 1 - MOST_PIECES), -1):
                whole = union(parts[start:stop])
                width = whole.box.width / max(height, TALLEST * whole.box.height)
                uncut = not any(border.joining for border in borders[start : stop - 1])
                if stop - start > 1 and width > (WIDEST_PIECE if uncut else WIDEST):
                    break
                cost = sum(border.joining for border in borders[start : stop - 1])
                cut_off = [borders[edge].parting for edge in (start - 1, stop - 1) if 0 <= edge < len(borders)]
                cost += sum(cut_off) / 2 + TOO_WIDE * max(0.0, width - WIDE)
                low = TOO_LOW if any(cut_off) else TOO_LOW_ALONE
                cost += low * max(0.0, LOW - whole.box.height / height)
                candidates.append(Candidate(start, stop, self._character(whole, line), width, cost))
                is_end = sum(map(bool, cut_off)) == 1  # of a stroke, such as the bar of a wide 7
                if stop - start == 1 and whole.box.height < MARK * height and not is_end:
                    candidates.append(Candidate(start, stop, None, width, DROPPED * whole.box.height / height))
        return Group(len(parts), tuple(candidates))

    def _character(self, piece: Piece, line: int) -> Character:
        box = piece.box
        place = slice(box.top, box.bottom), slice(box.left, box.right)
        row, column = self.ink.origin
        whole = Box(box.left + column, box.top + row, box.right + column, box.bottom + row)
        values = np.where(piece.mask, self.ink.values[place], np.uint8(0))
        ink = Ink(values, self.ink.shades[place], self.ink.contrasts)
        return Character(whole.scaled(self.factor), line, ink)


def _joining(left: Box, right: Box, height: float) -> float:
    """Return what speaks against two pieces that do not touch being one character."""
    gap = right.left - left.right
    over = max(0, -gap) / min(left.width, right.width)
    return max(0.0, JOINED + APART * max(0, gap) / height - OVER * over)
