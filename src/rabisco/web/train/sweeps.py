"""``/sweeps``: one recipe trained with several combinations of settings, told in a table and a picture, live."""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import render_template, url_for
from flask_babel import LazyString, gettext, lazy_gettext
from pydantic import BaseModel, Field

from rabisco.runs import State, sweeps
from rabisco.runs.states import STATES
from rabisco.runs.sweeps import SweepStanding, parse_sweep
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.formats import percent
from rabisco.web.platform.outages import known
from rabisco.web.platform.problems import redirect_or_answer, wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.platform.schemas import Probability
from rabisco.web.platform.visitors import queued_as

blueprint = DocumentedBlueprint("sweeps", __name__)

EXAMPLE = """recipe = "digits-linear"
solver = "adamw"
epochs = 10

[grid]
learning_rate = [0.001, 0.01, 0.1]
batch_size = [32, 128]
"""
MOST_SHOWN = 50
STEP, HEIGHT, MARGIN = 150, 260, 30  # of the picture: units between two axes, of an axis, around them
# What can be asked of a sweep: what does it, and its summary.
ACTIONS: dict[str, tuple[Callable[[str], SweepStanding], LazyString]] = {
    "resume": (
        sweeps.resume_all,
        lazy_gettext("Lets the trainings of a sweep that ended early go on from their last checkpoints."),
    ),
    "cancel": (sweeps.cancel, lazy_gettext("Cancels every training of a sweep that has not ended.")),
    "stop": (
        sweeps.stop,
        lazy_gettext("Ends a sweep: what trains keeps its best weights so far, what waits or pauses is cancelled."),
    ),
}


