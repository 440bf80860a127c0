"""Several characters in one picture become one ink each, in reading order: line by line, left to right."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from rabisco.images.ink import Ink, find_ink
from rabisco.images.stroke import stroke_width

WORKING_SIDE = 800  # pixels; a row of twenty characters still has forty for each
NEIGHBOURS = np.ones((3, 3), bool)
SAME_COLUMN = 0.5  # share of the narrower piece's width that lies over the other: parts of one character
FARTHEST_DOT = 0.4  # of a character's height, between it and its dot or bar
LOW = 0.45  # of a character's height: what is lower may be its dot or bar, what is higher is another character
SAME_LINE = 0.4  # share of the lower piece's height that lies beside the line
WIDE = 1.3  # width over the line's height from which a piece is two characters
PERHAPS_WIDE = 1.2  # from which it is two where only a thin stroke joins its halves
USUAL_WIDTH = 0.75  # of a character, over the line's height
LEAST_PART = 0.6  # of a piece's height that each part must have to be a character
LEAST_HEIGHT = 0.25  # of the tallest piece; what is lower is a dot, a comma or a speck


@dataclass(frozen=True)
class Box:
    """A rectangle in a picture, in pixels; ``right`` and ``bottom`` lie just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Its width."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Its height."""
        return self.bottom - self.top


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


@dataclass
class _Piece:
    box: Box
    mask: NDArray[np.bool_]  # as large as the box


def segment(picture: NDArray[np.uint8]) -> list[Character]:
    """Return the characters in a picture in reading order; none where nothing was written.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``, as ``decode`` returns it.
    """
    factor = max(1, max(picture.shape[:2]) // WORKING_SIDE)
    ink = find_ink(picture if factor == 1 else np.asarray(Image.fromarray(picture).reduce(factor)))
    if ink.blank:
        return []
    width = stroke_width(ink.values)
    characters = []
    for number, line in enumerate(_lines(_join(_pieces(ink.values)))):
        height = float(np.median([piece.box.height for piece in line]))
        for piece in sorted(line, key=lambda piece: piece.box.left):
            characters += [_cut_out(ink, part, number, factor) for part in _split(piece, height, width)]
    return characters


def _pieces(values: NDArray[np.float32]) -> list[_Piece]:
    labels, _ = ndimage.label(values > 0, NEIGHBOURS)
    return [
        _Piece(Box(columns.start, rows.start, columns.stop, rows.stop), labels[rows, columns] == number)
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
    ]


def _join(pieces: list[_Piece]) -> list[_Piece]:
    """Join what lies over or under one another closely: the dot to its i, the bar to its 5, a stroke to its rest."""
    pieces = sorted(pieces, key=lambda piece: -piece.mask.size)
    joined: list[_Piece] = []
    for piece in pieces:
        owner = next((other for other in joined if _belongs(piece.box, other.box)), None)
        if owner is None:
            joined.append(piece)
        else:
            owner.box, owner.mask = _union(owner, piece)
    tallest = max(piece.box.height for piece in joined)
    return [piece for piece in joined if piece.box.height >= LEAST_HEIGHT * tallest]


def _belongs(small: Box, large: Box) -> bool:
    shared = min(small.right, large.right) - max(small.left, large.left)
    gap = max(small.top, large.top) - min(small.bottom, large.bottom)
    reach = FARTHEST_DOT * large.height if small.height < LOW * large.height else 0
    return shared >= SAME_COLUMN * min(small.width, large.width) and gap <= reach


def _union(one: _Piece, other: _Piece) -> tuple[Box, NDArray[np.bool_]]:
    left, top = min(one.box.left, other.box.left), min(one.box.top, other.box.top)
    right, bottom = max(one.box.right, other.box.right), max(one.box.bottom, other.box.bottom)
    mask = np.zeros((bottom - top, right - left), bool)
    for piece in (one, other):
        row, column = piece.box.top - top, piece.box.left - left
        mask[row : row + piece.box.height, column : column + piece.box.width] |= piece.mask
    return Box(left, top, right, bottom), mask


def _lines(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Group pieces into lines, top to bottom; the tallest pieces found them."""
    lines: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.box.height):
        line = next((line for line in lines if _shares_line(piece.box, line)), None)
        if line is None:
            lines.append([piece])
        else:
            line.append(piece)
    return sorted(lines, key=lambda line: float(np.mean([piece.box.top + piece.box.bottom for piece in line])))


def _shares_line(box: Box, line: list[_Piece]) -> bool:
    nearest = min(line, key=lambda piece: abs(piece.box.left + piece.box.right - box.left - box.right)).box
    shared = min(box.bottom, nearest.bottom) - max(box.top, nearest.top)
    return shared > SAME_LINE * min(box.height, nearest.height)


def _split(piece: _Piece, line_height: float, width: float) -> list[_Piece]:
    """Cut a piece that is too wide for one character where least ink joins its parts."""
    height = max(line_height, 0.8 * piece.box.height)
    count = max(2, round(piece.box.width / (USUAL_WIDTH * height)))
    if piece.box.width < PERHAPS_WIDE * height:
        return [piece]
    thickness = piece.mask.sum(axis=0)
    cuts = _cuts(thickness, count)
    surely = piece.box.width > WIDE * height
    if not surely and thickness[cuts].max(initial=0) > 1.6 * width:
        return [piece]
    bounds = itertools.pairwise([0, *cuts, piece.box.width])
    parts = [part for start, stop in bounds if (part := _slice(piece, start, stop))]
    whole = all(part.box.height > LEAST_PART * piece.box.height for part in parts)
    return parts if whole else [piece]  # a low part is the bar of a 5 or the tail of a 2


def _cuts(thickness: NDArray[np.intp], count: int) -> list[int]:
    """Return the thinnest column near each place where a boundary is expected."""
    share = len(thickness) / count
    cuts = []
    for number in range(1, count):
        first = round((number - 0.35) * share)
        window = thickness[first : round((number + 0.35) * share) + 1]
        distance = np.abs(np.arange(len(window)) + first - number * share) / share
        cuts.append(first + int(np.argmin(window * (1 + distance))))
    return cuts


def _slice(piece: _Piece, start: int, stop: int) -> _Piece | None:
    mask = piece.mask[:, start:stop]
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = piece.box.left + start, piece.box.top
    box = Box(left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1)
    return _Piece(box, mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _cut_out(ink: Ink, piece: _Piece, line: int, factor: int) -> Character:
    box = piece.box
    place = slice(box.top, box.bottom), slice(box.left, box.right)
    row, column = ink.origin
    return Character(
        Box(
            *(
                (side + shift) * factor
                for side, shift in zip(
                    (box.left, box.top, box.right, box.bottom), (column, row, column, row), strict=True
                )
            )
        ),
        line,
        Ink(np.where(piece.mask, ink.values[place], np.float32(0)), ink.contrast[place]),
    )
