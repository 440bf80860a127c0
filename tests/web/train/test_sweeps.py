"""A sweep that a page orders: a training for each combination, a table, a picture, and the best in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from rabisco import runs, store
from rabisco.evaluation.statistics import wilson_interval
from rabisco.runs.session import claim
from rabisco.runs.states import add_event, change_state
from rabisco.runs.successive_halving import promote_best
from rabisco.settings import get_settings
from rabisco.web import create_app
from rabisco.web.train.sweeps import EXAMPLE

PAGE = {"Accept": "text/html"}


@pytest.fixture
def client(home: Path) -> Iterator[FlaskClient]:
    store.close()
    yield create_app(get_settings()).test_client()
    store.close()


def order(client: FlaskClient, text: str = EXAMPLE, name: str = "rates") -> dict:
    answer = client.post("/sweeps", json={"sweep": text, "name": name})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return answer.get_json()


def train(run_id: str, accuracy: float, *, ends: bool) -> None:
    """Let a training tell what it came to; the truth of it is a test of runs."""
    with store.writing() as session:
        add_event(session, run_id, "epoch", {"epoch": 1, "validation_accuracy": accuracy})
        if ends:
            change_state(session, run_id, ("queued",), "succeeded", artifact_version=1, accuracy=accuracy - 0.01)
            low, high = wilson_interval(round((accuracy - 0.01) * 360), 360)
            metrics = {"validation_accuracy": accuracy, "test_accuracy_low": low, "test_accuracy_high": high}
            session.execute(update(store.RunRow).where(store.RunRow.id == run_id).values(metrics=metrics))


def test_every_combination_is_a_training_and_the_best_is_told_once_all_have_ended(client: FlaskClient) -> None:
    told = order(client)
    assert (told["name"], told["ended"], told["best"], len(told["trainings"])) == ("rates", False, None, 6)
    assert {tuple(one["values"].items()) for one in told["trainings"]} == {
        (("learning_rate", rate), ("batch_size", size)) for rate in (0.001, 0.01, 0.1) for size in (32, 128)
    }
    assert {type(one["values"]["batch_size"]) for one in told["trainings"]} == {int}
    known = [one["id"] for one in told["trainings"]]
    assert [run.state for run in runs.list_runs()] == ["queued"] * 6
    assert 'class="parallel"' not in client.get("/sweeps/rates", headers=PAGE).get_data(as_text=True)
    for run_id in known[:5]:
        train(run_id, 0.9, ends=True)
    train(known[5], 0.97, ends=False)
    page = client.get("/sweeps/rates", headers=PAGE).get_data(as_text=True)
    assert (page.count("<polyline"), "97.00%" in page, "data-live" in page) == (6, True, True)
    assert "On the test images" not in page
    train(known[5], 0.95, ends=True)
    told = client.get("/sweeps/rates").get_json()
    assert (told["best"], told["ended"]) == (known[5], True)
    low, high = wilson_interval(338, 360)
    figures = [told[f"test_accuracy{end}"] for end in ("_low", "", "_high")]
    assert figures == pytest.approx([low, 0.94, high])
    page = client.get("/sweeps/rates", headers=PAGE).get_data(as_text=True)
    assert "On the test images: 94.00%" in page
    assert f"95% interval: {low:.2%} to {high:.2%}" in page
    assert "data-live" not in page
    assert "89.00%" not in page  # the others are judged on validation images alone


def pause(run_id: str, accuracy: float) -> None:
    """Let a training stand at the end of its first epoch."""
    with store.writing() as session:
        figures = {"loss": 1.0, "accuracy": 0.5, "validation_loss": 1.0, "validation_accuracy": accuracy}
        add_event(session, run_id, "epoch", {"epoch": 1, **figures})
        change_state(session, run_id, ("queued",), "running")
        change_state(session, run_id, ("running",), "paused")


def test_asha_pauses_are_seen_and_the_best_third_goes_on(client: FlaskClient) -> None:
    known = [one["id"] for one in order(client, f'search = "asha"\n{EXAMPLE}')["trainings"]]
    assert runs.get(known[0]).request["pauses"] == [1, 3, 9]
    for number, run_id in enumerate(known):
        pause(run_id, 0.5 + number / 20)
    told = client.get("/sweeps/rates").get_json()
    assert [(one["state"], one["epochs"]) for one in told["trainings"]] == [("paused", 1)] * 6
    assert not told["ended"]
    page = client.get("/sweeps/rates", headers=PAGE).get_data(as_text=True)
    assert (page.count('class="dashed"'), page.count("state paused"), page.count("1 / 10")) == (6, 6, 6)
    assert "data-live" in page
    promote_best()
    told = client.get("/sweeps/rates").get_json()
    assert [one["state"] for one in told["trainings"]] == ["outdone"] * 4 + ["queued"] * 2
    page = client.get("/sweeps/rates", headers=PAGE).get_data(as_text=True)
    assert page.count('class="dashed"') == 4
    outdone = client.get(f"/runs/{known[0]}", headers={**PAGE, "Accept-Language": "pt-BR"}).get_data(as_text=True)
    assert "Depois da época 1, outros da sua varredura eram melhores." in outdone


def test_a_sweep_is_stopped_cancelled_and_resumed_as_a_whole(client: FlaskClient) -> None:
    known = [one["id"] for one in order(client, f'search = "asha"\n{EXAMPLE}')["trainings"]]
    pause(known[0], 0.9)
    session = claim(known[1])
    assert session
    page = client.get("/sweeps/rates", headers=PAGE).get_data(as_text=True)
    assert [action for action in ("stop", "cancel", "resume") if f"/sweeps/rates/{action}" in page] == [
        "stop",
        "cancel",
    ]
    told = client.post("/sweeps/rates/stop").get_json()
    assert [one["state"] for one in told["trainings"]] == ["cancelled", "stopping", *["cancelled"] * 4]
    told = client.post("/sweeps/rates/cancel").get_json()
    assert runs.get(known[1]).wanted == "cancel"
    session.pause()  # what is to be cancelled does not pause
    told = client.post("/sweeps/rates/resume").get_json()
    assert [one["state"] for one in told["trainings"]] == ["queued"] * 6
    answer = client.post("/sweeps/rates/cancel", headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sweeps/rates")
    assert client.post("/sweeps/nobody/cancel").status_code == 404


def test_a_second_sweep_of_a_name_gets_another_and_both_are_listed(client: FlaskClient) -> None:
    assert [order(client)["name"], order(client)["name"]] == ["rates", "rates-2"]
    assert [one["name"] for one in client.get("/sweeps").get_json()["sweeps"]] == ["rates-2", "rates"]
    page = client.get("/sweeps", headers=PAGE).get_data(as_text=True)
    assert "/sweeps/rates-2" in page
    assert client.get("/sweeps/nobody").status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipe = ", "TOML"),
        ('recipe = "digits-linear"\n[grid]\nlearning_rate = [-1]', "learning_rate"),
        ('recipe = "nobody"\n[grid]\nepochs = [1, 2]', "nobody"),
        (
            EXAMPLE.replace("epochs = 10", 'search = "asha"').replace("adamw", "logistic-regression"),
            "solver = 'adamw'",
        ),
        (EXAMPLE.replace("epochs = 10", 'search = "asha"\nminutes = 1'), "leave minutes"),
    ],
)
def test_what_cannot_be_trained_is_refused_whole(client: FlaskClient, text: str, said: str) -> None:
    answer = client.post("/sweeps", json={"sweep": text, "name": "rates"})
    assert answer.status_code in (400, 404, 422)
    assert said in answer.get_json()["detail"]
    assert runs.list_runs() == []


def test_what_is_wrong_is_said_in_the_readers_language(client: FlaskClient) -> None:
    page = client.post("/sweeps", data={"sweep": "x = 1"}, headers={**PAGE, "Accept-Language": "pt-BR"})
    assert "era esperado recipe = o nome de uma receita" in page.get_data(as_text=True)


def test_names_are_those_of_models(client: FlaskClient) -> None:
    assert client.post("/sweeps", json={"sweep": EXAMPLE, "name": "../x"}).status_code == 400
