"""Trainings of a sweep as lines across their settings to the accuracy that each came to: where a page draws them."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from rabisco.runs.sweeps import SweepStanding
from rabisco.web.platform.formats import percent

STEP, HEIGHT, MARGIN = 150, 260, 30  # units between two axes, of an axis, around them


@dataclass(frozen=True)
class ParallelAxis:
    """One setting, or the accuracy.

    Attributes:
        title: What it is called.
        across: Where it stands.
        marks: Its values with their heights.
    """

    title: str
    across: int
    marks: list[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """One training.

    Attributes:
        name: Of the training.
        points: As ``polyline`` wants them.
        strength: From 0.15, the worst, to 1, the best.
        is_dashed: Whether it pauses, or others have outdone it.
    """

    name: str
    points: str
    strength: float
    is_dashed: bool


@dataclass(frozen=True)
class ParallelPicture:
    """All of them; ``width`` and ``height`` in the units of the lines."""

    axes: list[ParallelAxis]
    lines: list[Line]
    width: int
    height: int

    @property
    def dashes(self) -> bool:
        """Whether any line is dashed."""
        return any(line.is_dashed for line in self.lines)


def picture_of(standing: SweepStanding) -> ParallelPicture | None:
    """Return where the lines go; ``None`` where no training has come to an accuracy yet."""
    trials = [one for one in standing.trials if one.accuracy is not None]
    if not trials:
        return None
    accuracies = [one.accuracy or 0.0 for one in trials]
    low, high = min(accuracies), max(accuracies)
    axes, places = [], []
    columns = {name: [one.values.get(name) for one in trials] for name in standing.varied}
    if any(one.run.request.get("pauses") for one in trials):
        columns[gettext("Epochs")] = [len(one.history) for one in trials]
    for at, (name, column) in enumerate(columns.items()):
        values = sorted(set(column), key=_in_order)
        axes.append(
            ParallelAxis(name, _across(at), [(_height(values.index(one), len(values)), _said(one)) for one in values])
        )
        places.append({one: _height(rank, len(values)) for rank, one in enumerate(values)})
    last = _across(len(axes))
    ends = [low, high] if high > low else [low]
    marks = [(_height(rank, len(ends)), percent(one, 2)) for rank, one in enumerate(ends)]
    lines = []
    for row, (trial, accuracy) in sorted(enumerate(zip(trials, accuracies, strict=True)), key=lambda one: one[1][1]):
        share = (accuracy - low) / (high - low) if high > low else 0.5
        points = [
            (axis.across, where[column[row]])
            for axis, where, column in zip(axes, places, columns.values(), strict=True)
        ]
        points.append((last, _scaled(share)))
        text = " ".join(f"{across},{height:.1f}" for across, height in points)
        waits = trial.run.state in ("paused", "outdone")
        lines.append(Line(trial.run.name, text, round(0.15 + 0.85 * share, 2), waits))
    axes.append(ParallelAxis(gettext("validation accuracy"), last, marks))
    return ParallelPicture(axes, lines, last + STEP, HEIGHT + 2 * MARGIN)


def _across(at: int) -> int:
    return MARGIN + at * STEP


def _height(rank: int, count: int) -> float:
    return _scaled(rank / (count - 1) if count > 1 else 0.5)


def _scaled(share: float) -> float:
    return MARGIN + HEIGHT * (1 - share)


def _in_order(value: Any) -> tuple[bool, Any]:
    return (False, value) if isinstance(value, (int, float)) else (True, str(value))


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
