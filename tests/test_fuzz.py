"""Some hundred mutated inputs at every door, and all that once were a fault; ``make fuzz`` sends millions."""

import pytest
from tests.fuzz import DOORS, Tally, cases, fuzz, seeds, try_one

# Werkzeug leaves the files of a form that breaks off to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
INPUTS = {"decode": 1500, "base64": 800, "csv": 60, "zip": 60, "json": 150, "multipart": 150}


@pytest.mark.parametrize("door", DOORS)
def test_what_was_once_a_fault_is_read_or_refused(door: str) -> None:
    tally = Tally()
    for data in (*seeds(door), *(file.read_bytes() for file in cases(door))):
        try_one(door, data, tally)
    assert tally.faults == []


@pytest.mark.parametrize("door", DOORS)
def test_mutated_inputs_are_read_or_refused_within_two_seconds(door: str) -> None:
    tally = fuzz(door, inputs=INPUTS[door], seconds=20)
    assert tally.inputs > INPUTS[door] // 10
    assert tally.faults == []
