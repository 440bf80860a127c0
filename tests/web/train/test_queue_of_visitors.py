"""What one visitor orders does not wait for all that another has: browsers are told apart, and addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from rabisco import runs, store
from rabisco.runs import scheduling
from rabisco.settings import get_settings
from rabisco.web import create_app
from rabisco.web.platform.visitors import COOKIE

PAGE = {"Accept": "text/html"}
ORDER = {"dataset": "digits", "preset": "seconds"}


@pytest.fixture
def app(home: Path) -> Iterator[Flask]:
    store.close()
    yield create_app(get_settings())
    store.close()


def places() -> list[int]:
    return [scheduling.place_in_queue(run) for run in reversed(runs.list_runs())]


def test_a_browser_gets_a_token_with_its_first_training_and_is_known_by_it(app: Flask) -> None:
    first, second = app.test_client(), app.test_client()
    for client in (first, first, second):
        assert client.post("/training", data=ORDER, headers=PAGE).status_code == 303
    assert first.get_cookie(COOKIE)
    owners = [run.owner for run in reversed(runs.list_runs())]
    assert owners[0] == owners[1] != owners[2]
    assert places() == [1, 3, 2]


def test_programs_are_told_apart_by_their_addresses_which_are_not_kept(app: Flask) -> None:
    client = app.test_client()
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        asked = client.post("/training", json=ORDER, environ_base={"REMOTE_ADDR": address})
        assert asked.status_code == 202
        assert "owner" not in asked.get_json()["request"]
        assert COOKIE not in asked.headers.get("Set-Cookie", "")
    assert places() == [1, 3, 2]
    assert all("10.0.0" not in run.owner for run in runs.list_runs())
