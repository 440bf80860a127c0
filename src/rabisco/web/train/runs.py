"""``/runs``: trainings as they wait, run and end; what happens in one, told live to whoever watches."""

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal

from flask import render_template, request, url_for
from flask_babel import LazyString, gettext, lazy_gettext
from pydantic import Field

from rabisco import artifacts, runs, store
from rabisco.runs import ENDED, Run, State, estimates, scheduling
from rabisco.runs.cluster import cluster_state
from rabisco.runs.process import host
from rabisco.runs.states import PHASES, STATES, has_learned
from rabisco.web.corrections.outcome import outcome
from rabisco.web.corrections.outcome import title_of as part_title
from rabisco.web.models.aliases import default_model
from rabisco.web.models.titles import architecture_title
from rabisco.web.platform import schemas
from rabisco.web.platform.fields import Fields, Requests, collected, given, read
from rabisco.web.platform.outages import known, last_known, remember
from rabisco.web.platform.problems import redirect_or_answer, wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.platform.streams import Event, events, last_event_id
from rabisco.web.train.schemas import RunEvents, RunEventSchema, Runs, RunSchema, card_of

blueprint = DocumentedBlueprint("runs", __name__)

# What can be asked of a training: what does it, and its summary.
ACTIONS: dict[str, tuple[Callable[[str], Run], LazyString]] = {
    "stop": (runs.request_stop, lazy_gettext("Ends a training and keeps the best weights so far.")),
    "cancel": (runs.request_cancel, lazy_gettext("Ends a training without a result, or takes it out of the queue.")),
    "resume": (runs.resume, lazy_gettext("Lets a training that ended early go on from its last checkpoint.")),
    "longer": (
        runs.train_longer,
        lazy_gettext("Starts the same training again with three times the epochs and the time, as a new one."),
    ),
    "retry": (runs.retry, lazy_gettext("Starts the same training again from the beginning, as a new one.")),
}
MOST_LISTED = 200
MOST_EVENTS = 1000


class RunsPage(Fields):
    """Which trainings are listed."""

    requests: ClassVar[Requests] = ({"state": "queued"},)

    state: State | Literal[""] = ""


class After(Fields):
    """The event that the client had last, 0 if it had none."""

    requests: ClassVar[Requests] = ({"after": 1},)

    after: int = Field(0, ge=0, le=10**9 - 1)


class RunName(Fields):
    """Another name of a training."""

    requests: ClassVar[Requests] = ({"name": "evening"},)

    name: str = Field(json_schema_extra={"minLength": 1, "maxLength": 120})


class RunNotes(Fields):
    """What is noted on a training."""

    requests: ClassVar[Requests] = ({"notes": "a thicker pen"},)

    notes: str = Field(json_schema_extra={"maxLength": 20_000})


@blueprint.get(
    "/runs",
    summary=lazy_gettext("Lists the trainings, the newest first; “?state=” shows those in one state."),
    answer=Runs,
    page=True,
    receives=RunsPage,
    problems=(507,),
)
def list_runs() -> Answered:
    """List the runs, the newest first; those of one state if asked."""
    state = given(RunsPage).state
    everything = known(lambda: last_known("runs", _newest), [])
    found = [run for run in everything if state in ("", run.state)]
    if wants_page():
        trained = [] if everything else [one.card for one in artifacts.list_artifacts() if one.card.run]
        return render_template(
            "train/runs.html",
            runs=found,
            state=state,
            states=STATES,
            title_of=title_of,
            trained=trained,
            cluster=cluster_state(),
        )
    return Runs(runs=[RunSchema.of(run) for run in found], cluster=cluster_state())


@blueprint.get(
    "/runs/<run_id>",
    summary=lazy_gettext("How a training stands, and what it came to; the page keeps itself up to date."),
    answer=RunSchema,
    page=True,
    problems=(404, 507),
)
def get_run(run_id: str) -> Answered:
    """Show one run: how it stands, what it came to, what can be done with it."""
    run = last_known(("run", run_id), lambda: runs.get(run_id))
    if not wants_page():
        return RunSchema.of(run)
    past = known(lambda: last_known(("events", run_id), lambda: _past(run_id)), [])
    card = card_of(run)
    return render_template(
        "train/run.html",
        run=run,
        machine=host(),
        live=run.state not in ENDED,
        epochs=[event.payload for event in past if event.kind == "epoch"],
        phase=next((event.payload for event in reversed(past) if event.kind == "phase"), {}),
        title=title_of(run),
        states=STATES,
        phases=PHASES,
        card=card,
        learned=card is None or bool(run.request.get("corrections")) or has_learned(card),
        expected=known(lambda: estimates.seconds_of_phases(run), {}) if run.state not in ENDED else {},
        place=known(lambda: scheduling.place_in_queue(run), 0) if run.state == "queued" else 0,
        is_default=default_model() == run.artifact,
        default=default_model(),
        retrained=known(lambda: outcome(run), None),
        part_title=part_title,
    )


