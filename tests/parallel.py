"""Runs tests in several processes, each a copy of the one that has collected them: ``pytest --processes=auto``.

What tests import is imported once, and each test is collected once, however many processes there are. A copy asks for
a file of tests at a time, before the last test of the one it has: what a file shares with the next lives on. One that
ends in the midst of a test fails that test, and a new one goes on behind it.
"""

import atexit
import contextlib
import gc
import os
import sys
import traceback
from collections import deque
from collections.abc import Iterable
from multiprocessing.connection import Connection, Pipe, wait
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from tests.forking import import_for

VARIABLE = "TESTS_PROCESS"  # is the name of the process in each copy
DIVIDED = ("tests/contracts/test_every_model.py",)  # whose cases are shared out each by itself
MOST, WAITING = 6, 4  # processes; of these so many always wait for a browser, a server or a training
END_SECONDS = 30


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--processes", default="0", metavar="N", help="copies that run the tests: a number, or auto")


def number_of_processes(config: pytest.Config) -> int:
    """Return how many processes run the tests; 0 for none but this one, as where a fork may not survive (macOS).

    Where a mark leaves out what waits, there are as many as cores.
    """
    asked: str = config.option.processes
    if sys.platform != "linux":
        return 0
    if asked != "auto":
        return int(asked)
    return min(MOST, (os.cpu_count() or 1) + (0 if config.option.markexpr else WAITING))


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run all tests in copies, if there are to be any."""
    number = number_of_processes(session.config)
    if not number or session.config.option.collectonly or session.testsfailed:
        return None
    Testers(session).run(number)
    return True


def shared_out(items: Iterable[pytest.Item]) -> list[list[int]]:
    """Return the places of tests that stay together, in the order in which the first of them come."""
    together: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        file, _, test = item.nodeid.partition("::")
        together.setdefault(file + test.partition("[")[2] if file in DIVIDED else file, []).append(place)
    return list(together.values())


class Tester:
    """A process that runs tests, for the one that shares them out.

    Attributes:
        tests: Places of the tests that it has and has not begun.
        begun: Place of the test that it is running; ``None`` before the first.
        gateway: Has its name, where pytest looks for it in whoever sends a report; so is what heads a failure.
    """

    def __init__(self, pid: int, name: str, connection: Connection) -> None:
        self.pid, self.connection = pid, connection
        self.tests: deque[int] = deque()
        self.begun: int | None = None
        self.gateway = SimpleNamespace(id=name)
        self._workerinfocache = f"[{name}]"


class Testers:
    """Shares out the tests of a session to copies of this process."""

    def __init__(self, session: pytest.Session) -> None:
        self._session, self._config = session, session.config
        self._waiting = deque(shared_out(session.items))
        self._testers: dict[Connection, Tester] = {}
        self._names = (f"process-{number}" for number in range(1 << 30))
        self._base = self._config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]

    def run(self, number: int) -> None:
        """Return once all tests have run, or enough of them have failed."""
        if any(item.get_closest_marker("training") for item in self._session.items):
            with pytest.MonkeyPatch.context() as patch:
                for name in ("RABISCO_HOME", "KERAS_HOME", "MPLCONFIGDIR"):  # for what imports make
                    patch.setenv(name, str(self._base))
                import_for("training")
        gc.collect()
        gc.freeze()  # so that what is not used is never copied
        gc.set_threshold(20_000, 20, 20)  # to look for garbage as often as usual takes a fortieth of the time
        try:
            for _ in range(min(number, len(self._waiting))):
                self._start()
            while self._testers:
                for connection in wait(self._testers):
                    self._hear(self._testers[connection])  # type: ignore[index]
                if self._session.shouldfail:
                    raise self._session.Failed(self._session.shouldfail)
                if self._session.shouldstop:
                    raise self._session.Interrupted(self._session.shouldstop)
            if self._waiting:
                raise RuntimeError(f"{sum(map(len, self._waiting))} tests are left that no process has begun to run")
        finally:
            self._end()

    def _start(self) -> None:
        name, (here, there) = next(self._names), Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            here.close()
            for other in self._testers:
                other.close()
            _be(self._session, name, there, self._base / name)
        there.close()
        self._testers[here] = Tester(pid, name, here)

    def _hear(self, tester: Tester) -> None:
        kind, *told = _received(tester.connection)
        hook = self._config.hook
        if kind == "more":
            tests = self._waiting.popleft() if self._waiting else []
            tester.tests.extend(tests)
            with contextlib.suppress(ConnectionError):  # it is heard that it has ended
                tester.connection.send(tests)
        elif kind == "begun":
            tester.begun = tester.tests.popleft()
        elif kind == "report":
            report = hook.pytest_report_from_serializable(config=self._config, data=told[0])
            report.node = tester
            hook.pytest_runtest_logreport(report=report)
        elif kind == "warning":
            hook.pytest_warning_recorded.call_historic(kwargs=told[0])
        elif kind == "stop":
            self._session.shouldstop = told[0]
        else:
            self._ended(tester)

    def _ended(self, tester: Tester) -> None:
        tester.connection.close()
        del self._testers[tester.connection]
        status = os.waitstatus_to_exitcode(os.waitpid(tester.pid, 0)[1])
        if not status:
            return
        if tester.begun is not None:
            item = self._session.items[tester.begun]
            said = f"the process that ran this test ended with {status}"
            report = pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")
            report.node = tester  # type: ignore[attr-defined]
            self._config.hook.pytest_runtest_logreport(report=report)
        if tester.tests:
            self._waiting.appendleft(list(tester.tests))
        if self._waiting and tester.begun is not None:
            self._start()

    def _end(self) -> None:
        """Let those that live end what their tests share; whoever takes too long is killed."""
        for connection in self._testers:
            connection.close()
        for tester in self._testers.values():
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                handle = os.pidfd_open(tester.pid)
                ended = wait([handle], END_SECONDS)
                os.close(handle)
                if not ended:
                    os.kill(tester.pid, 9)
                os.waitpid(tester.pid, 0)


def _received(connection: Connection) -> tuple[Any, ...]:
    """Return what a copy tells, which begins with a word for what it is; an empty one if it has ended."""
    try:
        told: tuple[Any, ...] = connection.recv()
    except (EOFError, ConnectionError):
        return ("",)
    return told


class _Teller:
    """Tells what happens in a copy to the process that shares out the tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.connection: Connection | None = None  # as long as it is told what was told before it began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell how a step of a test ended."""
        assert self.connection
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self.connection.send(("report", data))

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        """Tell of a warning, but not what of this process it is about."""
        if self.connection:
            warning_message.source = None
            told = {"warning_message": warning_message, "when": when, "nodeid": nodeid, "location": location}
            self.connection.send(("warning", told))


