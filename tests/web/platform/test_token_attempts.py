"""Counts that processes share."""

import os

import pytest

from rabisco.web.platform import token_attempts
from rabisco.web.platform.token_attempts import MOST, SECONDS, SharedCounter


def test_children_count_in_the_same_memory() -> None:
    counter = SharedCounter()
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            for _ in range(50):
                counter.add("203.0.113.9")
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert counter.count("203.0.113.9") == 200
    assert counter.count("203.0.113.8") == 0


def test_a_count_is_over_after_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, now = SharedCounter(), [1000.0]
    monkeypatch.setattr(token_attempts.time, "monotonic", lambda: now[0])
    for _ in range(MOST):
        counter.add("a")
    now[0] += SECONDS - 1
    assert counter.count("a") == MOST
    now[0] += 2
    assert counter.count("a") == 0
    counter.add("a")
    assert counter.count("a") == 1


def test_more_names_than_places_push_out_old_ones_alone() -> None:
    counter = SharedCounter()
    for number in range(20_000):
        counter.add(str(number))
    for _ in range(3):
        counter.add("last")
    assert counter.count("last") == 3
