"""A process that is killed while it saves, promotes or deletes leaves the old or the new, never half."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests import forking
from tests.versions import add_version

from rabisco import artifacts
from rabisco.artifacts import load_artifact, versions
from rabisco.settings import get_settings

KILLS = 24
# Saves through the whole of `save_artifact` without a pause; only the slow export is replaced, by copying its result.
SAVER = """
import os, shutil, sys
from pathlib import Path
from rabisco import artifacts
bundled = artifacts.BUNDLED_DIR / "mnist-linear"
class Model:
    def __call__(self, images): pass
    def save(self, path, include_optimizer): shutil.copyfile(bundled / "pesos.h5", path)
    def export(self, path, format, verbose): shutil.copyfile(bundled / "model.onnx", path)
card = artifacts.load_artifact("mnist-linear").card.model_copy(update={"name": "mine"})
def save():
    number = artifacts.save_artifact(Model(), card).version
    artifacts.promote("mine", max(one.number for one in artifacts.versions("mine") if one.number < number))
    artifacts.delete("mine", number)
    artifacts.promote("mnist-linear")
    artifacts.save_artifact(Model(), card, use=False)
"""
# For each line that it reads another process that saves until it is killed; all have imported before they begin.
SAVERS = f"""{SAVER}
for _ in sys.stdin:
    pid = os.fork()
    while pid == 0:
        print("ready", os.getpid(), flush=True)
        save()
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_a_killed_saver_leaves_the_old_or_the_new(home: Path) -> None:
    add_version("mine")
    add_version("mine")
    chance = random.Random(25)
    longest = 0.0
    seen = set()
    savers = subprocess.Popen(
        [sys.executable, "-c", SAVERS], stdin=-1, stdout=-1, text=True, bufsize=1, env=dict(os.environ)
    )
    assert savers.stdin
    assert savers.stdout
    for _ in range(KILLS):
        savers.stdin.write("\n")
        pid = _ready(savers.stdout.readline())
        if not longest:  # as long as two rounds take here
            started = time.perf_counter()
            assert _ready(savers.stdout.readline()) == pid
            longest = 2 * (time.perf_counter() - started)
        time.sleep(chance.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
        while not (said := savers.stdout.readline()).startswith("ended"):
            assert _ready(said) == pid
        assert said == "ended -9\n"
        current = load_artifact("mine")  # verifies every file against the card
        for version in versions("mine"):
            assert load_artifact("mine", version.number).card == version.card
        assert artifacts.promoted() in (None, "mine", "mnist-linear")
        seen.add(current.version)
    savers.communicate(timeout=20)
    assert len(seen) > KILLS / 4  # the kills came while versions were being made
    assert add_version("mine").version == load_artifact("mine").version > max(seen)
    artifacts.promote("mine")
    assert len(versions("mine")) <= get_settings().keep_versions + 2


def _ready(line: str) -> int:
    """Return which process says that it is ready; fail where none does."""
    word, _, pid = line.partition(" ")
    assert word == "ready", line
    return int(pid)


def test_what_a_killed_saver_leaves_is_swept_and_what_another_makes_is_not(
    home: Path,
) -> None:
    add_version("mine")
    parent = get_settings().artifacts_dir
    card = load_artifact("mine").card
    seen = []

    class Meanwhile:
        """Looks around while it is being saved."""

        def __call__(self, images: object) -> None: ...

        def save(self, path: Path, include_optimizer: bool) -> None:  # noqa: ARG002
            path.write_bytes(load_artifact("mine").weights_path.read_bytes())
            (parent / ".saving-of-a-killed-process").mkdir()
            forking.run_python("server", ["-c", f"{SAVER}\nsave()"]).check_returncode()
            seen.append((sorted(folder.name for folder in parent.glob(".saving-*")), path.parent.parent.name))

        def export(self, path: str, **options: object) -> None:  # noqa: ARG002
            Path(path).write_bytes(load_artifact("mine").onnx_path.read_bytes())

    artifacts.save_artifact(Meanwhile(), card)
    ((left, own),) = seen
    assert left == [own]
    assert not list(parent.glob(".saving-*"))
