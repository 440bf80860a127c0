"""The pieces that ink is made of, and which of them belong to one character whatever a model may say."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rabisco.images.geometry import bounding_box, distance_inside, stroke_width

CORE = 0.3  # of a piece's full ink: what holds two strokes together only by less may be parted
LEAST_CORE = 1.5  # of the squared stroke width; what is smaller is a faint stroke's own weak place
SAME_COLUMN = 0.5  # share of the narrower piece's width that lies over the other: parts of one character
BESIDE = 0.6  # of a dot's width that it may lie beside the stroke that it belongs to
FARTHEST_DOT = 0.5  # of a character's height, between it and its dot or bar
LOW = 0.45  # of a character's height: what is lower may be its dot or bar, what is higher is another character
INSIDE = 0.8  # share of a piece's width, beside the rows of another, that lies in its columns
FLAT = 0.5  # height over width of a bar; two of them, one over the other, are an equals sign
FARTHEST_BAR = 0.8  # of their width, between the two
LEAST_HEIGHT = 0.08  # of the usual height; what is lower is a speck
STACKED = 0.15  # of the larger's height: two pieces one over the other with a narrower gap are no two lines
PART = 0.7  # of the larger's height that the smaller of such two may have
SAME_LINE = 0.4  # share of the lower piece's height that lies beside the line


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

    def scaled(self, factor: float) -> "Box":
        """Return the same place in a picture that is ``factor`` times as large."""
        return Box(*(round(side * factor) for side in (self.left, self.top, self.right, self.bottom)))

    def inside(self, width: int, height: int) -> "Box":
        """Return the part of it that lies in a picture of that size."""
        return Box(max(0, self.left), max(0, self.top), min(self.right, width), min(self.bottom, height))


@dataclass
class Piece:
    """Some ink: where it lies, and which pixels of its box are its own."""

    box: Box
    mask: NDArray[np.bool_]  # as large as the box


def find_pieces(values: NDArray[np.uint8]) -> list[Piece]:
    """Return what hangs together in ink, uint8 ``(H, W)``; what only soft edges join is parted."""
    _, labels, facts, _ = cv2.connectedComponentsWithStats(values)
    least = LEAST_CORE * stroke_width(values) ** 2
    pieces = []
    for number, (left, top, width, height, _) in enumerate(facts[1:].tolist(), start=1):
        place = slice(top, top + height), slice(left, left + width)
        box = Box(left, top, left + width, top + height)
        pieces += _part_at_soft_edges(box, labels[place] == number, values[place], least)
    return pieces


def _part_at_soft_edges(box: Box, mask: NDArray[np.bool_], values: NDArray[np.uint8], least: float) -> list[Piece]:
    full = mask & (values > CORE * np.percentile(values[mask], 90))
    count, cores, facts, _ = cv2.connectedComponentsWithStats(full.view(np.uint8))
    strokes = [number for number in range(1, count) if facts[number, cv2.CC_STAT_AREA] >= least]
    if len(strokes) < 2:
        return [Piece(box, mask)]
    nearest, owner = distance_inside(cores != strokes[0]), np.full(mask.shape, strokes[0])
    for number in strokes[1:]:
        distance = distance_inside(cores != number)
        owner[distance < nearest] = number
        np.minimum(nearest, distance, out=nearest)
    return _restack([crop(box, mask & (owner == number)) for number in strokes])


def _restack(parts: list[Piece]) -> list[Piece]:
    """Join what lies over one another again: a stroke that was faint in between, and no two neighbors."""
    columns: list[list[Piece]] = []
    for part in parts:
        left, right = part.box.left, part.box.right
        over = [
            column
            for column in columns
            for other in column
            if min(right, other.box.right) - max(left, other.box.left)
            >= SAME_COLUMN * min(part.box.width, other.box.width)
        ]
        if over:
            over[0].append(part)
        else:
            columns.append([part])
    return [union(column) for column in columns]


def crop(box: Box, mask: NDArray[np.bool_]) -> Piece:
    """Return the piece that a mask, as large as ``box``, holds; it must hold some."""
    rows, columns = bounding_box(mask)
    place = Box(box.left + columns.start, box.top + rows.start, box.left + columns.stop, box.top + rows.stop)
    return Piece(place, mask[rows, columns])


def union(pieces: list[Piece]) -> Piece:
    """Return several pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    sides = np.array([(piece.box.left, piece.box.top, piece.box.right, piece.box.bottom) for piece in pieces])
    left, top = (int(side) for side in sides[:, :2].min(axis=0))
    right, bottom = (int(side) for side in sides[:, 2:].max(axis=0))
    mask = np.zeros((bottom - top, right - left), bool)
    for piece in pieces:
        row, column = piece.box.top - top, piece.box.left - left
        mask[row : row + piece.box.height, column : column + piece.box.width] |= piece.mask
    return Piece(Box(left, top, right, bottom), mask)


