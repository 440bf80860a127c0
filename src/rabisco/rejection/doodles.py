"""Drawings that are no characters: scribbles, shapes, little pictures and patterns, each from a few strokes."""

from collections.abc import Callable

import numpy as np

from rabisco.data.pen import TURN, Points, Random, circle, smooth


def zigzag(random: Random) -> list[Points]:
    """Return a pen going to and fro."""
    turns = int(random.integers(7, 25))
    across = np.linspace(0, 1, turns) + random.normal(0, 0.02, turns)
    down = np.where(np.arange(turns) % 2, random.uniform(0.6, 1, turns), random.uniform(0, 0.4, turns))
    points = np.stack([across, down], axis=1)
    return [points if random.random() < 0.5 else points[:, ::-1]]


def tangle(random: Random) -> list[Points]:
    """Return one long wandering stroke that crosses itself."""
    return [smooth(random.uniform(0, 1, (int(random.integers(12, 28)), 2)))]


def loops(random: Random) -> list[Points]:
    """Return a row of loops, as when trying a pen."""
    turns = int(random.integers(4, 9))
    time = np.linspace(0, 1, 40 * turns)
    radius = random.uniform(0.15, 0.4) * (1 + 0.2 * np.sin(TURN * 3 * time + random.uniform(0, 6)))
    across = 0.2 + 0.6 * time + radius * np.cos(TURN * turns * time)
    return [np.stack([across, 0.5 + radius * np.sin(TURN * turns * time)], axis=1)]


def spiral(random: Random) -> list[Points]:
    """Return a spiral of at least three turns."""
    time = np.linspace(0.02, 1, 300)
    angle = TURN * random.uniform(3, 7) * time + random.uniform(0, 6)
    return [0.5 + 0.5 * time[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)]


def strokes(random: Random) -> list[Points]:
    """Return many short strokes in all directions."""
    starts = random.uniform(0, 1, (int(random.integers(7, 30)), 2))
    return [np.stack([start, start + random.normal(0, 0.25, 2)]).clip(0, 1) for start in starts]


def wave(random: Random) -> list[Points]:
    """Return one or more wavy lines."""
    time = np.linspace(0, 1, 120)
    lines = int(random.integers(1, 5))
    return [
        np.stack([time, (line + 0.5) / lines + 0.3 / lines * np.sin(TURN * random.uniform(3, 8) * time)], axis=1)
        for line in range(lines)
    ]


def hatching(random: Random) -> list[Points]:
    """Return parallel lines, crossed or not."""
    places = np.linspace(0, 1, int(random.integers(5, 12)))
    lines = [np.array([[place, 0.0], [place + random.normal(0, 0.03), 1.0]]) for place in places]
    return lines if random.random() < 0.5 else [*lines, *(line[:, ::-1] for line in lines)]


def smiley(random: Random) -> list[Points]:
    """Return a face: a ring, two eyes, a mouth."""
    eye = random.uniform(0.02, 0.07)
    mouth = circle(0.5, 0.5, random.uniform(0.22, 0.34), 0.08, 0.42)
    return [circle(0.5, 0.5, 0.5), circle(0.33, 0.36, eye), circle(0.67, 0.36, eye), mouth]


def flower(random: Random) -> list[Points]:
    """Return petals around a middle, on a stalk."""
    petals = int(random.integers(5, 9))
    angles = TURN * np.arange(petals) / petals
    ring = [circle(0.5 + 0.22 * np.cos(angle), 0.3 + 0.22 * np.sin(angle), 0.11) for angle in angles]
    return [circle(0.5, 0.3, 0.12), *ring, np.array([[0.5, 0.55], [0.5, 1.0]])]


def house(random: Random) -> list[Points]:
    """Return a house with a door, perhaps a window."""
    walls = np.array([[0.1, 0.4], [0.1, 1], [0.9, 1], [0.9, 0.4], [0.5, 0], [0.1, 0.4], [0.9, 0.4]])
    door = np.array([[0.4, 1], [0.4, 0.7], [0.6, 0.7], [0.6, 1]])
    window = np.array([[0.7, 0.55], [0.82, 0.55], [0.82, 0.7], [0.7, 0.7], [0.7, 0.55]])
    return [walls, door, window] if random.random() < 0.5 else [walls, door]


