"""A picture becomes ink: how strongly each pixel was written on, whatever the colors of pen and paper."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rabisco.images.background import LEAST_SHADE, flatten_light, is_uneven
from rabisco.images.geometry import (
    FULL,
    GRAYS,
    border,
    bounding_box,
    brightness,
    fast_median,
    histogram,
    medians,
    stroke_width,
    weighted_median,
)
from rabisco.images.page import LEAST_PAGE, SHEET_CONTRAST, Region, find_sheet, inside_strips

SAMPLE = 6_000  # pixels are enough to describe paper
LEAST_CONTRAST = 14.0  # gray levels between pen and paper below which nothing has been written
MARGIN = 0.08  # of the shorter side
WEAKEST_STROKE = 0.65  # share of a full stroke's contrast up to which ink may be taken for rules on the paper

CLOSELY_CUT = 0.35  # share of the border that writing takes, from which the border's median may be the pen's color
TWO_COLORS = 0.8  # share of such a picture, at least, that is paper or pen and nothing between
FEWEST_CROSSINGS = 4
WIDEST_RULE = 0.02  # of the border's length, on average
LEAST_RING = 250  # pixels of border from which rules on the paper can be told from the soft edge of a stroke

SOLID = FULL // 2  # ink above it belongs to a stroke and not merely to its soft edge
THIN_LINE = 0.06  # share of a side that a line between cells is wide
EDGE = 0.08  # share of the shorter side along the border where page edges, frames and fingers lie


@dataclass(frozen=True)
class Ink:
    """What was written in a picture.

    Attributes:
        values: uint8 ``(H, W)``: 0 is no ink, 255 a full stroke; edges and weak strokes lie between.
        shades: uint8 ``(H, W)``: the picture as it was before, from the paper's side to the pen's.
        contrasts: float32 ``(256,)``, ascending: what each shade differs from the paper, in gray levels.
        origin: Row and column of the picture at which the ink's first row and column lie.
        shapes: Cache of normalized images and traits, keyed by what made them, so that another model can reuse them.
    """

    values: NDArray[np.uint8]
    shades: NDArray[np.uint8]
    contrasts: NDArray[np.float32] = field(default_factory=GRAYS.copy)
    origin: tuple[int, int] = (0, 0)
    shapes: dict[Any, NDArray[Any]] = field(default_factory=dict, repr=False)

    @property
    def blank(self) -> bool:
        """Whether nothing was written."""
        return self.box is None

    @cached_property
    def box(self) -> tuple[slice, slice] | None:
        """Rows and columns that hold all ink; ``None`` where there is none."""
        rows, columns = bounding_box(self.values)
        return (rows, columns) if rows.stop else None

    @cached_property
    def stages(self) -> dict[str, NDArray[np.uint8]]:
        """What there is to see on the way to it, by name, uint8 ``(H, W)``: light on dark, the ink, cut out."""
        polarity = np.clip(self.contrasts, 0, 255).astype(np.uint8)[self.shades]
        return {
            "polarity": polarity,
            "ink": self.values,
            "crop": self.values if self.box is None else self.values[self.box],
        }


def find_ink(picture: NDArray[np.uint8]) -> Ink:
    """Return the ink of a picture: dark on light or light on dark, in any colors, under any light.

    Where the picture shows a whole sheet on a desk, or a drawing in a frame, the ink is that of the sheet, and the
    result is as large as the sheet.

    Args:
        picture: RGB, uint8 ``(H, W, 3)``.
    """
    gray = _one_channel(picture)
    picture = picture if gray is None else gray
    origin = (0, 0)
    ring = border(picture)
    step = min(8, 1 + min(picture.shape[:2]) // 36)  # so a glance errs by about a hundredth of the picture
    glance = brightness(picture[::step, ::step]) - fast_median(brightness(ring))
    glance *= 1 if glance.sum() >= 0 else -1
    if np.count_nonzero(glance > SHEET_CONTRAST * glance.max()) >= 0.9 * LEAST_PAGE * glance.size:
        picture, origin = _cropped(picture, find_sheet(picture), origin)
        ring = border(picture)
    if ring.max() - ring.min() > LEAST_SHADE and np.ptp(brightness(ring)) > LEAST_SHADE and is_uneven(picture):
        picture, origin = _cropped(picture, inside_strips(picture), origin)
        picture = flatten_light(picture)
        ring = border(picture)
    shades, contrasts = shade(picture, ring)
    ink = Ink(np.zeros_like(shades), shades, contrasts, origin)
    paper, noise, full, above, counts = levels(shades, contrasts)
    if full:
        low = _lowest_ink(ink, counts, paper, noise, full)
        values = np.maximum((contrasts - low) * (FULL / (full - low)) + 0.5, contrasts > low)
        values = np.minimum(values, FULL).astype(np.uint8)
        ink.values[above] = cv2.LUT(shades[above], values)
        drop_marks(ink, above)
    return ink


def _cropped(
    picture: NDArray[np.uint8], region: Region | None, origin: tuple[int, int]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    if region is None:
        return picture, origin
    return picture[region], (origin[0] + region[0].start, origin[1] + region[1].start)


def shade(picture: NDArray[np.uint8], ring: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a picture in 256 shades along the line from the paper's to the pen's color, as ``Ink`` holds them.

    Args:
        picture: uint8, RGB ``(H, W, 3)`` or gray ``(H, W, 1)``.
        ring: Its outermost pixels; see ``border``.

    Returns:
        The shade of each pixel, uint8 ``(H, W)``, and what each shade differs from the paper, float32 ``(256,)``.
    """
    even = ring.tobytes() == ring[0].tobytes() * len(ring)  # NumPy would compare one color at a time
    paper = ring[0].astype(np.float32) if even else _paper_color(picture, ring)
    if picture.shape[2] == 1:
        lowest, highest, *_ = cv2.minMaxLoc(picture)
        if highest - paper[0] > paper[0] - lowest:
            return picture[..., 0], GRAYS - paper[0]
        return np.asarray(cv2.bitwise_not(picture), np.uint8), GRAYS - (255 - paper[0])
    difference = picture.astype(np.float32) - np.tile(paper, (picture.shape[1], 1))  # a row at a time, not a pixel
    strength = np.abs(difference) @ np.ones(3, np.float32)
    pen = difference[strength >= 0.5 * strength.max()].mean(axis=0)
    direction = pen / max(float(np.linalg.norm(pen)), 1e-6)
    contrast = difference @ direction.astype(np.float32)
    lowest, highest, *_ = cv2.minMaxLoc(contrast)
    width = max((highest - lowest) / 255, 1e-6)
    contrast -= np.float32(lowest)
    contrast *= np.float32(1 / width)
    contrast += np.float32(0.5)
    return contrast.astype(np.uint8), np.asarray(lowest + width * GRAYS, np.float32)


