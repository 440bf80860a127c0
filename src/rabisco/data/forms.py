"""Digits as much of the world writes them and MNIST hardly shows them, drawn by code.

MNIST was written in the United States. Elsewhere a 1 has a long flag and perhaps a foot, a 7 a bar across, and people
who drew a 1 with a flag were answered 7. Beside these two stand the forms that they and their neighbors are mistaken
for: a closed 4, a 9 on a straight stem, a 3 with a flat top, and a 7 without a bar. Strokes are drawn with y
downwards, about one unit high; ``rabisco.data.pen`` chooses size, slant, turn and pen.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabisco.data.content import fingerprint
from rabisco.data.dataset import Parts, Split
from rabisco.data.pen import TURN, Points, Random, draw_strokes

EXAMPLES = 5_000
SIDE = 64
LONGEST = 0.75  # side of a digit, for the pen turns and stretches it
FLAG_DEGREES = (28.0, 62.0)  # above the horizontal: below, it would be the bar of a 7
_SEED = 25


def read_digit_forms(class_names: tuple[str, ...], examples: int = EXAMPLES, seed: int = _SEED) -> Parts:
    """Return drawn digits as a train part, with an empty test part: reading the project's own drawings proves nothing.

    Images are uint8 ``(N, 64, 64, 1)``, bright ink on dark; the same seed draws the same.
    """
    random = np.random.default_rng(seed)
    forms, shares = zip(*((form, share) for form, _, share in _FORMS), strict=True)
    names = [name for _, name, _ in _FORMS]
    chosen = random.choice(len(forms), examples, p=shares)
    images = np.stack([_drawn(forms[which](random), random) for which in chosen])[..., np.newaxis]
    labels = np.array([class_names.index(names[which]) for which in chosen], dtype=np.int64)
    train = Split(images, labels)
    return Parts(train, train[:0], fingerprint([images.tobytes(), labels.tobytes()]))


def _drawn(strokes: list[Points], random: Random) -> NDArray[np.uint8]:
    """Return strokes as an image, uint8 ``(SIDE, SIDE)``, drawn in double size for soft edges, none cut off."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    strokes = [(stroke - (low + high) / 2) * (LONGEST / (high - low).max()) + 0.5 for stroke in strokes]
    ink = draw_strokes(strokes, random, 2 * SIDE)
    return np.asarray(np.round(255 * ink.reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))), np.uint8)


def _one(random: Random) -> list[Points]:
    """Return a 1 with a flag, at times with a foot."""
    top, bottom = np.zeros(2), np.array([random.normal(-0.05, 0.1), 1.0])
    width = random.uniform(0.12, 0.6)
    drop = min(width * np.tan(np.radians(random.uniform(*FLAG_DEGREES))), 0.62)
    flag = _curve((-width, drop), top, random.normal(0, 0.08))
    strokes = [_joined(flag, _curve(top, bottom, random.normal(0, 0.05)))]
    if random.random() < 0.3:
        half, tilt = random.uniform(0.15, 0.4), random.normal(0, 0.04)
        across = bottom[0] + random.normal(0, 0.06)
        strokes.append(_curve((across - half, 1 + tilt), (across + half, 1 - tilt), random.normal(0, 0.04)))
    return strokes


def _seven(random: Random) -> list[Points]:
    """Return a 7, mostly with a bar across its stem, at times with a tick at the left end of its top."""
    width, tilt = random.uniform(0.45, 0.8), random.normal(0, 0.04)
    left, right = np.array([0, tilt]), np.array([width, -tilt])
    bottom = np.array([width * random.uniform(-0.05, 0.75), 1.0])
    lines = [_curve(left, right, random.normal(0, 0.07)), _curve(right, bottom, random.normal(0.03, 0.07))]
    if random.random() < 0.35:
        lines.insert(0, _curve(left + np.array([random.normal(0, 0.03), random.uniform(0.06, 0.22)]), left))
    strokes = [_joined(*lines)]
    if random.random() < 0.7:
        middle = right + (bottom - right) * random.uniform(0.38, 0.62) + np.array([random.normal(0, 0.05), 0])
        half = np.array([random.uniform(0.18, 0.38), random.normal(0, 0.05)])
        strokes.append(_curve(middle - half, middle + half, random.normal(0, 0.04)))
    return strokes


def _four(random: Random) -> list[Points]:
    """Return a 4 that is closed at its top."""
    top = np.array([random.uniform(0.3, 0.5), 0.0])
    bar = random.uniform(0.5, 0.72)
    left = np.array([top[0] - random.uniform(0.3, 0.5), bar])
    right = np.array([top[0] + random.uniform(0.1, 0.4), bar + random.normal(0, 0.05)])
    stem = top + np.array([random.normal(0, 0.03), random.uniform(-0.02, 0.03)])
    bottom = np.array([top[0] + random.normal(-0.02, 0.05), 1.0])
    return [
        _joined(_curve(top, left, random.normal(0, 0.05)), _curve(left, right, random.normal(0, 0.03))),
        _curve(stem, bottom, random.normal(0, 0.03)),
    ]


def _three(random: Random) -> list[Points]:
    """Return a 3 with a flat top and a pointed waist."""
    width = random.uniform(0.45, 0.7)
    waist = np.array([width * random.uniform(0.3, 0.6), random.uniform(0.36, 0.5)])
    height = (1 - waist[1]) / 2
    angle = np.linspace(-0.25 * TURN, random.uniform(0.3, 0.475) * TURN, 24)
    reach = np.array([width - waist[0] + 0.08, height])
    bowl = waist + np.array([0, height]) + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    left, right = np.array([0, random.normal(0, 0.03)]), np.array([width, random.normal(0, 0.03)])
    top = _curve(left, right, random.normal(0, 0.04))
    return [_joined(top, _curve(right, waist, random.normal(0, 0.05)), bowl)]


def _nine(random: Random) -> list[Points]:
    """Return a 9 of a ring and a stem."""
    radius = np.array([random.uniform(0.2, 0.3), random.uniform(0.22, 0.3)])
    angle = np.linspace(0, -TURN, 30) + random.normal(0, 0.15)
    ring = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    bottom = np.array([radius[0] + random.normal(-0.05, 0.06), 1 - radius[1]])
    return [_joined(ring, _curve(ring[-1], bottom, random.normal(0, 0.06)))]


def _curve(start: ArrayLike, end: ArrayLike, bend: float = 0.0) -> Points:
    """Return a quadratic Bézier curve whose middle is pulled aside by ``bend``, a share of its length."""
    first, last = np.asarray(start, float), np.asarray(end, float)
    along = last - first
    pulled = (first + last) / 2 + bend * np.array([-along[1], along[0]])
    time = np.linspace(0, 1, 12)[:, np.newaxis]
    return np.asarray((1 - time) ** 2 * first + 2 * time * (1 - time) * pulled + time**2 * last)


def _joined(first: Points, *others: Points) -> Points:
    """Return one stroke of lines, each of which begins where the one before ends."""
    return np.concatenate([first, *(line[1:] for line in others)])


# Form, class and share of the examples.
_FORMS: tuple[tuple[Callable[[Random], list[Points]], str, float], ...] = (
    (_one, "1", 0.4),
    (_seven, "7", 0.3),
    (_four, "4", 0.12),
    (_nine, "9", 0.1),
    (_three, "3", 0.08),
)
