"""Processes that serve side by side: forked from one that has loaded what they share, started again when they die."""

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from rabisco.web.platform.logs import LOGGER

# Seconds until a worker that died is started again: the second time in a row twice as long, and so on; of one that
# had served before it died no longer than a second.
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_AFTER_SERVING = 0.1, 10.0, 1.0
# A worker that served so long had not died of its start.
STEADY_SECONDS = 10
# Starts in a row that fail while no other worker serves, before all is given up.
MOST_STARTS = 5
# A worker has so long to answer what is under way when all end.
END_SECONDS = 5

_ENDS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Worker:
    """One place for a worker."""

    pid: int = 0  # of the process that has it now; 0 while none has
    started: float = 0.0  # by the monotonic clock
    ready_pipe: int = -1  # where it says that it serves
    deaths: int = 0  # how often in a row it died young
    failures: int = 0  # how often in a row it died before it served
    restart_at: float = 0.0


def run(number: int, work: Callable[[int, Callable[[], object]], None]) -> bool:
    """Keep the given number of workers until this process is told to end; return whether that was why it ended.

    Args:
        number: Of workers.
        work: What each does, until it gets SIGTERM; of its place, from 0, and of what it calls once it serves.
    """
    ending: list[int] = []
    waking, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    for number_of_signal in _ENDS:
        signal.signal(number_of_signal, lambda received, _: ending.append(received))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    workers = [Worker() for _ in range(number)]
    try:
        while not ending:
            now = time.monotonic()
            for place, worker in enumerate(workers):
                if not worker.pid and now >= worker.restart_at:
                    _start(worker, partial(work, place))
            soonest = min((worker.restart_at for worker in workers if not worker.pid), default=now + LONGEST_PAUSE)
            waking.settimeout(max(0.01, soonest - now))
            with suppress(TimeoutError):
                waking.recv(64)
            _notice_deaths(workers)
            if all(worker.failures >= MOST_STARTS and not worker.pid for worker in workers):
                LOGGER.error("no worker can be started: %s attempts failed; the lines above say why", MOST_STARTS)
                return False
        return True
    finally:
        signal.set_wakeup_fd(-1)
        _end(workers)


def _start(worker: Worker, work: Callable[[Callable[[], object]], None]) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        pid = os.fork()
    except OSError as error:
        LOGGER.error("a worker could not be started: %s", error.strerror)
        os.close(reading)
        os.close(writing)
        _schedule_restart(worker, served=False)
        return
    if pid:
        os.close(writing)
        worker.pid, worker.started, worker.ready_pipe = pid, time.monotonic(), reading
        return
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*_ENDS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        work(partial(os.write, writing, b"1"))
        status = 0
    except BaseException:
        LOGGER.exception("a worker ended by an error")
    finally:
        os._exit(status)


def _notice_deaths(workers: list[Worker]) -> None:
    for worker in workers:
        if worker.pid and (status := _ended(worker.pid)) is not None:
            served = _was_ready(worker.ready_pipe)
            if served and time.monotonic() - worker.started >= STEADY_SECONDS:
                worker.deaths = 0
            worker.pid = 0
            _schedule_restart(worker, served=served)
            how = f"signal {-status}" if status < 0 else f"status {status}"
            pause = worker.restart_at - time.monotonic()
            LOGGER.error("a worker ended by %s; another takes its place in %.1f s", how, pause)


def _was_ready(ready_pipe: int) -> bool:
    """Return whether something was written into a pipe, and close it."""
    try:
        return bool(os.read(ready_pipe, 1))
    except BlockingIOError:
        return False
    finally:
        os.close(ready_pipe)


def _schedule_restart(worker: Worker, *, served: bool) -> None:
    worker.deaths += 1
    worker.failures = 0 if served else worker.failures + 1
    longest = LONGEST_AFTER_SERVING if served else LONGEST_PAUSE
    worker.restart_at = time.monotonic() + min(FIRST_PAUSE * 2 ** (worker.deaths - 1), longest)


def _ended(pid: int) -> int | None:
    """Return how a child ended, the number of a signal negative; ``None`` if it lives. Nobody else waits for one."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _end(workers: list[Worker]) -> None:
    """Ask all workers to end, and end those that do not."""
    living = [worker.pid for worker in workers if worker.pid]
    for pid in living:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + END_SECONDS
    while living and time.monotonic() < until:
        living = [pid for pid in living if _ended(pid) is None]
        time.sleep(0.02)
    for pid in living:
        os.kill(pid, signal.SIGKILL)
