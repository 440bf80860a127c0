"""What earlier trainings on this machine tell of the next: how long it takes."""

import os
import time
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import select

from rabisco import store
from rabisco.rejection.fitting import QUICKLY
from rabisco.rejection.kept import is_anything_kept
from rabisco.rejection.pictures import numbers_drawn
from rabisco.runs import turns
from rabisco.runs.process import host
from rabisco.runs.records import Run
from rabisco.runs.resolving import fast_epochs
from rabisco.runs.states import KEPT, active
from rabisco.settings import get_settings

# Of a gray data set trained with the preset "fast" on the machine of the benchmark `fast`: seconds for what is no
# training, seconds of each image, and what `_seconds_of_product` was there, on so many cores.
_REST, _PER_IMAGE, _PRODUCT, _CORES = 16.0, 11.94 / 54_000, 2.1e-3, 2
# The first training of a machine draws characters for the rule of refusal: 0.029 s for each of them (0.023 to 0.036,
# n = 10, digits and MNIST, with and without other data sets at hand) where the product took 3 ms.
_PER_DRAWN = 0.029 / 3e-3 * _PRODUCT
_TRAINED = 9  # images for each that is held out for validation, of which are drawn
_MOST_CORES = 8  # that so small a network keeps busy


def seconds_of_fast(images: int) -> float:
    """Return how long the preset ``fast`` is likely to take here, by a measurement of this machine's processor.

    Args:
        images: Gray ones of 28 × 28 pixels to train on.
    """
    cores = min(get_settings().training_threads or os.cpu_count() or 1, _MOST_CORES)
    drawn = 0 if is_anything_kept() else numbers_drawn(images // _TRAINED, QUICKLY)[0]
    training = (_REST + _PER_IMAGE * images * fast_epochs(images)) * _CORES / cores
    return (training + _PER_DRAWN * drawn) * _seconds_of_product() / _PRODUCT


@lru_cache(maxsize=1)
def _seconds_of_product() -> float:
    """Return the processor time of multiplying two matrices of 512 × 512, float32: the best of several, in seconds."""
    matrix, found = np.full((512, 512), 0.5, np.float32), []
    for _ in range(8):
        started = time.thread_time()
        np.matmul(matrix, matrix)
        found.append(time.thread_time() - started)
    return min(found)


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
    table = store.RunRow
    with store.reading() as session:
        waiting = list(session.scalars(select(table).where(table.state == "queued").order_by(table.queued, table.id)))
        served = turns.served(session, table, waiting)
        order = turns.in_turn(waiting, active(session), served)
    return next((place for place, row in enumerate(order, 1) if row.id == run.id), 1)


def _durations(marks: list[tuple[dict[str, Any], datetime]], ended: datetime) -> dict[str, float]:
    found: dict[str, float] = {}
    named = [(str(payload.get("phase")), created) for payload, created in marks]
    for (name, begun), (_, over) in pairwise([*named, ("", ended)]):
        found[name] = found.get(name, 0.0) + (over - begun).total_seconds()
    return found
