"""A training run: a row in the store, a folder, and a process that can be killed at any moment.

Looking through an upload is such a process too. ``request`` says what can be asked for, ``queue`` takes orders and
answers questions, ``retraining`` orders what learns from corrections, ``states`` makes every change of state,
``supervisor`` has ``runners`` start processes of both ``kinds`` and notices those that died, ``worker`` and
``upload_worker`` are what processes do, ``process`` tells whether one lives, ``background`` has others do what pages
ask for. Importing this package imports no Keras; the worker alone does. Whatever takes the id of a run raises
``RunNotFoundError`` where there is none.
"""

from rabisco.runs.paths import expect
from rabisco.runs.queue import (
    delete,
    events,
    get,
    list_runs,
    rename,
    request_cancel,
    request_stop,
    resume,
    retry,
    set_notes,
    submit,
    train_longer,
)
from rabisco.runs.records import Run
from rabisco.runs.request import PRESETS, RunRequest, Source, limits
from rabisco.runs.retraining import report_of, retrain
from rabisco.runs.states import ENDED, State
from rabisco.runs.supervisor import start_supervisor, tend

__all__ = [
    "ENDED",
    "PRESETS",
    "Run",
    "RunRequest",
    "Source",
    "State",
    "delete",
    "events",
    "expect",
    "get",
    "limits",
    "list_runs",
    "rename",
    "report_of",
    "request_cancel",
    "request_stop",
    "resume",
    "retrain",
    "retry",
    "set_notes",
    "start_supervisor",
    "submit",
    "tend",
    "train_longer",
]
