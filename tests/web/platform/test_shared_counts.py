"""Several servers count the requests of a client together, and each for itself while the database is silent."""

import time

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter
from tests.databases import database, frozen, postgresql

from rabisco.settings import get_settings
from rabisco.web.platform.shared_counts import SharedCounts

__all__ = ["database", "postgresql"]
THREE = parse("3/minute")


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_two_servers_count_together(database: str) -> None:
    here, there = FixedWindowRateLimiter(SharedCounts()), FixedWindowRateLimiter(SharedCounts())
    assert [one.hit(THREE, "a") for one in (here, there, here, there)] == [True, True, True, False]
    assert here.hit(THREE, "b")
    assert not FixedWindowRateLimiter(SharedCounts()).test(THREE, "a")
    ends, left = there.get_window_stats(THREE, "a")
    assert left == 0
    assert 0 < ends - time.time() <= 60.5
    here.storage.clear(THREE.key_for("a"))
    assert there.hit(THREE, "a")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_count_begins_anew_when_its_time_is_over(database: str) -> None:
    counts = FixedWindowRateLimiter(SharedCounts())
    once = parse("1/second")
    assert [counts.hit(once, "a"), counts.hit(once, "a")] == [True, False]
    time.sleep(1.1)
    assert counts.hit(once, "a")


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_while_the_database_is_silent_each_counts_for_itself(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = FixedWindowRateLimiter(SharedCounts())
    assert counts.hit(THREE, "a")
    with frozen(get_settings().database_url):
        assert [counts.hit(THREE, "a") for _ in range(4)] == [True, True, True, False]
