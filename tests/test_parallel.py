"""What is run in several processes is told as if it had been run in one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")]

CONFTEST = "from tests.parallel import pytest_addoption, pytest_runtestloop\n"
TESTS = """
import os
import signal
import warnings

import pytest


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    yield os.getpid()
    with open("ended", "a") as file:
        file.write(f"{tmp_path_factory.getbasetemp().name}\\n")


def test_passes(shared, capfd):
    os.system("echo printed")
    assert capfd.readouterr().out == "printed\\n"


def test_fails():
    print("said before")
    assert [1] == [2]


def test_warns():
    warnings.warn("some words")


def test_is_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def test_goes_on_in_another_process(shared):
    assert shared == os.getpid()


@pytest.mark.skip(reason="not today")
def test_is_skipped():
    pass
"""


def run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    for name in ("test_one.py", "test_other.py"):
        (folder / name).write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--processes=2", "-rs", "-p", "no:cacheprovider", *options, "--rootdir=."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_where_no_process_begins_a_test_the_run_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(f"{CONFTEST}import tests.parallel\ntests.parallel._work = None\n")
    done = run(tmp_path)
    assert done.returncode == pytest.ExitCode.INTERNAL_ERROR
    assert "12 tests are left that no process has begun to run" in done.stdout


@pytest.mark.parametrize(("option", "ends"), [((), 2), (("-x",), None)])
def test_every_outcome_is_told(option: tuple[str, ...], ends: int | None, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    done = run(tmp_path, *option)
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "assert [1] == [2]" in done.stdout
    assert "said before" in done.stdout
    if ends is None:
        assert re.search(r"\b[12] failed", done.stdout)  # the other process may have failed meanwhile
        return
    assert "4 failed, 6 passed, 2 skipped, 2 warnings" in done.stdout
    assert done.stdout.count("the process that ran this test ended with -9") >= 2
    assert "some words" in done.stdout
    assert "not today" in done.stdout
    names = (tmp_path / "ended").read_text().split()  # of the processes that took the places of those killed
    assert len(names) == ends
    assert set(names) <= {"process-2", "process-3"}