def join(pieces: list[Piece]) -> list[Piece]:
    """Join dots, accents and bars to what they lie over or under; drop specks."""
    pieces = sorted(pieces, key=lambda piece: -piece.mask.size)
    sides = np.array([(piece.box.left, piece.box.top, piece.box.right, piece.box.bottom) for piece in pieces])
    members: list[list[Piece]] = []
    for piece in pieces:
        owner = _owner(piece.box, sides[: len(members)])
        if owner is None:
            sides[len(members)] = (piece.box.left, piece.box.top, piece.box.right, piece.box.bottom)
            members.append([piece])
        else:
            members[owner].append(piece)
            box = piece.box
            sides[owner, :2] = np.minimum(sides[owner, :2], (box.left, box.top))
            sides[owner, 2:] = np.maximum(sides[owner, 2:], (box.right, box.bottom))
    joined = [union(parts) for parts in members]
    least = LEAST_HEIGHT * usual_height(joined)
    return [piece for piece in joined if piece.box.height >= least]


def _owner(small: Box, sides: NDArray[np.intp]) -> int | None:
    """Return which of the larger boxes a small one belongs to: of several the nearest."""
    left, top, right, bottom = sides.T
    width, height = right - left, bottom - top
    shared = np.minimum(small.right, right) - np.maximum(small.left, left)
    gap = np.maximum(small.top, top) - np.minimum(small.bottom, bottom)
    over = shared >= SAME_COLUMN * np.minimum(small.width, width)
    dot = (small.height < LOW * height) & (gap <= FARTHEST_DOT * height)
    dot &= over | ((shared >= -BESIDE * small.width) & (small.bottom <= top))
    flat = (small.height < FLAT * small.width) & (height < FLAT * width)
    bars = flat & over & (gap <= FARTHEST_BAR * np.minimum(small.width, width))
    stacked = over & (gap <= STACKED * height) & (small.height < PART * height)
    inside = (gap <= 0) & (shared >= INSIDE * small.width)
    belongs = np.flatnonzero(dot | bars | stacked | inside)
    return int(belongs[np.argmin(gap[belongs])]) if len(belongs) else None


def usual_height(pieces: list[Piece]) -> float:
    """Return the height that half of the ink exceeds: many specks do not lower it."""
    heights = np.array([piece.box.height for piece in pieces])
    areas = np.array([int(piece.mask.sum()) for piece in pieces])
    order = np.argsort(heights)
    return float(heights[order][np.searchsorted(np.cumsum(areas[order]), areas.sum() / 2)])


def find_lines(pieces: list[Piece]) -> list[list[Piece]]:
    """Return the pieces of each line from left to right, lines from top to bottom; the tallest pieces found them."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.box.height):
        line = next((line for line in lines if _shares_line(piece.box, line)), None)
        if line is None:
            lines.append([piece])
        else:
            line.append(piece)
    for line in lines:
        line.sort(key=lambda piece: piece.box.left + piece.box.right)
    return sorted(lines, key=lambda line: float(np.mean([piece.box.top + piece.box.bottom for piece in line])))


def _shares_line(box: Box, line: list[Piece]) -> bool:
    nearest = min(line, key=lambda piece: abs(piece.box.left + piece.box.right - box.left - box.right)).box
    shared = min(box.bottom, nearest.bottom) - max(box.top, nearest.top)
    return shared > SAME_LINE * min(box.height, nearest.height)
