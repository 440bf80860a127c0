"""A picture becomes ink: how strongly each pixel was written on, whatever the colors of pen and paper."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rabisco.images.background import LEAST_SHADE, flatten_light, is_uneven
from rabisco.images.geometry import border, bounding_box, brightness, fast_median, medians, stroke_width
from rabisco.images.page import LEAST_PAGE, SHEET_CONTRAST, Region, find_sheet, inside_strips

SAMPLE = 6_000  # pixels are enough to describe paper
LEAST_CONTRAST = 14.0  # gray levels between pen and paper below which nothing has been written
MARGIN = 0.08  # of the shorter side
WIDEST_STROKE = 0.28  # of the longer side, under uneven light
WEAKEST_STROKE = 0.65  # share of a full stroke's contrast up to which ink may be taken for rules on the paper

CLOSELY_CUT = 0.35  # share of the border that writing takes, from which the border's median may be the pen's color
TWO_COLORS = 0.8  # share of such a picture, at least, that is paper or pen and nothing between
FEWEST_CROSSINGS = 4
WIDEST_RULE = 0.02  # of the border's length, on average
LEAST_RING = 250  # pixels of border from which rules on the paper can be told from the soft edge of a stroke

SOLID = 0.5  # ink from here on belongs to a stroke and not merely to its soft edge
THIN_LINE = 0.06  # share of a side that a line between cells is wide
EDGE = 0.08  # share of the shorter side along the border where page edges, frames and fingers lie


@dataclass(frozen=True)
class Ink:
    """What was written in a picture.

    Attributes:
        values: float32 ``(H, W)`` in [0, 1], bright = ink; edges and weak strokes lie between.
        contrast: float32 ``(H, W)``, difference from the paper before thresholding, in gray levels.
        origin: Row and column of the picture at which the ink's first row and column lie.
    """

    values: NDArray[np.float32]
    contrast: NDArray[np.float32]
    origin: tuple[int, int] = (0, 0)

    @property
    def blank(self) -> bool:
        """Whether nothing was written."""
        return self.box is None

    @cached_property
    def box(self) -> tuple[slice, slice] | None:
        """Rows and columns that hold all ink; ``None`` where there is none."""
        written = self.values > 0
        return bounding_box(written) if written.any() else None

    @cached_property
    def shapes(self) -> dict[Any, NDArray[Any]]:
        """What was made of it for one model, by what made it: the next model need not make the same again."""
        return {}

    @cached_property
    def stages(self) -> dict[str, NDArray[np.uint8]]:
        """What there is to see on the way to it, by name, uint8 ``(H, W)``: light on dark, the ink, cut out."""
        ink = (self.values * 255).astype(np.uint8)
        polarity = np.clip(self.contrast, 0, 255).astype(np.uint8)
        return {"polarity": polarity, "ink": ink, "crop": ink if self.box is None else ink[self.box]}


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
    shades = brightness(border(picture))
    glance = np.abs(brightness(picture[::8, ::8]) - fast_median(shades))
    if (glance > SHEET_CONTRAST * glance.max()).mean() >= 0.7 * LEAST_PAGE:
        picture, origin = _cropped(picture, find_sheet(picture), origin)
        shades = brightness(border(picture))
    if np.ptp(shades) > LEAST_SHADE and is_uneven(picture):
        picture, origin = _cropped(picture, inside_strips(picture), origin)
        picture = flatten_light(picture, WIDEST_STROKE)
    contrast = color_contrast(picture)
    ink = Ink(np.zeros_like(contrast), contrast, origin)
    paper, noise, full, above = levels(contrast)
    if full > 0:
        low = _lowest_ink(contrast, above, paper, noise, full)
        values = contrast[above] - np.float32(low)
        values *= np.float32(1 / (full - low))
        np.clip(values, 0, 1, out=ink.values[above])
        drop_marks(ink, above)
    return ink


def _cropped(
    picture: NDArray[np.uint8], region: Region | None, origin: tuple[int, int]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    if region is None:
        return picture, origin
    return picture[region], (origin[0] + region[0].start, origin[1] + region[1].start)


def color_contrast(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return each pixel's difference from the paper, along the line from the paper's to the pen's color.

    Args:
        picture: uint8, RGB ``(H, W, 3)`` or gray ``(H, W, 1)``.
    """
    ring = border(picture)
    paper = ring[0].astype(np.float32) if (ring == ring[0]).all() else _paper_color(picture, ring)
    if picture.shape[2] == 1:
        gray = np.asarray(picture[..., 0] - paper[0], dtype=np.float32)
        lowest, highest, *_ = cv2.minMaxLoc(gray)
        return gray if highest > -lowest else -gray
    difference = picture.astype(np.float32) - np.tile(paper, (picture.shape[1], 1))  # a row at a time, not a pixel
    strength = np.abs(difference) @ np.ones(3, np.float32)
    pen = difference[strength >= 0.5 * strength.max()].mean(axis=0)
    direction = pen / max(float(np.linalg.norm(pen)), 1e-6)
    return np.asarray(difference @ direction.astype(np.float32), dtype=np.float32)


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


