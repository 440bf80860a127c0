"""Processes for tests that begin as copies of one that has imported what they import: in hundredths of a second.

``Nursery`` starts that one. It forks for each order that comes over a socket, with whose connection the streams of the
new process come too; over the connection it says the number of that process and, once it has ended, its status. So a
server or a training of a test is a process of its own as ever, and only the time is saved in which it would import.
What such imports cost, and what is imported when, is tested with processes that are started.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from rabisco.settings import get_settings

# Where the processes of each kind come from, for all test processes and the servers that they start.
PLACES = {"server": "TESTS_SERVERS", "training": "TESTS_TRAININGS"}
# Modules whose processes are forked, and where.
LOAD_COST = {"rabisco.runs.load_cost": "server"}
CHILDREN = {
    "rabisco.runs.runners": "training",
    **LOAD_COST,
}
_begun: list["Nursery"] = []
# Whether Keras is imported as it would be is told by these.
_DECISIVE = "KERAS_BACKEND", "KERAS_HOME", "CUDA_VISIBLE_DEVICES"


class Forked:
    """A process that was forked; what tests and the application need of a ``subprocess.Popen``."""

    def __init__(
        self,
        place: str,
        order: dict[str, Any],
        stdin: int | IO[Any] | None = None,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
        *,
        text: bool | None = False,
    ) -> None:
        self.args = order["arguments"]
        self.returncode: int | None = None
        self.stdin: IO[Any] | None = None
        self.stdout: IO[Any] | None = None
        self._pid, self._said, self._lock = 0, b"", threading.Lock()
        self._printed: list[Any] = []
        self._reader = threading.Thread(target=self._read, name="forked", daemon=True)
        given, closed = [], []
        if stdin == subprocess.PIPE:
            reading, writing = os.pipe()
            stdin, self.stdin = reading, os.fdopen(writing, "wb", buffering=0)
            closed.append(reading)
        if stdout == subprocess.PIPE:
            reading, writing = os.pipe()
            stdout, self.stdout = writing, os.fdopen(reading) if text else os.fdopen(reading, "rb", buffering=0)
            closed.append(writing)
        if subprocess.DEVNULL in (stdin, stdout, stderr):
            closed.append(os.open(os.devnull, os.O_RDWR))
        for default, stream in enumerate((stdin, stdout, stderr)):
            special = {None: default, subprocess.DEVNULL: closed[-1] if closed else 0}
            number = given[1] if stream == subprocess.STDOUT else special.get(stream, stream)  # type: ignore[arg-type, call-overload]
            given.append(number if isinstance(number, int) else number.fileno())
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(place)
        socket.send_fds(self._connection, [json.dumps(order).encode() + b"\n"], given)
        for number in closed:
            os.close(number)

    @property
    def pid(self) -> int:
        """Its number, once it has begun."""
        while not self._pid and self.poll() is None:
            _wait_for(self._connection, 0.05)
        return self._pid

    def poll(self) -> int | None:
        """Return how it ended; ``None`` while it lives."""
        with self._lock:
            while self.returncode is None and (line := self._line()) is not None:
                if line and not self._pid:
                    self._pid = int(line)
                else:
                    self.returncode = int(line or -signal.SIGKILL)  # nobody is left who knows
                    self._connection.close()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once it has."""
        until = time.monotonic() + (3600 if timeout is None else timeout)
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(self.args, timeout or 3600)
            _wait_for(self._connection, 0.05)
        return status

    def communicate(self, timeout: float | None = None) -> tuple[Any, None]:
        """Return what it printed, once it has ended."""
        if self._reader.ident is None:
            self._reader.start()
        self._reader.join(timeout)
        if self._reader.is_alive():
            raise subprocess.TimeoutExpired(self.args, timeout or 3600)
        self.wait(timeout)
        return self._printed[0], None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.pid and self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdin, self.stdout):
            if stream:
                stream.close()
        self.wait()

    def __del__(self) -> None:
        for stream in (self.stdin, self.stdout, self._connection):
            if stream:
                stream.close()  # whoever has it no more waits for nothing

    def _read(self) -> None:
        with self.stdout or io.BytesIO() as stream:
            self._printed.append(stream.read())

    def _line(self) -> str | None:
        """Return the next line that is said about it; empty when none will come, ``None`` when none has come yet."""
        while b"\n" not in self._said:
            if not _wait_for(self._connection, 0):
                return None
            part = self._connection.recv(64)
            if not part:
                return ""
            self._said += part
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()


