"""What the process of a run does: ``python -m rabisco.runs.worker <id>``. It may be killed at any moment.

After the id, ``while-heard`` ends it when its standard input closes.

Without an id it imports Keras and waits: it reads orders from its standard input, forks for each, and says on its
standard output which process does it, and when one has ended. It ends where nothing was asked of it for a while, or
its input closes.
"""

import json
import logging
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

from rabisco import objects
from rabisco.errors import N_, RabiscoError, Sentence, TrainingCancelledError, TrainingPausedError
from rabisco.models.backend import start_keras
from rabisco.recipes import run
from rabisco.runs.checkpoint_upload import PATIENCE, uploaded_checkpoints
from rabisco.runs.paths import LOG_FILE, checkpoints_of, folder_of
from rabisco.runs.process import end_with_input, identity, lower_priority
from rabisco.runs.session import RunSession, claim
from rabisco.runs.tasks import task_of
from rabisco.settings import get_settings
from rabisco.training import Checkpoints

OUT_OF_MEMORY = N_("the training needs more memory than there is; train on fewer images at a time")
UNFORESEEN = N_("the training met an error that nobody foresaw; the log in the run's folder has it")
IDLE = 600  # seconds after which a process that waits ends
LOGGER = logging.getLogger("rabisco.runs")


def main(run_id: str) -> None:
    """Take a run up and carry it through, unless another process has."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    session = claim(run_id)
    if session is None:
        return
    session.listen()
    try:
        session.phase("starting")
        while not _has_ended(session):
            LOGGER.info("stopped at its pause")
    except TrainingCancelledError as error:
        session.end("cancelled", message=error.sentence)
    except Exception as error:
        LOGGER.exception("failed")
        unforeseen = Sentence(OUT_OF_MEMORY if isinstance(error, MemoryError) else UNFORESEEN)
        session.end("failed", message=error.sentence if isinstance(error, RabiscoError) else unforeseen)


def _has_ended(session: RunSession) -> bool:
    """Train until the run ends or pauses; tell whether it did: a stop at the moment of a pause wants its model."""
    run_id = session.row.id
    task = task_of(session.asked, run_id, folder_of(run_id), session.row.created)
    try:
        with uploaded_checkpoints(run_id), objects.patience(PATIENCE):
            run(task, session, Checkpoints(checkpoints_of(run_id)))
    except TrainingPausedError:
        return session.pause()
    return True


def wait_for_orders() -> None:
    """Import what trainings need, then begin one for each order."""
    started: dict[int, str] = {}
    wake, woken = os.pipe()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    _import()
    pending = b""
    while True:
        ready, _, _ = select.select([0, wake], [], [], IDLE)
        _bury(started)
        if wake in ready:
            os.read(wake, 4096)
        if not ready and not started:
            return
        if 0 in ready:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, pending = (pending + read).split(b"\n")
            for order in filter(None, map(json.loads, lines)):
                if not _fork(order, started):
                    _carry_through(order)
                    return


def _import() -> None:
    """Import what trainings need; whatever cannot be imported is left to the run, which says so."""
    with suppress(Exception):
        start_keras()
        import scipy.optimize  # noqa: F401
        import tf2onnx.convert  # noqa: F401


def _fork(order: dict[str, str], started: dict[int, str]) -> bool:
    """Fork, and say which process does what; return whether this is still the one that waits."""
    pid = os.fork()
    if pid == 0:
        return False
    started[pid] = order["id"]
    _tell(id=order["id"], pid=pid, identity=identity(pid))
    return True


def _bury(started: dict[int, str]) -> None:
    """Say which processes have ended."""
    for pid in list(started):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            _tell(id=started.pop(pid), status=os.waitstatus_to_exitcode(status))


def _tell(**told: object) -> None:
    with suppress(OSError):
        os.write(1, json.dumps(told).encode() + b"\n")


def _carry_through(order: dict[str, str]) -> None:
    """Do what was ordered, as a process of its own."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    lower_priority(0)  # the new session too
    os.chdir(order["folder"])
    log = os.open(Path(order["folder"], LOG_FILE), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    main(order["id"])
    logging.shutdown()
    os._exit(0)  # to take TensorFlow down in order takes seconds, for which the next training would wait


if __name__ == "__main__":
    lower_priority(get_settings().training_niceness)  # from the first import on, for these take seconds
    if sys.argv[2:] == ["while-heard"]:
        end_with_input()
    main(sys.argv[1]) if sys.argv[1:] else wait_for_orders()