def star(random: Random) -> list[Points]:
    """Return a star drawn in one line."""
    angles = TURN * (np.arange(6) * 2 / 5) + random.normal(0, 0.05, 6) - np.pi / 2
    return [0.5 + 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)]


def sun(random: Random) -> list[Points]:
    """Return a ring with rays."""
    rays = TURN * np.arange(int(random.integers(7, 14))) / 10
    ends = [np.outer((0.3, 0.5), (np.cos(angle), np.sin(angle))) + 0.5 for angle in rays]
    return [circle(0.5, 0.5, 0.22), *ends]


def heart(random: Random) -> list[Points]:
    """Return a heart."""
    time = np.linspace(0, TURN, 80)
    across = 16 * np.sin(time) ** 3
    down = -(13 * np.cos(time) - 5 * np.cos(2 * time) - 2 * np.cos(3 * time) - np.cos(4 * time))
    return [np.stack([across, down], axis=1) / 34 + 0.5 + random.normal(0, 0.005, (80, 2))]


def tree(random: Random) -> list[Points]:
    """Return a fir: stacked triangles on a trunk."""
    layers = int(random.integers(2, 5))
    tops = np.linspace(0, 0.6, layers)
    crowns = [np.array([[0.5, top], [0.15, top + 0.3], [0.85, top + 0.3], [0.5, top]]) for top in tops]
    return [*crowns, np.array([[0.45, 0.9], [0.45, 1], [0.55, 1], [0.55, 0.9]])]


def figure(random: Random) -> list[Points]:
    """Return a stick figure."""
    hip, hand = random.uniform(0.6, 0.7), random.uniform(0.25, 0.55)
    return [
        circle(0.5, 0.13, 0.13),
        np.array([[0.5, 0.26], [0.5, hip]]),
        np.array([[0.2, hand], [0.5, 0.4], [0.8, hand]]),
        np.array([[0.3, 1], [0.5, hip], [0.7, 1]]),
    ]


def envelope(random: Random) -> list[Points]:
    """Return a rectangle with both diagonals or a flap."""
    frame = np.array([[0, 0.2], [1, 0.2], [1, 0.8], [0, 0.8], [0, 0.2]])
    if random.random() < 0.5:
        return [frame, np.array([[0, 0.2], [0.5, 0.55], [1, 0.2]])]
    return [frame, np.array([[0, 0.2], [1, 0.8]]), np.array([[1, 0.2], [0, 0.8]])]


def cube(random: Random) -> list[Points]:
    """Return a cube in perspective."""
    shift = random.uniform(0.2, 0.35)
    front = np.array([[0, shift], [0, 1], [1 - shift, 1], [1 - shift, shift], [0, shift]])
    back = front + np.array([shift, -shift])
    edges = [np.stack([one, other]) for one, other in zip(front[:4], back[:4], strict=True)]
    return [front, back, *edges]


def grid(random: Random) -> list[Points]:
    """Return lines across and down, as a board for a game."""
    places = np.linspace(0, 1, int(random.integers(4, 8)))
    down = [np.array([[place, 0], [place, 1]]) for place in places]
    return [*down, *(line[:, ::-1] for line in down)]


def dots(random: Random) -> list[Points]:
    """Return many dots."""
    radius = random.uniform(0.01, 0.04)
    centers = random.uniform(0, 1, (int(random.integers(6, 40)), 2))
    return [circle(x, y, radius) for x, y in centers]


def blob(random: Random) -> list[Points]:
    """Return the outline of a spot of ink, to be filled."""
    angles = np.linspace(0, TURN, 60)
    radius = 0.4 + sum(
        random.normal(0, 0.05) * np.cos(number * angles + random.uniform(0, 6)) for number in range(1, 6)
    )
    return [0.5 + np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)]


def polygon(random: Random) -> list[Points]:
    """Return the outline of a block with some corners, to be filled."""
    corners = int(random.integers(3, 8))
    angles = TURN * (np.arange(corners) + random.uniform(-0.2, 0.2, corners)) / corners + random.uniform(0, 6)
    return [0.5 + 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)]


Doodle = Callable[[Random], list[Points]]
SCRIBBLES: tuple[Doodle, ...] = (zigzag, tangle, loops, spiral, strokes, wave, hatching)
DRAWINGS: tuple[Doodle, ...] = (smiley, flower, house, star, sun, heart, tree, figure, envelope, cube, grid, dots)
FILLED: tuple[Doodle, ...] = (blob, polygon)