class SweepOrder(Fields):
    """A sweep, as ``rabisco sweep`` reads it from a file."""

    requests: ClassVar[Requests] = ({"sweep": EXAMPLE, "name": "rates"},)

    sweep: str = Field(
        description="TOML: `recipe`, `search`, settings, and a table `grid` of lists or ranges.", max_length=20_000
    )
    name: str = Field("sweep", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", description="What it is called.")


class TrialSchema(BaseModel):
    """One training of a sweep: its settings, how it stands, its epochs and its best accuracy on validation images."""

    id: str
    values: dict[str, bool | int | float | str]
    state: State
    epochs: int
    validation_accuracy: Probability | None


class SweepSchema(BaseModel):
    """A sweep; `best` is chosen on validation images once all have ended, and only its test accuracy is told."""

    name: str
    ended: bool
    trainings: list[TrialSchema]
    best: str | None
    test_accuracy: Probability | None
    test_accuracy_low: Probability | None
    test_accuracy_high: Probability | None

    @classmethod
    def of(cls, standing: SweepStanding) -> "SweepSchema":
        """Return a sweep as it stands."""
        best = standing.best
        metrics = (best.run.metrics or {}) if best else {}
        return cls(
            name=standing.name,
            ended=standing.ended,
            trainings=[
                TrialSchema(
                    id=one.run.id,
                    values=one.values,
                    state=one.run.state,
                    epochs=len(one.history),
                    validation_accuracy=one.accuracy,
                )
                for one in standing.trials
            ],
            best=best.run.id if best else None,
            test_accuracy=best.run.accuracy if best else None,
            test_accuracy_low=metrics.get("test_accuracy_low"),
            test_accuracy_high=metrics.get("test_accuracy_high"),
        )


class Sweeps(BaseModel):
    """The sweeps, the newest first."""

    sweeps: list[SweepSchema]


@blueprint.get(
    "/sweeps",
    summary=lazy_gettext("Lists the sweeps, the newest first: one recipe with several combinations of settings."),
    answer=Sweeps,
    page=True,
    problems=(507,),
)
def list_sweeps() -> Answered:
    """List the sweeps."""
    found: list[SweepStanding] = known(lambda: [sweeps.standing(name) for name in sweeps.names()[:MOST_SHOWN]], [])
    if wants_page():
        return render_template("train/sweeps.html", sweeps=found, example=EXAMPLE)
    return Sweeps(sweeps=[SweepSchema.of(one) for one in found])


@blueprint.post(
    "/sweeps",
    summary=lazy_gettext("Orders a training for every combination that “sweep” (TOML) describes; answers at once."),
    examples=("curl --data-urlencode sweep@digits.toml {url}/sweeps",),
    answer=SweepSchema,
    page=True,
    receives=SweepOrder,
    problems=(400, 404, 422, 507),
    success=202,
)
def start_sweep() -> Answered:
    """Order a sweep."""
    asked = given(SweepOrder)
    standing = sweeps.order(parse_sweep(asked.sweep, asked.name), queued_as())
    return _answer(standing)


@blueprint.get(
    "/sweeps/<sweep_name>",
    summary=lazy_gettext("How a sweep stands; the page keeps itself up to date."),
    answer=SweepSchema,
    page=True,
    problems=(404, 507),
)
def get_sweep(sweep_name: str) -> Answered:
    """Show one sweep."""
    standing = sweeps.standing(sweep_name)
    if not wants_page():
        return SweepSchema.of(standing)
    words: dict[str, Any] = {"states": STATES, "best": standing.best, "picture": _picture(standing)}
    ranked = sorted(standing.trials, key=lambda one: one.accuracy or -1.0, reverse=True)
    return render_template("train/sweep.html", sweep=standing, ranked=ranked, **words)


def act(sweep_name: str, action: str) -> Answered:
    """Stop, cancel or resume the trainings of a sweep."""
    return _answer(ACTIONS[action][0](sweep_name))


for _action, (_, _summary) in ACTIONS.items():
    blueprint.post(
        f"/sweeps/<sweep_name>/{_action}",
        operation=f"{_action}_sweep",
        summary=_summary,
        defaults={"action": _action},
        answer=SweepSchema,
        page=True,
        problems=(404, 507),
        success=202,
    )(act)


def _picture(standing: SweepStanding) -> dict[str, Any] | None:
    """Return the trainings as lines across their settings to their accuracy; ``None`` before any came to one.

    Of a line: name, points as ``polyline`` wants them, strength from 0.15, the worst, to 1, and whether it is dashed.
    Of an axis: title, where it stands, and its values with their heights.
    """
    accuracies = [(one.accuracy, one) for one in standing.trials if one.accuracy is not None]
    accuracies.sort(key=lambda one: one[0])
    if not accuracies:
        return None
    trials = [one for _, one in accuracies]
    columns = {name: [one.values.get(name) for one in trials] for name in standing.varied}
    if any(one.run.request.get("pauses") for one in trials):
        columns[gettext("Epochs")] = [len(one.history) for one in trials]
    axes, points = [], [list[str]() for _ in trials]
    for place, (title, column) in enumerate(columns.items()):
        across, values = MARGIN + place * STEP, sorted(set(column), key=_in_order)
        heights = {value: _height(_share(rank, 0, len(values) - 1)) for rank, value in enumerate(values)}
        axes.append({"title": title, "across": across, "marks": [(heights[one], _said(one)) for one in values]})
        for line, value in zip(points, column, strict=True):
            line.append(f"{across},{heights[value]:.1f}")
    last, low, high = MARGIN + len(columns) * STEP, accuracies[0][0], accuracies[-1][0]
    ends = [(_height(_share(one, low, high)), percent(one, 2)) for one in sorted({low, high})]
    axes.append({"title": gettext("validation accuracy"), "across": last, "marks": ends})
    lines = []
    for line, (accuracy, one) in zip(points, accuracies, strict=True):
        share, is_dashed = _share(accuracy, low, high), one.run.state in ("paused", "outdone")
        text = " ".join([*line, f"{last},{_height(share):.1f}"])
        strength = round(0.15 + 0.85 * share, 2)
        lines.append({"name": one.run.name, "points": text, "strength": strength, "is_dashed": is_dashed})
    return {"axes": axes, "lines": lines, "width": last + STEP, "height": HEIGHT + 2 * MARGIN}


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _height(share: float) -> float:
    return MARGIN + HEIGHT * (1 - share)


def _in_order(value: Any) -> tuple[bool, Any]:
    return (False, value) if isinstance(value, (int, float)) else (True, str(value))


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _answer(standing: SweepStanding) -> Answered:
    """Answer an order: a browser with the sweep's page, a program with the sweep as it stands."""
    address = url_for("sweeps.get_sweep", sweep_name=standing.name)
    return redirect_or_answer(address, lambda: SweepSchema.of(standing), located=True)
