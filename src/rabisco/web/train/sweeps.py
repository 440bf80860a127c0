"""``/sweeps``: one recipe trained with several combinations of settings, told in a table and a picture, live."""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import lazy_gettext
from pydantic import BaseModel, Field

from rabisco.runs import State, sweeps
from rabisco.runs.states import STATES
from rabisco.runs.sweeps import SweepStanding, parse_sweep
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.outages import known
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, route
from rabisco.web.platform.schemas import Probability
from rabisco.web.platform.visitors import queued_as
from rabisco.web.train.parallel import picture_of

blueprint = Blueprint("sweeps", __name__)

EXAMPLE = """recipe = "digits-linear"
solver = "adamw"
epochs = 10

[grid]
learning_rate = [0.001, 0.01, 0.1]
batch_size = [32, 128]
"""
MOST_SHOWN = 50
ACTIONS: dict[str, Callable[[str], SweepStanding]] = {
    "stop": sweeps.stop,
    "cancel": sweeps.cancel,
    "resume": sweeps.resume_all,
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


ORDER: dict[str, Any] = {"answer": SweepSchema, "page": True, "problems": (404, 507), "success": 202}


class Sweeps(BaseModel):
    """The sweeps, the newest first."""

    sweeps: list[SweepSchema]


@route(
    blueprint,
    "GET",
    "/sweeps",
    "list_sweeps",
    lazy_gettext("Lists the sweeps, the newest first: one recipe with several combinations of settings."),
    ("curl {url}/sweeps",),
    answer=Sweeps,
    page=True,
    problems=(507,),
)
def index() -> Answered:
    """List the sweeps."""
    found: list[SweepStanding] = known(lambda: [sweeps.standing(name) for name in sweeps.names()[:MOST_SHOWN]], [])
    if wants_page():
        return render_template("train/sweeps.html", sweeps=found, example=EXAMPLE)
    return Sweeps(sweeps=[SweepSchema.of(one) for one in found])


@route(
    blueprint,
    "POST",
    "/sweeps",
    "start_sweep",
    lazy_gettext("Orders a training for every combination that “sweep” (TOML) describes; answers at once."),
    ("curl --data-urlencode sweep@digits.toml {url}/sweeps",),
    answer=SweepSchema,
    page=True,
    receives=SweepOrder,
    problems=(400, 404, 422, 507),
    success=202,
)
def start() -> Answered:
    """Order a sweep."""
    asked = given(SweepOrder)
    standing = sweeps.order(parse_sweep(asked.sweep, asked.name), queued_as())
    return _answer(standing)


@route(
    blueprint,
    "GET",
    "/sweeps/<sweep_name>",
    "get_sweep",
    lazy_gettext("How a sweep stands; the page keeps itself up to date."),
    ("curl {url}/sweeps/$SWEEP",),
    answer=SweepSchema,
    page=True,
    problems=(404, 507),
)
def show(sweep_name: str) -> Answered:
    """Show one sweep."""
    standing = sweeps.standing(sweep_name)
    if not wants_page():
        return SweepSchema.of(standing)
    words: dict[str, Any] = {"states": STATES, "best": standing.best, "picture": picture_of(standing)}
    ranked = sorted(standing.trials, key=lambda one: one.accuracy or -1.0, reverse=True)
    return render_template("train/sweep.html", sweep=standing, ranked=ranked, **words)


@route(
    blueprint,
    "POST",
    "/sweeps/<sweep_name>/stop",
    "stop_sweep",
    lazy_gettext("Ends a sweep: what trains keeps its best weights so far, what waits or pauses is cancelled."),
    ("curl -X POST {url}/sweeps/$SWEEP/stop",),
    defaults={"action": "stop"},
    **ORDER,
)
@route(
    blueprint,
    "POST",
    "/sweeps/<sweep_name>/cancel",
    "cancel_sweep",
    lazy_gettext("Cancels every training of a sweep that has not ended."),
    ("curl -X POST {url}/sweeps/$SWEEP/cancel",),
    defaults={"action": "cancel"},
    **ORDER,
)
@route(
    blueprint,
    "POST",
    "/sweeps/<sweep_name>/resume",
    "resume_sweep",
    lazy_gettext("Lets the trainings of a sweep that ended early go on from their last checkpoints."),
    ("curl -X POST {url}/sweeps/$SWEEP/resume",),
    defaults={"action": "resume"},
    **ORDER,
)
def act(sweep_name: str, action: str) -> Answered:
    """Stop, cancel or resume the trainings of a sweep."""
    return _answer(ACTIONS[action](sweep_name))


def _answer(standing: SweepStanding) -> Answered:
    """Answer an order: a browser with the sweep's page, a program with the sweep as it stands."""
    address = url_for("sweeps.show", sweep_name=standing.name)
    if wants_page():
        return redirect(address, 303)
    return SweepSchema.of(standing), {"Location": address}
