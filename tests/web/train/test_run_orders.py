"""Real trainings given every order through the API: stop, go on, a time budget, a base, again, name, notes, delete."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.serving import Server, serving, seven_png
from tests.web.training import cancel_all, wait_for

pytestmark = pytest.mark.training

PATIENCE = 900  # seconds; a machine whose cores train something else is slow
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def training_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("orders"), training_niceness=0) as running:
        yield running
        cancel_all(running)


def started(server: Server, **fields: Any) -> str:
    response = server.post("/training", json={"dataset": "digits", "model": "linear", **fields})
    assert response.status_code == 202, response.text
    return f"/runs/{response.json()['id']}"


def order(server: Server, address: str, action: str, **fields: str) -> dict[str, Any]:
    response = server.post(f"{address}/{action}", json=fields, headers=JSON)
    assert response.ok, response.text
    answer: dict[str, Any] = response.json()
    return answer


def wait_until(server: Server, address: str, *states: str) -> dict[str, Any]:
    return wait_for(lambda: server.get(address, headers=JSON).json(), *states, seconds=PATIENCE)


def test_a_training_is_stopped_keeps_the_best_and_goes_on_and_its_model_is_a_base(training_server: Server) -> None:
    address = started(training_server, name="stopped", epochs=3000)
    wait_for(
        lambda: {"state": (training_server.get(address, headers=JSON).json()["progress"] or {}).get("epoch", 0) > 1},
        True,  # type: ignore[arg-type]
        seconds=PATIENCE,
    )
    order(training_server, address, "rename", name="Of two minds")
    order(training_server, address, "notes", notes="línea 1")
    order(training_server, address, "stop")
    stopped = wait_until(training_server, address, "stopped", "failed", "cancelled")
    assert (stopped["state"], stopped["name"], stopped["notes"]) == ("stopped", "Of two minds", "línea 1")
    card = training_server.get("/models/stopped").json()
    assert (card["run"], card["metrics"]["test_accuracy"]) == (stopped["id"], stopped["accuracy"])
    assert len(card["history"]) < 3000

    order(training_server, address, "resume")
    wait_until(training_server, address, "running")
    order(training_server, address, "cancel")
    assert wait_until(training_server, address, "cancelled", "failed")["state"] == "cancelled"

    tuned = started(training_server, name="tuned", base="stopped", minutes=0.02, epochs=3000)
    done = wait_until(training_server, tuned, "succeeded", "failed")
    assert (done["state"], done["configuration"]["learning_rate"]) == ("succeeded", 1e-3)
    history = training_server.get("/models/tuned").json()["history"]
    assert len(history) < 3000
    assert history[0]["validation_accuracy"] > card["history"][0]["validation_accuracy"]


def test_the_preset_of_seconds_succeeds_and_is_repeated_and_deleted(training_server: Server) -> None:
    address = started(training_server, name="quick", preset="seconds", model="")
    done = wait_until(training_server, address, "succeeded", "failed")
    assert (done["state"], done["architecture"], done["configuration"]["epochs"]) == ("succeeded", "cnn-tiny", 12)
    again = order(training_server, address, "retry")
    assert (again["retry_of"], again["state"]) == (done["id"], "queued")
    assert order(training_server, address, "delete") == {"deleted": done["id"]}
    assert training_server.get(address).status_code == 404
    assert training_server.get("/models/quick").status_code == 200
    order(training_server, f"/runs/{again['id']}", "cancel")
    wait_until(training_server, f"/runs/{again['id']}", "cancelled")


def test_a_server_that_starts_no_trainings_leaves_them_to_another_of_the_same_home(tmp_path: Path) -> None:
    with serving(tmp_path, trainings=0) as orders:
        address = started(orders, name="ordered-here", epochs=2)
        time.sleep(3)
        assert orders.get(address, headers=JSON).json()["state"] == "queued"
        with serving(tmp_path):
            assert wait_until(orders, address, "succeeded", "failed")["state"] == "succeeded"
            answer = orders.post("/predict/ordered-here", files={"file": seven_png()})
        assert answer.json()["predictions"][0]["category"] == "7"