@blueprint.get(
    "/runs/<run_id>/events",
    summary=lazy_gettext(
        "What happens in a training: as server-sent events for “Accept: text/event-stream”, going on after the "
        "header “Last-Event-ID”, and else as JSON, after the event that “?after=” names."
    ),
    answer=RunEvents,
    file="text/event-stream",
    receives=After,
    problems=(400, 404, 503, 507),
)
def follow_run(run_id: str) -> Answered:
    """Tell what happens in a run as it happens, beginning after the event that the client had last."""
    run = runs.get(run_id)
    last = last_event_id()
    after = read(After, {"after": last} if last else collected(After)).after
    if "text/event-stream" in request.headers.get("Accept", ""):
        return events(_told(run, after))
    found = runs.events(run_id, after, MOST_EVENTS)
    return RunEvents(
        events=[RunEventSchema.of(event) for event in found],
        last=found[-1].number if found else after,
        state=run.state,
        ended=run.state in ENDED and len(found) < MOST_EVENTS,
    )


def act(run_id: str, action: str) -> Answered:
    """Stop a run and keep the best, cancel it, resume it, or repeat it as a new one."""
    return answer(ACTIONS[action][0](run_id))


for _action, (_, _summary) in ACTIONS.items():
    blueprint.post(
        f"/runs/<run_id>/{_action}",
        operation="train_longer" if _action == "longer" else f"{_action}_run",
        summary=_summary,
        defaults={"action": _action},
        answer=RunSchema,
        page=True,
        problems=(404, 409, 507),
        success=202,
    )(act)


@blueprint.post(
    "/runs/<run_id>/rename",
    summary=lazy_gettext("Gives a training another “name”."),
    examples=("curl -d name=evening {url}/runs/$RUN/rename",),
    answer=RunSchema,
    page=True,
    receives=RunName,
    problems=(400, 404, 422, 507),
)
def rename_run(run_id: str) -> Answered:
    """Give a run another name."""
    return answer(runs.rename(run_id, given(RunName).name))


@blueprint.post(
    "/runs/<run_id>/notes",
    summary=lazy_gettext("Replaces the “notes” on a training."),
    examples=("curl --data-urlencode 'notes=thicker pen' {url}/runs/$RUN/notes",),
    answer=RunSchema,
    page=True,
    receives=RunNotes,
    problems=(400, 404, 422, 507),
)
def set_run_notes(run_id: str) -> Answered:
    """Replace what is noted on a run."""
    return answer(runs.set_notes(run_id, given(RunNotes).notes.replace("\r\n", "\n")))


@blueprint.post(
    "/runs/<run_id>/delete",
    summary=lazy_gettext("Deletes a training that has ended, with its curves; the model that it made stays."),
    answer=schemas.Deleted,
    page=True,
    problems=(400, 404, 409, 507),
)
def delete_run(run_id: str) -> Answered:
    """Delete a run; the model that it made stays."""
    runs.delete(run_id)
    return redirect_or_answer(url_for("runs.list_runs"), lambda: schemas.Deleted(deleted=run_id))


def title_of(run: Run) -> str:
    """Return what a run trains, in the reader's language."""
    if run.configuration.get("solver") == "logistic-regression":
        return str(gettext("Logistic regression"))
    return architecture_title(run.architecture)


def _told(run: Run, after: int) -> Iterator[Event | None]:
    """Yield every event after number ``after``, as long as the run goes on, and ``end`` when it has ended."""
    state = str(run.state)
    while True:
        found = runs.events(run.id, after, MOST_EVENTS)
        for event in found:
            after = event.number
            if event.kind == "state":
                state = str(event.payload["state"])
            yield Event(RunEventSchema.of(event).model_dump(), id=str(event.number))
        if not found:
            if state in ENDED:
                yield Event({"state": state}, "end")
                return
            yield None


def _newest() -> list[Run]:
    """Return the newest runs; each is known by itself, too, should the database fall silent."""
    found = runs.list_runs(MOST_LISTED)
    for run in reversed(found):
        remember(("run", run.id), run)
    return found


def _past(run_id: str) -> list[store.RunEventRow]:
    """Return all events of a run so far."""
    found: list[store.RunEventRow] = []
    while more := runs.events(run_id, found[-1].number if found else 0, MOST_EVENTS):
        found += more
    return found


def answer(run: Run) -> Answered:
    """Answer an order: a browser with the run's page, a program with the run as it stands."""
    return redirect_or_answer(url_for("runs.get_run", run_id=run.id), lambda: RunSchema.of(run), located=True)
