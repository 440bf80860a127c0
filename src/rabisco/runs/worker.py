"""What the process of a run does: ``python -m rabisco.runs.worker <id>``. It may be killed at any moment.

After the id, ``while-heard`` ends it when its standard input closes.

Without an id it imports Keras and waits: it reads orders from its standard input, forks for each, and says on its
standard output which process does it, and when one has ended. It ends where nothing was asked of it for a while, or
its input closes.

Where servers share an object store, the checkpoints of a run are fetched before it begins and sent beside it, in a
thread of its own: a training waits for no store and does not fail because it is away. Each time the newest is sent;
what is written meanwhile is not.
"""

import json
import logging
import os
import select
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rabisco import objects
from rabisco.errors import N_, RabiscoError, Sentence, TrainingCancelledError, TrainingPausedError
from rabisco.models.backend import start_keras
from rabisco.recipes import run
from rabisco.runs.paths import CHECKPOINT_SUFFIX, LOG_FILE, checkpoints_of, folder_of, place_of
from rabisco.runs.process import end_with_input, identity, lower_priority
from rabisco.runs.session import RunSession, claim
from rabisco.runs.tasks import task_of
from rabisco.settings import get_settings
from rabisco.training import Checkpoints

OUT_OF_MEMORY = N_("the training needs more memory than there is; train on fewer images at a time")
UNFORESEEN = N_("the training met an error that nobody foresaw; the log in the run's folder has it")
IDLE = 600  # seconds after which a process that waits ends
PATIENCE = 3600  # seconds that a training waits, before it begins and to save its model, for a store that is away
LEAST_PAUSE = 3.0  # seconds between two checkpoints that are sent; more where sending takes long
SHARE = 10  # sending takes at most 1/SHARE of the time
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


@contextmanager
def uploaded_checkpoints(run_id: str) -> Iterator[None]:
    """Bring the checkpoints of a run, and send them while it goes on; remove them where it leaves none behind.

    Raises:
        StorageError: The store did not answer for an hour.
    """
    if objects.bucket() is None:
        yield
        return
    try:
        with objects.patience(PATIENCE):
            fetched = objects.fetch_folder(place_of(run_id), checkpoints_of(run_id))
    except objects.DamagedObjectError as error:
        LOGGER.warning("%s", error)  # it goes on from what is here, or begins anew
        fetched = False
    sender = _Sender(run_id, fetched)
    sender.start()
    try:
        yield
    finally:
        sender.end()


class _Sender(threading.Thread):
    """Sends the newest checkpoints of a run until told to end; those that were ``fetched`` are there already."""

    def __init__(self, run_id: str, fetched: bool) -> None:
        super().__init__(name="checkpoints", daemon=True)
        self._run = run_id
        self._over = threading.Event()
        self._sent = set(_newest(checkpoints_of(run_id))) if fetched else set[str]()

    def run(self) -> None:
        """Send now and then."""
        pause = LEAST_PAUSE
        while not self._over.wait(pause):
            begun = time.monotonic()
            self._try()
            pause = max(LEAST_PAUSE, SHARE * (time.monotonic() - begun))

    def end(self) -> None:
        """Send what is left to be sent, or remove it all where the run has no checkpoints any more."""
        self._over.set()
        self.join()
        self._try()

    def _try(self) -> None:
        try:
            self._send()
        except (RabiscoError, OSError) as error:
            LOGGER.warning("checkpoints are not in the object store yet: %s", error)

    def _send(self) -> None:
        found = _newest(checkpoints_of(self._run))
        if found.keys() == self._sent:
            return
        if not found:
            objects.remove_folder(place_of(self._run))
            self._sent = set()
            return
        links = folder_of(self._run) / f".sending.{os.getpid()}"
        links.mkdir(exist_ok=True)
        try:
            for number, path in enumerate(found.values()):
                os.link(path, links / str(number))  # the training may remove it meanwhile
            held = {name: links / str(number) for number, name in enumerate(found)}
            objects.send_folder(held, place_of(self._run))
            self._sent = set(found)
        finally:
            shutil.rmtree(links, ignore_errors=True)


def _newest(folder: Path) -> dict[str, Path]:
    """Return the newest checkpoint in a folder and in each folder in it, by the path there."""
    newest: dict[Path, Path] = {}
    with suppress(OSError):
        for path in sorted(folder.rglob(f"[0-9]*{CHECKPOINT_SUFFIX}")):
            newest[path.parent] = path
    return {str(path.relative_to(folder)): path for path in newest.values()}


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