def levels(contrast: NDArray[np.float32]) -> tuple[float, float, float, Region]:
    """Return the contrast of the paper, its noise (standard deviation) and the contrast of a full stroke.

    Strokes may cover less than a hundredth of a picture, where a split of the histogram would only split the paper's
    noise. So the paper, which is 0 at the border, is described by median and median deviation of the lower half of the
    range, and strokes are what stands far above both. They are looked for inside the margin first, where no edge of
    the sheet can be darker than a pale pen.

    Returns:
        ``(paper, noise, full, above)`` in gray levels; ``full`` is 0 where nothing was written. ``above`` are the rows
        and columns outside of which nothing is above the paper: on a clean sheet there is little to look at.
    """
    step = math.ceil((contrast.size / SAMPLE) ** 0.5)
    calm = np.ascontiguousarray(contrast[::step, ::step])
    calm = calm[calm <= 0.5 * calm.max()]
    paper = fast_median(calm)
    noise = 1.4826 * fast_median(np.abs(calm - np.float32(paper)))
    above = bounding_box(contrast > paper)
    margin = round(MARGIN * min(contrast.shape))
    inside = tuple(
        slice(max(one.start, margin), max(min(one.stop, side - margin), margin))
        for one, side in zip(above, contrast.shape, strict=True)
    )
    sizes = (contrast.shape[0] - 2 * margin) * (contrast.shape[1] - 2 * margin), contrast.size
    for region, size in zip((inside, above), sizes, strict=True):
        part = contrast[region]
        strong = part[part > paper + max(4 * noise, LEAST_CONTRAST / 2)]
        place = strong.size - max(3, size // 5000)
        if place < 0:
            continue
        peak = float(np.partition(strong, (place,))[place])
        if peak - paper >= max(LEAST_CONTRAST, 7 * noise):
            return paper, noise, fast_median(strong[strong >= paper + 0.7 * (peak - paper)]), above
    return paper, noise, 0.0, above


def _lowest_ink(contrast: NDArray[np.float32], above: Region, paper: float, noise: float, full: float) -> float:
    """Return the contrast at which ink begins: at the paper itself where that is clean, else above what disturbs it.

    A drawing ends before the border. What crosses the border and is weaker than the strokes is the paper's own: its
    rules, its folds, a rest of shade.
    """
    span = full - paper
    if noise < 1:
        weak, strong = paper + 0.12 * span, paper + 0.88 * span
        part = np.ascontiguousarray(contrast[above])
        faint = np.count_nonzero(part > paper + 1) - np.count_nonzero(part >= max(weak, paper + 1))
        if faint <= 2:
            return paper
        if faint <= 2 + 0.5 * (np.count_nonzero(part > weak) - np.count_nonzero(part >= strong)):
            return paper
    lowest = max(4 * noise, 0.15 * span)
    return paper + min(max(lowest, _rules(border(contrast - np.float32(paper)), lowest, span)), WEAKEST_STROKE * span)


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
    """Take out of ink what cannot be part of a character.

    Args:
        ink: Changed in place.
        above: Rows and columns that hold all of it: what lies outside need not be looked at.
    """
    written = ink.values[above] > 0
    if not written.any():
        return
    tight = bounding_box(written)
    cut = np.ascontiguousarray(written[tight]).view(np.uint8)
    box = tuple(slice(a.start + t.start, a.start + t.stop) for a, t in zip(above, tight, strict=True))
    if cv2.connectedComponents(cut)[0] == 2:  # the ground is one of the two: a drawing mostly is one piece
        vars(ink)["box"] = box
        return
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(cut)
    labels = np.zeros(ink.values.shape, np.int32)
    labels[box] = pieces
    solid = (ink.values > SOLID).ravel()
    areas = np.bincount(labels.ravel()[solid], minlength=count)
    keep = areas >= _least_area(ink.values, float(areas.max()))
    keep[0] = False
    for marks in (_lies_along_border(labels, solid, areas), _crosses_picture(facts, ink.values.shape)):
        if (keep & ~marks).any():
            keep &= ~marks
    ink.values[box][~keep[pieces]] = 0


def _lies_along_border(
    labels: NDArray[np.int32], solid: NDArray[np.bool_], areas: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return for each label whether it touches the border and keeps mostly to the margin."""
    margin = max(1, round(EDGE * min(labels.shape)))
    ring = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(len(areas), bool)
    touching[ring] = True
    inner = labels[margin:-margin, margin:-margin].ravel()
    inner_solid = solid.reshape(labels.shape)[margin:-margin, margin:-margin].ravel()
    inside = np.bincount(inner[inner_solid], minlength=len(areas))
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


def _least_area(ink: NDArray[np.float32], largest: float) -> float:
    """A dot is about as long as its pen is wide; what is much smaller is a speck."""
    return min(max(0.35 * stroke_width(ink) ** 2, 0.004 * largest, 1), largest)