def _be(session: pytest.Session, name: str, connection: Connection, base: Any) -> NoReturn:
    """Be a copy that runs tests until there are no more."""
    status = 1
    try:
        atexit._clear()  # what the others are to do in the end
        os.environ[VARIABLE] = name
        config = session.config
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture.is_globally_capturing():  # into files of its own
            capture.stop_global_capturing()
            capture.start_global_capturing()
            capture.suspend_global_capture()
        base.mkdir(mode=0o700)
        config._tmp_path_factory._basetemp = base  # type: ignore[attr-defined]
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(teller := _Teller(config))
        teller.connection = connection
        _work(session, connection)
        status = 0
    except (EOFError, ConnectionError, KeyboardInterrupt):
        pass  # nobody wants to know
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            session._setupstate.teardown_exact(None)
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _work(session: pytest.Session, connection: Connection) -> None:
    tests: deque[int] = deque()

    def ask() -> None:
        connection.send(("more",))
        tests.extend(connection.recv())

    ask()
    while tests:
        item = session.items[tests.popleft()]
        if not tests:
            ask()
        connection.send(("begun",))
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=session.items[tests[0]] if tests else None)
        if session.shouldfail or session.shouldstop:
            connection.send(("stop", session.shouldfail or session.shouldstop))
            return