def _wait_for(connection: socket.socket, seconds: float) -> bool:
    """Return whether there is something to read, waiting for so long."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


class Nursery:
    """A process that has imported what servers, or trainings, import, and forks.

    Args:
        kind: ``server`` or ``training``.
    """

    def __init__(self, kind: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="forks-")  # a short path, as sockets want
        self.place = str(Path(self._folder, "socket"))
        own = dict.fromkeys(("RABISCO_HOME", "KERAS_HOME", "MPLCONFIGDIR"), self._folder)  # for what imports make
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, kind, self.place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **own},
        )
        assert self._process.stdout
        self._process.stdout.readline()
        atexit.register(self.end)

    def end(self) -> None:
        """Let it end; what it has forked goes on."""
        self._process.communicate()
        shutil.rmtree(self._folder)


def place_of(kind: str) -> str:
    """Return where processes of a kind are ordered: of one process for all of this test run; empty where none can be.

    What is asked first, before test processes are started, begins it.
    """
    if sys.platform == "linux" and PLACES[kind] not in os.environ:
        _begun.append(Nursery(kind))
        os.environ[PLACES[kind]] = _begun[-1].place
    return os.environ.get(PLACES[kind], "")


def popen(place: str) -> Callable[..., Any]:
    """Return what ``subprocess.Popen`` is, but that forks if there is a place for it, and knows no pipe for errors."""

    def begin(arguments: Sequence[str], **given: Any) -> Any:
        environment = given.get("env") or os.environ
        same = all(environment.get(name) == os.environ.get(name) for name in _DECISIVE)
        if not place or arguments[0] != sys.executable or arguments[1] not in ("-c", "-m") or not same:
            return subprocess.Popen(arguments, **given)
        streams = {name: given.get(name) for name in ("stdin", "stdout", "stderr", "text")}
        order = {
            "arguments": list(arguments[1:]),
            "environment": dict(environment),
            "folder": str(given.get("cwd") or Path.cwd()),
            "session": given.get("start_new_session", False),
        }
        return Forked(place, order, **streams)

    return begin


def run(place: str) -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """Return what ``subprocess.run`` is, but that forks; the standard error is dropped."""
    begin = popen(place)

    def run(
        arguments: Sequence[str], *, env: Mapping[str, str], capture_output: bool, timeout: float, check: bool
    ) -> "subprocess.CompletedProcess[bytes]":
        assert capture_output
        with begin(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            try:
                printed, _ = process.communicate(timeout)
            finally:
                process.kill()
        done = subprocess.CompletedProcess(arguments, process.wait(), printed)
        if check:
            done.check_returncode()
        return done

    return run


def fork_children(modules: Mapping[str, str] = CHILDREN) -> None:
    """Let this process fork what would import Keras, or the application once more."""
    for name, kind in modules.items():
        place = place_of(kind)
        module = importlib.import_module(name)
        module.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": popen(place), "run": run(place)})  # type: ignore[attr-defined]


def begin(kind: str, arguments: Sequence[str], **given: Any) -> Any:
    """Begin ``python`` with these arguments, as a copy of a process that has imported what it will."""
    return popen(place_of(kind))([sys.executable, *arguments], **given)


def run_python(
    kind: str, arguments: Sequence[str], timeout: float = 120, **given: Any
) -> "subprocess.CompletedProcess[str]":
    """Return how ``python`` with these arguments ended and what it printed; it begins as ``begin`` begins it."""
    with tempfile.TemporaryFile("w+") as errors:
        process = begin(kind, arguments, stdout=subprocess.PIPE, stderr=errors, text=True, **given)
        try:
            printed, _ = process.communicate(timeout=timeout)
        finally:
            process.kill()
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, process.wait(), printed, errors.read())


def start_server(program: str, environment: Mapping[str, str]) -> Any:
    """Start a program, with what it prints in a pipe, as a copy of a process that has imported the application."""
    order = {
        "arguments": ["-c", program],
        "environment": dict(environment),
        "folder": str(Path.cwd()),
        "session": False,
    }
    return Forked(place_of("server"), order, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def import_for(kind: str) -> None:
    """Import what servers, or trainings, import, and read the data set that most trainings have."""
    if kind == "server":
        for module in pkgutil.walk_packages(importlib.import_module("rabisco.web").__path__, "rabisco.web."):
            importlib.import_module(module.name)
        names = ["alembic.command", "openai.resources.chat"]
    else:
        importlib.import_module("rabisco.models.backend").start_keras()
        importlib.import_module("rabisco.data").load("digits")
        names = ["scipy.optimize", "sklearn.linear_model", "tf2onnx.convert", "rabisco.recipes", "rabisco.runs.tasks"]
    databases = ["psycopg", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite"]
    for name in (*names, *databases, "s3fs", "rabisco.runs.queue"):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)


def serve(kind: str, place: str) -> None:
    """Fork for each order until standard input ends; import with the first."""
    imported = False
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(place)
    listening.listen(64)
    waking, wake = socket.socketpair()
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    print("ready", flush=True)
    living: dict[int, socket.socket] = {}
    while True:
        ready = select.select([0, listening, waking], [], [])[0]
        if waking in ready:
            waking.recv(4096)
        for pid in list(living):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with living.pop(pid) as connection, contextlib.suppress(OSError):
                    connection.send(b"%d\n" % os.waitstatus_to_exitcode(status))
        if 0 in ready:
            return
        if listening not in ready:
            continue
        connection, _ = listening.accept()
        text, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        while not text.endswith(b"\n"):
            text += connection.recv(1 << 20)
        if not imported:
            import_for(kind)
            gc.collect()
            gc.freeze()
            imported = True
        pid = os.fork()
        if not pid:
            for other in (listening, waking, wake, connection, *living.values()):
                other.close()
            _be(json.loads(text), streams, kind)
        for stream in streams:
            os.close(stream)
        living[pid] = connection
        with contextlib.suppress(OSError):
            connection.send(b"%d\n" % pid)


def _be(order: dict[str, Any], streams: list[int], kind: str) -> None:
    """Be the process that was ordered; does not return."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if order["session"]:
            os.setsid()
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        for stream in streams:
            os.close(stream)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        get_settings.cache_clear()
        if kind == "server":
            attempts = importlib.import_module("rabisco.web.platform.token_attempts")
            attempts._wrong = attempts.SharedCounter()
        fork_children(CHILDREN if kind == "server" else LOAD_COST)
        option, name, *arguments = order["arguments"]
        if option == "-c":
            sys.argv[:] = ["-c", *arguments]
            exec(name, {"__name__": "__main__"})
        else:
            sys.argv[:] = [name, *arguments]
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # as the interpreter would
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(*sys.argv[1:])
