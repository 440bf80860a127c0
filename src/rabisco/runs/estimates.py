"""What earlier trainings on this machine tell of the next: how long it takes."""

import os
import time
from functools import lru_cache
from itertools import pairwise

import numpy as np
from sqlalchemy import select

from rabisco import store
from rabisco.inference import get_predictor
from rabisco.rejection.cache import is_anything_kept
from rabisco.rejection.fitting import QUICKLY
from rabisco.rejection.pictures import numbers_drawn
from rabisco.runs.process import host
from rabisco.runs.records import Run
from rabisco.runs.resolving import fast_epochs
from rabisco.runs.states import KEPT
from rabisco.settings import get_settings

# MNIST trained with the preset "fast" on an Intel Xeon: seconds for what is no training, seconds of each image
# (17.6 to 22.0 s in all, n = 6), and what `_seconds_of_reading` was there, on so many cores.
_REST, _PER_IMAGE, _READING, _CORES = 8.2, 20.4 / 54_000, 0.318e-3, 2
# The first training of a machine draws characters for the rule of refusal: so many seconds for each of them.
_PER_DRAWN = 20.8 / 1000
_TRAINED = 9  # images for each that is held out for validation, of which are drawn
_MOST_CORES = 8  # that so small a network keeps busy


def seconds_of_fast(images: int) -> float:
    """Return how long the preset ``fast`` is likely to take here, by a measurement of this machine's processor.

    Args:
        images: Gray ones of 28 × 28 pixels to train on.
    """
    cores = min(get_settings().training_threads or os.cpu_count() or 1, _MOST_CORES)
    drawn = 0 if is_anything_kept() else numbers_drawn(images // _TRAINED, QUICKLY)[0]
    training = _PER_IMAGE * images * fast_epochs(images) * _CORES / cores
    return (_REST + training + _PER_DRAWN * drawn) * _seconds_of_reading() / _READING


@lru_cache(maxsize=1)
def _seconds_of_reading() -> float:
    """Return the processor time in which the bundled network reads an image: the best of several, in seconds.

    It convolves, as a training does, and depends alike on processor and memory.
    """
    predictor, image, found = get_predictor("mnist-cnn"), np.zeros((1, 28, 28, 1), np.uint8), []
    for _ in range(20):
        started = time.thread_time()
        predictor.logits(image)
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
    found: dict[str, float] = {}
    begun = [(str(event.payload.get("phase")), event.created) for event in events]
    for (name, start), (_, end) in pairwise([*begun, ("", last.ended)]):
        found[name] = found.get(name, 0.0) + (end - start).total_seconds()
    return found
