"""Real trainings and a real server, killed a few times; ``benchmarks/kills.py`` does it two hundred times."""

from pathlib import Path

import pytest
from tests.kills import VICTIMS, kill_and_resume

from rabisco import store

pytestmark = pytest.mark.training


def test_what_is_killed_is_neither_lost_nor_untrue_and_ends_as_if_it_had_not_been(home: Path) -> None:
    store.close()
    tally = kill_and_resume(len(VICTIMS), seed=4, seconds=6)
    store.close()
    assert sorted(victim for victim, _ in tally.kills) == sorted(VICTIMS)
    assert tally.finished >= 2
