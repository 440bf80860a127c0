"""What earlier trainings on this machine tell of the next: how long it takes."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from rabisco import store
from rabisco.runs.process import host
from rabisco.runs.records import Run
from rabisco.runs.states import KEPT


def seconds_of_preset(preset: str) -> float | None:
    """Return how long the last training with a preset took on this machine; ``None`` if there was none."""
    wanted = store.RunRow.host == host(), store.RunRow.state.in_(KEPT)
    query = select(store.RunRow).where(*wanted).order_by(store.RunRow.created.desc()).limit(50)
    with store.reading() as session:
        for row in session.scalars(query):
            if row.request.get("preset") == preset and row.started and row.ended:
                return float((row.ended - row.started).total_seconds())
    return None


def seconds_of_phases(run: Run) -> dict[str, float]:
    """Return how long each phase took in the last training of such a model on this machine; empty without one."""
    wanted = (
        store.RunRow.host == host(),
        store.RunRow.state.in_(("succeeded", "unlearned")),
        store.RunRow.architecture == run.architecture,
        store.RunRow.id != run.id,
    )
    query = select(store.RunRow.id, store.RunRow.ended).where(*wanted).order_by(store.RunRow.created.desc()).limit(1)
    with store.reading() as session:
        last = session.execute(query).first()
        if last is None or last.ended is None:
            return {}
        marks = select(store.RunEventRow).where(store.RunEventRow.run_id == last.id, store.RunEventRow.kind == "phase")
        events = list(session.scalars(marks.order_by(store.RunEventRow.number)))
    return _durations([(event.payload, event.created) for event in events], last.ended)


def place_in_queue(run: Run) -> int:
    """Return how many trainings are to start before one that waits, and itself: 1 is the next."""
    earlier = store.RunRow.state == "queued", store.RunRow.queued < run.queued
    with store.reading() as session:
        return 1 + (session.scalar(select(func.count()).select_from(store.RunRow).where(*earlier)) or 0)


def _durations(marks: list[tuple[dict[str, Any], datetime]], ended: datetime) -> dict[str, float]:
    found: dict[str, float] = {}
    named = [(str(payload.get("phase")), created) for payload, created in marks]
    for (name, begun), (_, over) in pairwise([*named, ("", ended)]):
        found[name] = found.get(name, 0.0) + (over - begun).total_seconds()
    return found
