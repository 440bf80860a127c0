"""The production server behind ``rabisco serve``: a few processes of a few threads."""

import asyncio
import gc
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import uvloop

import rabisco.web.platform.token_attempts  # noqa: F401 - made before there are several processes, which share it
from rabisco.artifacts import exists, list_names
from rabisco.errors import N_, InvalidConfigurationError, RabiscoError
from rabisco.heap import give_back, keep_for_pictures
from rabisco.inference import get_predictor, named
from rabisco.settings import Settings, unknown_variables
from rabisco.web.models.aliases import default_model
from rabisco.web.platform import logs, processes, replica
from rabisco.web.platform.asgi import ASGIApplication
from rabisco.web.platform.connections import Places, Share, quiet_uvicorn
from rabisco.web.platform.lazy import LazyApplication, start_supervisor, supervising
from rabisco.web.platform.sessions import secret_key

# Connections that the system keeps until a worker takes them.
BACKLOG = 1024
# What is under way has so long when a worker is told to end.
END_SECONDS = 4
# Seconds between two looks at whether there is work for a supervisor, and the states of work that is.
LOOK_INTERVAL = 0.25
OPEN_STATES = ("queued", "running", "stopping", "paused", "looking")
# Seconds between two looks of a worker at whether the process that started it is still there.
PARENT_INTERVAL = 0.25
SHORTEST_TOKEN = 16


def serve(settings: Settings) -> None:
    """Serve until interrupted (Ctrl-C or SIGTERM).

    Raises:
        InvalidConfigurationError: The address cannot be listened on, as when the port is taken; others can reach it
            without a token, or with one that is easily guessed; the default model that the settings name is not
            there; or the object store cannot be used.
        MissingExtraError: Trainings are to run on a cluster, or files are in an object store, and what speaks to it is
            not installed.
    """
    if settings.storage:
        replica.prepare(settings)
    _check_default_model(settings)
    _check_runner(settings)
    with _listen(settings) as listening:
        host, port, *_ = listening.getsockname()
        _check_access(settings, host)
        secret_key(settings)  # made once, before there are several processes
        if settings.log_format == "json":
            logs.capture_stderr()
        logs.configure(settings)
        quiet_uvicorn(logs.LOGGER)
        for variable, nearest in unknown_variables().items():
            logs.LOGGER.warning("%s is no setting; the nearest is %s", variable, nearest or "none")
        _load_default_model(settings)
        _allow_descriptors()
        give_back()
        gc.freeze()  # what all workers share is never copied for being looked at
        gc.set_threshold(20_000, 20, 20)  # to look for garbage as often as usual takes an eighth of a page's time
        shown = f"[{host}]" if ":" in host else host
        print(f"Rabisco is at http://{shown}:{port}/ (stop with Ctrl-C)", flush=True)
        number = number_of_workers(settings)
        shares = memoryview(mmap.mmap(-1, 8 * number)).cast("q")  # one memory for all that are forked
        if not processes.run(number, lambda place, serves: _work(listening, settings, (shares, place), serves)):
            sys.exit(1)


