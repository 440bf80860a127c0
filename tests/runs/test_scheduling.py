"""Nobody waits for all that somebody else has ordered."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from rabisco import runs, store
from rabisco.runs import scheduling
from rabisco.runs.kinds import TRAINING
from rabisco.runs.runners import LocalRunner
from rabisco.runs.scheduling import in_turn
from rabisco.runs.session import claim
from rabisco.runs.supervisor import Supervisor
from rabisco.settings import get_settings


def rows(owners: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(owner=owner) for owner in owners]


def order(waiting: str, working: str = "", served: Sequence[str] = ()) -> str:
    moments = {owner: store.now() - timedelta(minutes=len(served) - at) for at, owner in enumerate(served)}
    return "".join(row.owner for row in in_turn(rows(waiting), rows(working), moments))


def test_one_of_each_visitor_comes_before_the_second_of_any() -> None:
    assert order("aaab") == "abaa"
    assert order("aaabbc") == "abcaba"
    assert order("aabb", working="a") == "baba"


def test_who_was_served_longest_ago_is_next_where_as_little_runs_of_both() -> None:
    assert order("aab", served="a") == "baa"
    assert order("ab", served="ba") == "ba"
    assert order("aa") == "aa"


def test_with_one_place_a_visitor_with_one_run_waits_for_one_of_another(database: str) -> None:
    owners = ["a", "a", "a", "b"]
    submitted = [
        runs.submit(runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "mine", "owner": owner}))
        for owner in owners
    ]
    assert [scheduling.place_in_queue(run) for run in submitted] == [1, 3, 4, 2]
    first = claim(submitted[0].id)
    assert first is not None
    first.end("succeeded")
    assert [scheduling.place_in_queue(run) for run in submitted[1:]] == [2, 3, 1]


def test_a_server_that_leaves_trainings_to_another_needs_no_cluster(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABISCO_RUNNER", "ray://127.0.0.1:1")
    monkeypatch.setenv("RABISCO_TRAININGS", "0")
    get_settings.cache_clear()
    store.close()
    supervisor = Supervisor(TRAINING)
    supervisor.look()
    assert isinstance(supervisor.runner, LocalRunner)
    store.close()
