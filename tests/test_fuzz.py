"""Some hundred mutated inputs at every door, and all that once were a fault; ``make fuzz`` sends millions."""

import os
import time
from collections.abc import Callable

import psutil
import pytest
from tests import fuzz as fuzzing
from tests.fuzz import Tally, Work, cases, fuzz, try_one, watched
from tests.fuzz_doors import DOORS, seeds

# Werkzeug leaves the files of a form that breaks off to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
INPUTS = {"decode": 1500, "base64": 800, "csv": 60, "zip": 60, "json": 150, "multipart": 150}


@pytest.mark.parametrize("door", DOORS)
def test_what_was_once_a_fault_is_read_or_refused(door: str) -> None:
    tally = Tally()
    for data in (*seeds(door), *(file.read_bytes() for file in cases(door))):
        try_one(door, data, tally)
    assert tally.faults == []


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_mutated_inputs_are_read_or_refused_within_two_seconds(door: str) -> None:
    tally = fuzz(Work(door, INPUTS[door], seconds=20))
    assert tally.inputs > INPUTS[door] // 10
    assert tally.faults == []


def wait_for_ever(_: bytes) -> None:
    while True:
        time.sleep(0.01)


def compute_for_ever(_: bytes) -> None:
    while True:
        pass


def grow(_: bytes) -> None:
    kept = []
    while True:
        kept.append(b"x" * 2**29)


def stumble(_: bytes) -> None:
    raise KeyError


def die(_: bytes) -> None:
    os._exit(9)


BAD = {
    wait_for_ever: "hangs",
    compute_for_ever: "hangs",
    grow: "MB of memory",
    stumble: "KeyError",
    die: "ended its process: 9",
}


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.__name__)
def test_what_hangs_dies_grows_or_raises_is_a_fault_and_the_rest_is_sent(
    bad: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = 20 if bad is grow else 1  # a machine that is busy clears memory slowly
    monkeypatch.setattr(fuzzing, "MOST_SECONDS", 0.3 * patience)
    monkeypatch.setattr(fuzzing, "MOST_WAITED", 1.0 * patience)
    monkeypatch.setattr(fuzzing, "MOST_MEGABYTES", psutil.Process().memory_info().rss / 1e6 + 300)
    monkeypatch.setattr(fuzzing, "LOOK", 0.02)
    monkeypatch.setattr(fuzzing, "seeds", lambda _: (b"seven",))
    wrong = [data for data in _inputs(6) if data.startswith(b"sev") and data != b"seven"]
    assert 0 < len(wrong) < 6
    monkeypatch.setitem(DOORS, "bad", lambda data: bad(data) if data in wrong else None)
    tally = watched(Work("bad", 6, seconds=60))
    assert (tally.inputs, [data for data, _ in tally.faults]) == (6, wrong)
    assert [reason for _, reason in tally.faults if BAD[bad] not in reason] == []


def _inputs(number: int) -> list[bytes]:
    """Return the first mutations of ``seven``."""
    seen: list[bytes] = []
    fuzzing.fuzz(Work("base64", number), before=lambda data, _: seen.append(data))
    return seen[:number]