def _work(listening: socket.socket, settings: Settings, share: Share, serves: Callable[[], object]) -> None:
    """Be one worker until told to end; call ``serves`` once it answers."""
    threading.Thread(target=_end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    keep_for_pictures()
    if settings.storage:
        threading.Thread(target=replica.keep, args=(settings,), name="replica", daemon=True).start()
    threading.Thread(target=_supervise_once_needed, args=(settings,), name="supervision", daemon=True).start()
    uvloop.run(_answer(listening, settings, share, serves))


async def _answer(listening: socket.socket, settings: Settings, share: Share, serves: Callable[[], object]) -> None:
    application = ASGIApplication(LazyApplication(settings), settings)
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    places = Places(listening, application, settings, share)
    serves()
    await ending.wait()
    application.end_streams()
    await places.end(END_SECONDS)
    os._exit(0)  # threads that still compute are waited for by nobody


def _allow_descriptors() -> None:
    """Let this process and its workers open as many files and connections as the system grants."""
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _supervise_once_needed(settings: Settings) -> None:
    """Start the supervisor once the database holds work that this process did not order, as an earlier one left it."""
    looked_at: object = None
    while not supervising.is_set():
        seen = settings.database_stamp
        if seen is None or (seen != looked_at and holds_work(settings.home / "rabisco.db")):
            start_supervisor()
        looked_at = seen
        time.sleep(LOOK_INTERVAL)


def holds_work(database: Path) -> bool:
    """Return whether something waits or runs by SQLite's rows; also where they cannot be read as they are today."""
    if not database.exists():
        return False
    import sqlite3

    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            asked = [f"SELECT 1 FROM {table} WHERE state IN {OPEN_STATES}" for table in ("runs", "uploads")]  # noqa: S608
            return connection.execute(f"{' UNION '.join(asked)} LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return True


def number_of_workers(settings: Settings) -> int:
    """Return how many processes serve: as the settings say; one where a rate is limited that they would not share."""
    alone = settings.rate_limit and not settings.shares_database
    return 1 if alone and "workers" not in settings.model_fields_set else settings.workers


def _check_access(settings: Settings, host: str) -> None:
    """Refuse to serve strangers, who reach a numeric address, what may change something without a good token."""
    if settings.access_token and len(settings.access_token) < SHORTEST_TOKEN:
        raise InvalidConfigurationError(
            N_(
                "expected RABISCO_ACCESS_TOKEN to have at least %(least)s characters, received %(count)s; make one: "
                "openssl rand -hex 16"
            ),
            least=SHORTEST_TOKEN,
            count=len(settings.access_token),
        )
    if not ip_address(host).is_loopback and not settings.access_token and not settings.read_only:
        raise InvalidConfigurationError(
            N_(
                "expected RABISCO_ACCESS_TOKEN to be set, because %(host)s can be reached from other machines and "
                "this server trains and deletes; set it (openssl rand -hex 16 makes one), or switch all of that "
                "off: RABISCO_READ_ONLY=1"
            ),
            host=host,
        )


def _check_runner(settings: Settings) -> None:
    """Refuse to wait for a cluster that no training could ever reach."""
    if settings.runner and settings.trainings:
        from rabisco.runs.cluster import check_ray

        check_ray()


def _check_default_model(settings: Settings) -> None:
    """Refuse a default model that somebody asked for and that is not there, instead of serving another."""
    name = settings.default_model
    if "default_model" in settings.model_fields_set and not exists(named(name)):
        raise InvalidConfigurationError(
            N_("RABISCO_DEFAULT_MODEL=%(name)s: expected the name of a saved model, one of %(names)s"),
            name=repr(name),
            names=", ".join(list_names()),
        )


def _end_with(parent: int) -> None:
    """End this process once ``parent`` has ended, even if it was killed: else it would keep the port for itself."""
    while os.getppid() == parent:
        time.sleep(PARENT_INTERVAL)
    os._exit(1)


def _load_default_model(settings: Settings) -> None:
    """Load the model that answers by default and let it read once, so that all workers have it from the start."""
    try:
        get_predictor(default_model(settings)).predict(np.full((28, 28, 3), 255, np.uint8))
    except RabiscoError as error:
        logs.LOGGER.warning("%s", error)  # the others still serve; asking for this one says the same


def _listen(settings: Settings) -> socket.socket:
    """Return a socket that listens; a name is looked up, and port 0 becomes a free one."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)  # IPv4 where there is one
        with ExitStack() as undone:
            listening = undone.enter_context(socket.socket(family, kind))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
            undone.pop_all()
    except OSError as error:
        raise InvalidConfigurationError(
            N_(
                "expected to listen on %(host)s:%(port)s, which cannot be had (%(reason)s); stop what uses it or "
                "choose another port: rabisco serve --port %(next)s"
            ),
            host=settings.host,
            port=str(settings.port),
            reason=str(error.strerror),
            next=str(settings.port + 1),
        ) from error
    return listening