def _paper_color(picture: NDArray[np.uint8], ring: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the color of the paper, float32 ``(C,)``: the border's median, so polarity needs no decision of its own.

    Where a picture is cut so close that writing takes half of its border, and the border's median would make paper of
    the smaller part of the picture, the rest of the border is the paper.
    """
    paper = medians(ring)
    written = brightness(ring) - brightness(paper)
    far = np.abs(written) > 0.5 * np.abs(written).max()
    if np.count_nonzero(far) / len(far) > CLOSELY_CUT:
        other = medians(ring[far])
        sketch = picture[:: 1 + picture.shape[0] // 64, :: 1 + picture.shape[1] // 64].astype(np.float32)
        to_paper, to_other = np.abs(sketch - paper).sum(axis=2), np.abs(sketch - other).sum(axis=2)
        plain = np.minimum(to_paper, to_other) < 0.3 * np.abs(other - paper).sum()
        if plain.mean() > TWO_COLORS and (to_other < to_paper).mean() > 0.5:
            return other
    return paper


def _one_channel(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the channel of a picture, ``(H, W, 3)``, whose channels are equal, as ``(H, W, 1)``; else ``None``.

    ``decode`` says that they are by not repeating them.
    """
    if picture.strides[2] == 0:
        return np.ascontiguousarray(picture[..., :1])
    if not (picture[::16, :, 0] == picture[::16, :, 1]).all():
        return None
    red, green, blue = cv2.split(picture)
    if (red[::4] == green[::4]).all() and (green[::4] == blue[::4]).all():
        return np.asarray(red[..., np.newaxis])
    return None


def levels(
    shades: NDArray[np.uint8], contrasts: NDArray[np.float32]
) -> tuple[float, float, float, Region, NDArray[np.float32]]:
    """Return the contrast of the paper, its noise (standard deviation) and the contrast of a full stroke.

    Strokes may cover less than a hundredth of a picture, where a split of the histogram would only split the paper's
    noise. So the paper, which is 0 at the border, is described by median and median deviation of the lower half of the
    range, and strokes are what stands far above both. They are looked for inside the margin first, where no edge of
    the sheet can be darker than a pale pen.

    Args:
        shades: uint8 ``(H, W)``; see ``Ink``.
        contrasts: float32 ``(256,)``, ascending.

    Returns:
        ``(paper, noise, full, above, counts)``: three in gray levels, ``full`` 0 where nothing was written; the rows
        and columns outside of which nothing is above the paper, for on a clean sheet there is little to look at; and
        how many pixels in them have each shade, ``(256,)``.
    """
    step = math.ceil((shades.size / SAMPLE) ** 0.5)
    sample = histogram(np.ascontiguousarray(shades[::step, ::step]))
    sample[contrasts > 0.5 * contrasts[sample.nonzero()[0][-1]]] = 0
    paper = weighted_median(contrasts, sample)
    if 2 * sample[contrasts == np.float32(paper)].sum() > sample.sum():
        noise = 0.0
    else:
        deviations = np.abs(contrasts - np.float32(paper))
        order = deviations.argsort()
        noise = 1.4826 * weighted_median(deviations[order], sample[order])
    above = bounding_box(shades >= int(contrasts.searchsorted(paper, side="right")))  # a NumPy number would widen all
    counts = inside = histogram(shades[above])
    height, width = shades.shape
    margin = round(MARGIN * min(height, width))
    rows, columns = above
    if min(rows.start, columns.start, height - rows.stop, width - columns.stop) < margin:
        inner = slice(max(rows.start, margin), min(rows.stop, height - margin))
        inside = histogram(shades[inner, max(columns.start, margin) : min(columns.stop, width - margin)])
    for there, size in ((inside, (height - 2 * margin) * (width - 2 * margin)), (counts, shades.size)):
        strong = np.where(contrasts > paper + max(4 * noise, LEAST_CONTRAST / 2), there, 0)
        most = strong[::-1].cumsum()  # of the strongest pixels
        least = max(3, size // 5000)
        if most[-1] < least:
            continue
        peak = float(contrasts[255 - most.searchsorted(least)])
        if peak - paper >= max(LEAST_CONTRAST, 7 * noise):
            full = weighted_median(contrasts, np.where(contrasts >= paper + 0.7 * (peak - paper), strong, 0))
            return paper, noise, full, above, counts
    return paper, noise, 0.0, above, counts


def _lowest_ink(ink: Ink, counts: NDArray[np.float32], paper: float, noise: float, full: float) -> float:
    """Return the contrast at which ink begins: at the paper itself where that is clean, else above what disturbs it.

    A drawing ends before the border. What crosses the border and is weaker than the strokes is the paper's own: its
    rules, its folds, a rest of shade.

    Args:
        ink: Its shades are looked at.
        counts: How many pixels have each shade that is above the paper's, ``(256,)``.
        paper: In gray levels, as the two others; see ``levels``.
        noise: Of the paper.
        full: The contrast of a full stroke.
    """
    span = full - paper
    if noise < 1:
        weak, strong = paper + 0.12 * span, paper + 0.88 * span
        starts = ink.contrasts.searchsorted(np.array((paper + 1, weak), np.float32), side="right")
        stops = ink.contrasts.searchsorted(np.array((max(weak, paper + 1), strong), np.float32))
        faint, between = (float(counts[start:stop].sum()) for start, stop in zip(starts, stops, strict=True))
        if faint <= 2 + 0.5 * between:
            return paper
    lowest = max(4 * noise, 0.15 * span)
    ring = ink.contrasts[border(ink.shades)] - np.float32(paper)
    return paper + min(max(lowest, _rules(ring, lowest, span)), WEAKEST_STROKE * span)


def _rules(ring: NDArray[np.float32], lowest: float, span: float) -> float:
    """Return the contrast of the rules that cross the border in several narrow places; 0 where there are none."""
    above = ring > lowest
    edges = np.flatnonzero(np.diff(above, prepend=False, append=False))
    starts, widths = edges[::2], edges[1::2] - edges[::2]
    if len(ring) < LEAST_RING or len(starts) < FEWEST_CROSSINGS:
        return 0.0
    weak = np.maximum.reduceat(ring, starts) < WEAKEST_STROKE * span  # the others are strokes with soft edges
    crossings = np.count_nonzero(weak)
    if crossings < FEWEST_CROSSINGS or widths[weak].sum() > WIDEST_RULE * len(ring) * crossings:
        return 0.0
    return float(np.percentile(ring[above][np.repeat(weak, widths)], 90))


def drop_marks(ink: Ink, above: Region) -> None:
    """Take out of ink, in place, what cannot be part of a character.

    Args:
        ink: Changed in place.
        above: Rows and columns that hold all of it: what lies outside need not be looked at.
    """
    rows, columns = bounding_box(ink.values[above])
    if not rows.stop:
        return
    top, left = above[0].start, above[1].start
    rows, columns = slice(top + rows.start, top + rows.stop), slice(left + columns.start, left + columns.stop)
    box = vars(ink)["box"] = rows, columns
    cut = np.ascontiguousarray(ink.values[box])
    count, labels = cv2.connectedComponents(cut)
    if count == 2:  # the ground is one of the two: a drawing mostly is one piece
        return
    areas = np.bincount(labels[cut > SOLID], minlength=count)
    keep = areas >= _least_area(cut, float(areas.max()))
    keep[0] = False
    height, width = ink.values.shape
    if rows.start == 0 or columns.start == 0 or rows.stop == height or columns.stop == width:
        whole = np.zeros(ink.values.shape, np.int32)
        whole[box] = labels
        facts = cv2.connectedComponentsWithStats(cut)[2]  # of the same labels
        for marks in (_lies_along_border(whole, ink.values > SOLID, areas), _crosses_picture(facts, whole.shape)):
            if (keep & ~marks).any():
                keep &= ~marks
    if not keep[1:].all():
        ink.values[box] *= keep[labels]
        del vars(ink)["box"]


def _lies_along_border(
    labels: NDArray[np.int32], solid: NDArray[np.bool_], areas: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return for each label whether it touches the border and keeps mostly to the margin."""
    margin = max(1, round(EDGE * min(labels.shape)))
    touching = np.zeros(len(areas), bool)
    touching[border(labels)] = True
    inner = np.s_[margin:-margin, margin:-margin]
    inside = np.bincount(labels[inner][solid[inner]], minlength=len(areas))
    return np.asarray(touching & (inside < 0.4 * areas))


def _crosses_picture(facts: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return for each label whether it is a straight line from border to opposite border, as between cells of a form.

    Where one mark crosses the picture without being a line, the picture is cut close, and none is taken for a line.
    """
    height, width = shape
    tall, wide = facts[:, cv2.CC_STAT_HEIGHT], facts[:, cv2.CC_STAT_WIDTH]
    crossing = (tall == height) | (wide == width)
    line = crossing & (np.minimum(tall / height, wide / width) < THIN_LINE)
    return np.asarray(line & (line == crossing)[1:].all())


def _least_area(ink: NDArray[np.uint8], largest: float) -> float:
    """A dot is about as long as its pen is wide; what is much smaller is a speck."""
    return min(max(0.35 * stroke_width(ink) ** 2, 0.004 * largest, 1), largest)
